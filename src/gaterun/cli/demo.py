"""``gaterun demo``: write the example workspace as a git repository with a before and an after."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from gaterun.core.controls import commit, git
from gaterun.model.errors import UsageError
from gaterun.model.waiver import WAIVERS_FILE

#: Days that the example's waivers hold.
_WAIVER_DAYS = 60


@click.command(
    name="demo",
    epilog="""\b
Examples:
  gaterun demo                          write ./eventmesh
  gaterun demo /tmp/mesh && cd /tmp/mesh
  gaterun baseline phase7               measure where the phase began
  gaterun phase7                        all pass, or are waived (sccache has to be on PATH)
  git checkout before && gaterun phase7   it fails, and says why
""",
)
@click.argument("folder", default="eventmesh", type=click.Path(path_type=Path), metavar="[DIR]")
def command(folder: Path) -> None:
    """Write the example workspace to DIR, a new folder, as a git repository.

    Two commits, tagged `before` and `after`: the phase of the example as it began, and done.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and not empty", help="name another folder")
    source = _example()
    try:
        _copy(source / "before", folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    (folder / "gitignore").rename(folder / ".gitignore")
    _write_waivers(folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    first = commit(folder, "Begin phase 7")
    git(folder, "tag", "before")
    _copy(source / "after", folder)
    for name in (source / "removed.txt").read_text("utf-8").split():
        (folder / name).unlink()
    for path in sorted(folder.glob("crates/*/src/**/"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    second = commit(folder, "Finish phase 7")
    git(folder, "tag", "after")
    click.echo(f"wrote {folder}: before {first[:10]}, after {second[:10]}")
    click.echo(f"next: cd {folder} && gaterun baseline phase7 && gaterun phase7")


def _write_waivers(folder: Path) -> None:
    """The example's waivers, which end some weeks from today as any waiver does."""
    template = folder / "waivers.template.toml"
    last = datetime.now(UTC).date() + timedelta(days=_WAIVER_DAYS)
    text = template.read_text("utf-8").replace("{expires}", last.isoformat())
    (folder / WAIVERS_FILE).write_text(text, "utf-8")
    template.unlink()


def _example() -> Path:
    import gaterun_examples

    return Path(gaterun_examples.__file__).parent / "eventmesh"


def _copy(source: Path, folder: Path) -> None:
    # Not copytree: its errors are lists, and permissions of an installed package are not ours.
    for path in sorted(source.rglob("*")):
        target = folder / path.relative_to(source)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
