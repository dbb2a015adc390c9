"""Plays the pages of docs/ as a reader would: what they show is run, and what they print is compared.

A block ``console`` holds commands (``$ …``, with ``> …`` for further lines) and what each prints.
In it ``…`` stands for any text of a line; a line of its own stands for any number of lines. Times,
dates, commits, counts of processors and plugins differ from run to run: any will do. A block with
a ``title`` is a file, and is written where it stands on the page.

``python tests/docs_pages.py PAGE…`` writes what commands print now into a page; what has a line of ``…`` stays.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_VERDICT = re.compile(r"(PASSED|FAILED|WAIVED|NO VERDICT|BLOCKED|SKIPPED|ADVISORY) ")
_VARIES = [
    (re.compile(r"\b\d+m \d+s\b"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)?(m?s| min| h| d)( ago)?(?= |,|\)|$)"), "TIME"),
    (re.compile(r"TIME \(\d+:\d\d:\d\d\)"), "TIME"),
    (re.compile(r"\b\d+ (s|min|h|d)( ago)?\b"), "TIME"),
    (re.compile(r"\b\d\d:\d\d UTC"), "TIME"),
    (re.compile(r"\b\d{8}T\d{6}-[0-9a-f]{10}\b"), "RUN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(T[\d:Z]+)?"), "DAY"),
    (re.compile(r"\b[0-9a-f]{10,64}\b"), "COMMIT"),
    (re.compile(r"\b\d+ jobs?, \d+ plugins"), "JOBS"),
    (re.compile(r" ?[=_]{4,} ?"), "===="),
    (re.compile(r" {2,}"), "  "),
]


@dataclass(frozen=True)
class Step:
    """A command and what the page says that it prints, or a file to write.

    Attributes:
        start, end: where in the page the printed text stands.
    """

    command: str = ""
    printed: str = ""
    start: int = 0
    end: int = 0
    file: str = ""
    text: str = ""


def steps(page: str) -> Iterator[Step]:
    """What a reader does, in order."""
    for block in _BLOCK.finditer(page):
        if block["title"]:
            yield Step(file=block["title"], text=block["body"])
        elif block["language"] == "console":
            yield from _commands(block["body"], block.start("body"))


def _commands(body: str, offset: int) -> Iterator[Step]:
    step: Step | None = None
    for line in body.splitlines(keepends=True):
        offset += len(line)
        if line.startswith("$ "):
            if step:
                yield step
            step = Step(command=line[2:], start=offset, end=offset)
        elif step is None:
            raise ValueError(f"a block begins with output: {line!r}")
        elif line.startswith("> ") and not step.printed:
            step = replace(step, command=step.command + line[2:], start=offset, end=offset)
        else:
            step = replace(step, printed=step.printed + line, end=offset)
    if step:
        yield step


def play(page: str, folder: Path) -> Iterator[tuple[Step, str]]:
    """Do what the page shows, in `folder`; each command with what it printed."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("GATERUN_")
    }
    environment |= {
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org",
    }  # fmt: skip
    # An agent that runs this would get what is written for agents.
    environment["GATERUN_OUTPUT"] = "human"
    status = "0"
    here = str(folder)
    for step in steps(page):
        if step.file:
            path = Path(here, step.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, "utf-8")
            continue
        script = f'(exit {status})\n{step.command}\nprintf "\\0%s\\0%s" "$?" "$PWD"'
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=here, env=environment, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        printed, status, here = ran.stdout.rsplit("\0", 2)
        yield step, printed.replace(str(folder), "…")


def agrees(shown: str, printed: str) -> bool:
    """Whether a command printed what the page shows."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else f"{_any(re.escape(line))}\n"
        for line in _alike(shown)
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _alike(printed))) is not None


def _any(pattern: str) -> str:
    return pattern.replace("…", ".*")


def _alike(text: str) -> list[str]:
    """Lines without what differs from run to run; gates that finish together in one order."""
    lines: list[str] = []
    gates: list[str] = []
    for line in [*text.rstrip("\n").splitlines(), ""] if text.strip() else []:
        plain = line.rstrip()
        for varies, name in _VARIES:
            plain = varies.sub(name, plain)
        if plain.strip().isdigit():
            plain = plain.strip()  # some wc count with spaces in front
        if _VERDICT.match(plain):
            gates.append(plain)
            continue
        lines += sorted(gates)
        gates = []
        lines.append(plain)
    return lines[:-1] if lines else []


def main(names: list[str]) -> int:
    """Write what commands print into pages."""
    for name in names:
        path = Path(name)
        page = path.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder:
            played = list(play(page, Path(folder).resolve()))
        for step, printed in reversed(played):
            if "…" not in step.printed.splitlines():
                page = page[: step.start] + printed + page[step.end :]
            elif not agrees(step.printed, printed):
                print(f"{name}: $ {step.command}{printed}")
        path.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
