"""A stream of clippy's messages as long as one likes, made of recorded ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

#: Real messages of clippy 1.95 about one crate ``a`` in the workspace ``/ws``.
_RECORDED = Path(__file__).with_name("messages.jsonl")
_LINE = re.compile(rb'"(line_start|line_end)":(\d+)')
#: Lines of the recorded crate, and so the distance of a message from its next copy.
_APART = 200

#: The workspace that the messages are about.
WORKSPACE = {
    "Cargo.toml": '[workspace]\nmembers = ["crates/a"]\nresolver = "2"\n',
    "crates/a/Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n',
    "crates/a/src/lib.rs": "pub fn nothing() {}\n",
}


def stream(path: Path, root: Path, count: int, *, distinct: bool) -> Path:
    """Write `count` messages and the end of a build.

    Args:
        path: the file.
        root: the workspace of `WORKSPACE`, wherever it is.
        distinct: each finding is said twice, as a real run says it for the library and for
            its tests; otherwise the recorded ones again and again.
    """
    place = str(root).encode()
    recorded = [
        line.replace(b"/ws/", place + b"/") for line in _RECORDED.read_bytes().splitlines(True)
    ]
    with path.open("wb") as file:
        file.writelines(_copies(recorded, count, apart=_APART if distinct else 0))
        for test in (False, True):
            file.write(_artifact(root, test=test))
        file.write(b'{"reason":"build-finished","success":true}\n')
    return path


def _copies(recorded: list[bytes], count: int, *, apart: int) -> Iterator[bytes]:
    written = copy = 0
    while True:
        moved = [_moved(line, copy * apart) for line in recorded]
        for line in (*moved, *moved):
            if written == count:
                return
            yield line
            written += 1
        copy += 1


def _moved(line: bytes, by: int) -> bytes:
    return _LINE.sub(lambda match: b'"%s":%d' % (match[1], int(match[2]) + by), line)


def _artifact(root: Path, *, test: bool) -> bytes:
    message = {
        "reason": "compiler-artifact",
        "package_id": f"path+file://{root}/crates/a#0.1.0",
        "manifest_path": f"{root}/crates/a/Cargo.toml",
        "target": {"kind": ["lib"], "crate_types": ["lib"], "name": "a"},
        "profile": {"opt_level": "0", "test": test},
        "features": [],
        "filenames": [],
        "executable": None,
        "fresh": False,
    }
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
