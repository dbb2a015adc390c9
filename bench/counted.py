"""Runs gaterun in this process and says what it imported, opened and started.

A program of its own: ``python -P counted.py OUTPUT [ARGUMENT...]``. Without arguments it
starts nothing, which gives the figures of bare Python. It imports nothing before it counts.
"""

import sys

_output, _arguments = sys.argv[1], sys.argv[2:]
_opened: list[str] = []
_started: list[list[str]] = []


def _hear(event: str, details: tuple[object, ...]) -> None:
    if event == "open":
        if isinstance(details[0], str | bytes):
            name = details[0]
            _opened.append(name if isinstance(name, str) else name.decode("utf-8", "replace"))
    elif event in {"subprocess.Popen", "os.posix_spawn"}:
        _started.append([str(part) for part in details[1]])  # type: ignore[attr-defined]
    elif event in {"os.system", "os.fork", "os.forkpty", "os.spawn"}:
        _started.append([event])


_code: object = 0
sys.addaudithook(_hear)
if _arguments:
    sys.argv = ["gaterun", *_arguments]
    try:
        from gaterun.__main__ import main

        main()
    except SystemExit as _end:
        _code = _end.code
_modules = sorted(sys.modules)
_files, _programs = list(_opened), list(_started)

import json  # noqa: E402 - what is counted has been counted

with open(_output, "w", encoding="utf-8") as _file:  # noqa: PTH123 - no pathlib here
    json.dump({"code": _code, "modules": _modules, "files": _files, "processes": _programs}, _file)
