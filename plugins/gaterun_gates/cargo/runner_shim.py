"""Runs one test binary on behalf of cargo and keeps what it reports; a program of its own.

Cargo calls it as the target's runner: ``python runner_shim.py EXECUTABLE ARGUMENT...``. It is
copied beside its ``plan.json`` and imports the standard library only. ``RUSTC_BOOTSTRAP`` is set
here and not for cargo: it unlocks libtest's JSON on a stable toolchain, and set any earlier it
would have everything compiled anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

_BROKEN = 101


_MARK = "GATERUN_TEST_BINARY"


def _end(child: subprocess.Popen[bytes], mark: str) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()
    # What called setsid has left the group, but not its environment.
    wanted = f"{_MARK}={mark}".encode("utf-8", "surrogateescape")
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)


def _call(argv: list[str], out: BinaryIO, env: dict[str, str], limit: float) -> int | None:
    """Run a program; its exit status, or ``None`` when it ran out of time."""
    env = {**env, _MARK: out.name}
    options = {"process_group": 0} if os.name == "posix" else {}
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=out,
        env=env,
        **options,  # type: ignore[call-overload]
    )
    try:
        return int(child.wait(limit))
    except subprocess.TimeoutExpired:
        _end(child, out.name)
        return None


def main(argv: list[str]) -> int:
    """Run the executable named by the first argument; returns its exit status."""
    here = Path(__file__).resolve().parent
    plan = json.loads((here / "plan.json").read_text("utf-8"))
    entry = plan["binaries"].get(os.path.realpath(argv[0]))
    if entry is None:
        return subprocess.call(argv)
    if entry["skip"]:
        return 0
    base = here / entry["file"]
    limit = float(plan["limit"])
    env = dict(os.environ)
    arguments: list[str] = []
    status: int | None = 0
    if entry["harness"]:
        with base.with_suffix(".list").open("wb") as out:
            status = _call([argv[0], "--list", "--format", "terse"], out, env, limit)
    if plan["list_only"]:
        return _end_with(base, status)
    if entry["harness"]:
        env["RUSTC_BOOTSTRAP"] = "1"
        arguments = ["-Zunstable-options", "--format=json"]
        if entry["only"]:
            arguments += ["--exact", *entry["only"]]
    with base.with_suffix(".out").open("wb") as out:
        status = _call([*argv, *arguments], out, env, limit)
    return _end_with(base, status)


def _end_with(base: Path, status: int | None) -> int:
    base.with_suffix(".json").write_text(json.dumps({"status": status}), "utf-8")
    return _BROKEN if status is None or status < 0 else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
