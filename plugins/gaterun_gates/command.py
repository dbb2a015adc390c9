"""The gate ``command``: any program as a gate, by its exit status or by what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Metric

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

_PARSES = ("exit", "regex", "lines", "json", "junit", "sarif")

_ABOUT = """\
Runs a program and measures one thing about it. No shell is involved: `argv` is a list.

| `parse` | reads | measures |
|---|---|---|
| `exit` | nothing | `exit_status` |
| `regex` | each line, by `pattern` | `value`, `findings` |
| `lines` | each line | `findings`: lines that are not blank |
| `json` | one document, by `path` | `value` |
| `junit` | JUnit XML | `tests`, `failures`, `errors`, `skipped`, `findings` |
| `sarif` | a SARIF 2.1.0 log | `findings`, `errors` |

In a `pattern` the group `value` (or the first one) is the number, and the groups `path`, `line`,
`column`, `rule` and `message` make each match a finding.

A `path` is made of names and indices: `summary.failed`, `runs[0].total`, `["a.b"].c`. With `[*]` it
counts what it reaches: `items[*]` is the number of items.

By default the gate wants `exit_status == 0`. For a program that exits with something else when it
finds something, name those codes in `ok_exit` and write your own `require`:

```toml
use = "command"
argv = ["typos", "--format", "sarif"]
parse = "sarif"
ok_exit = [0, 2]
require = ["findings == 0"]
```

No verdict is reached when the program is not there, is killed by a signal, exits with a code that
is not in `ok_exit` (except for `parse = "exit"`), writes something else than `parse` says, or
leaves `file` as it was before. A pattern that matches nothing gives no value, never 0; several
different numbers give none either. No findings are only believed of a program that exits with 0.

Gamed by a program that does nothing (`true`) and by one that swallows errors (`|| true` in a
script): a number from its output is harder to fake than its exit status.
"""


class CommandOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``command``."""

    argv: Annotated[tuple[str, ...], gaterun.help("program and arguments; never a shell line")]
    parse: Annotated[
        str, gaterun.help("how to read it: exit, regex, lines, json, junit or sarif")
    ] = "exit"
    pattern: Annotated[str, gaterun.help("the regular expression of parse = 'regex'")] = ""
    path: Annotated[str, gaterun.help("where the number is, for parse = 'json'")] = ""
    file: Annotated[str, gaterun.help("read this file, which the program must write, instead")] = ""
    stderr: Annotated[bool, gaterun.help("read standard error instead of standard output")] = False
    ok_exit: Annotated[
        tuple[int, ...], gaterun.help("exit codes under which the output is believed")
    ] = (0,)
    cwd: Annotated[str, gaterun.help("working directory, from the workspace root")] = ""
    env: Annotated[dict[str, str], gaterun.help("variables to set")] = {}

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise ValueError("argv names no program")
        if self.parse not in _PARSES:
            raise ValueError(f"parse is one of {', '.join(_PARSES)}, not '{self.parse}'")
        for option, parse in (("pattern", "regex"), ("path", "json")):
            if bool(getattr(self, option)) != (self.parse == parse):
                raise ValueError(f"{option} goes with parse = '{parse}', and it with {option}")
        if self.parse == "regex":
            from gaterun_gates.parsers.text_pattern import compile_pattern

            compile_pattern(self.pattern)
        elif self.parse == "json":
            from gaterun_gates.parsers.json_path import parse_path

            parse_path(self.path)


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Run the program and read what `CommandOptions.parse` says.

    Raises:
        CannotMeasure: the program is missing, crashed, or wrote nothing that can be read.
    """
    options: CommandOptions = ctx.options
    written = ctx.root / options.file if options.file else None
    before = _stamp(written)
    done = ctx.run(options.argv, cwd=ctx.root / options.cwd, env=options.env)
    if done.exit_status < 0:
        raise gaterun.CannotMeasure(
            gaterun.Reason.CRASHED, f"{options.argv[0]} was ended by signal {-done.exit_status}"
        )
    if options.parse != "exit" and done.exit_status not in options.ok_exit:
        raise gaterun.CannotMeasure(
            gaterun.Reason.CRASHED,
            f"{options.argv[0]} exited with {done.exit_status}: {_last_line(done.stderr)}",
            help=f"if that is how it reports findings, add {done.exit_status} to ok_exit",
        )
    if written is not None:
        _check_written(written, before, options.file)
    if options.parse == "exit":
        return gaterun.Measurement(
            metrics={"exit_status": done.exit_status}, inspected={"commands": 1}
        )
    from gaterun_gates.parsers.command_output import READERS

    source = written or (done.stderr if options.stderr else done.stdout)
    return READERS[options.parse](source, options, done.exit_status)


def _stamp(path: Path | None) -> tuple[int, int, int, int] | None:
    """What changes when a file is written; ``None`` where there is none."""
    if path is None:
        return None
    try:
        stat: os.stat_result = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _check_written(path: Path, before: tuple[int, int, int, int] | None, file: str) -> None:
    after = _stamp(path)
    if after is None:
        raise gaterun.CannotMeasure(gaterun.Reason.INCOMPLETE, f"the program did not write {file}")
    if after == before:
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE,
            f"{file} is older than this run: the program did not write it",
        )


def _last_line(path: Path) -> str:
    lines = path.read_bytes()[-4096:].decode("utf-8", "replace").split("\n")
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "no message")


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.command import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="command",
    title="Command",
    about=_ABOUT,
    metrics=(
        Metric(name="exit_status", better=Better.NEITHER, help="exit code of the program"),
        Metric(name="value", better=Better.NEITHER, help="the number in its output"),
        Metric(name="findings", help="places that it reports", counts=gaterun.Counted()),
        Metric(name="tests", better=Better.HIGHER, help="test cases in its report"),
        Metric(name="failures", help="test cases that failed"),
        Metric(
            name="errors", help="test cases that ended in an error; SARIF results of level error"
        ),
        Metric(name="skipped", help="test cases skipped; SARIF results suppressed in the log"),
    ),
    measure=measure,
    options=CommandOptions,
    requires=("exit_status == 0",),
    controls=_controls,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
