"""Makes every picture of the documentation, from what programs print and write today.

    python docs/pictures.py [FOLDER]

The example workspace is written, its phase is run at its beginning and at its end, and what comes
of it is drawn: the HTML report by Chromium, in light and dark and as wide as a phone, and what the
terminal shows by rich. The page is checked on the way, as `tests/external` does. It takes some
minutes, needs Chromium, node and npm, and nobody edits its pictures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"

#: What `tests/external/check_page.mjs` calls its pictures, and what they are called here.
VIEWS: Mapping[str, str] = {
    "light": "html-report",
    "dark": "html-report-dark",
    "phone": "html-report-phone",
    "phone-dark": "html-report-phone-dark",
}
#: Commands at the end of the phase whose output is drawn.
TERMINAL: Mapping[str, tuple[str, ...]] = {
    "terminal": ("phase7", "--no-progress"),
    "status": ("status", "phase7"),
}
NAMES = (*(f"{name}.png" for name in VIEWS.values()), *(f"{name}.svg" for name in TERMINAL))

#: As rich draws a terminal, without the font that its own picture would load from the network.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" \
role="img" aria-label="{unique_id}">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", \
monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: system-ui, sans-serif; font-size: 16px; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def main(folder: Path) -> int:
    """Make all pictures.

    Returns:
        1 where something is wrong with the page; the pictures are made all the same.
    """
    with tempfile.TemporaryDirectory() as scratch:
        demo = Path(scratch) / "demo"
        _gaterun(Path(scratch), "demo", str(demo))
        _gaterun(demo, "baseline", "phase7")
        subprocess.run(["git", "checkout", "--quiet", "before"], cwd=demo, check=True)
        page = Path(scratch) / "gaterun.html"
        _gaterun(demo, "phase7", "--report", f"html:{page}")
        wrong = _photograph(page, folder)
        subprocess.run(["git", "checkout", "--quiet", "main"], cwd=demo, check=True)
        for name, argv in TERMINAL.items():
            shown = _gaterun(demo, *argv, color="always" if argv[0] == "phase7" else "")
            _draw(
                shown.replace(str(demo), "…/demo"),
                " ".join(("gaterun", *argv[:1])),
                folder / f"{name}.svg",
            )
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


def _gaterun(cwd: Path, *argv: str, color: str = "") -> str:
    """What gaterun prints in a terminal of 100 columns; its verdict is part of the picture."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {
        "COLUMNS": "100",
        "GATERUN_OUTPUT": "human",
        "FORCE_COLOR": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "gaterun", *argv, *(("--color", color) if color else ())],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1, 7}:
        raise SystemExit(f"gaterun {' '.join(argv)} ended with {done.returncode}")
    return done.stdout


def _photograph(page: Path, folder: Path) -> list[str]:
    """Pictures of a page, and what is wrong with it."""
    sys.path[:0] = [str(ROOT)]
    from tests.external import tools
    from tests.external.test_html_page import CHECK, PACKAGES

    chromium = tools.program("chromium", "chromium-browser", "google-chrome")
    done = subprocess.run(
        [tools.program("node"), CHECK, tools.npm(*PACKAGES), chromium, page, page.parent],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    for view, name in VIEWS.items():
        (folder / f"{name}.png").write_bytes((page.parent / f"{view}.png").read_bytes())
    return done.stdout.splitlines()


def _draw(text: str, title: str, path: Path) -> None:
    import io

    from rich.console import Console
    from rich.terminal_theme import SVG_EXPORT_THEME
    from rich.text import Text

    console = Console(
        record=True, width=100, file=io.StringIO(), force_terminal=True, legacy_windows=False
    )
    console.print(Text.from_ansi(f"$ {title}\n{text.rstrip()}"))
    drawn = console.export_svg(
        title=title, theme=SVG_EXPORT_THEME, code_format=_SVG, unique_id=f"gaterun-{path.stem}"
    )
    path.write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES))
