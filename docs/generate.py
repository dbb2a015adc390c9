"""Writes docs/reference/ from the source: ``python docs/generate.py``; ``--check`` only compares.

Nothing in that folder is written by hand. What a page says is said where the code is: options and
metrics of gates, help of commands, docstrings of hooks, the meaning of keys and codes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

DOCS = Path(__file__).parent
REFERENCE = DOCS / "reference"
sys.path.insert(0, str(DOCS))

import generate_api  # noqa: E402 - they stand beside this file
import generate_commands  # noqa: E402

MARK = "<!-- Written from the source by docs/generate.py. -->\n\n"


def pages() -> dict[str, str]:
    """Every page of the reference, by its path below docs/reference."""
    made = {
        "index.md": index,
        "commands.md": generate_commands.page,
        "configuration.md": configuration,
        "phase-file.md": phase_file,
        "waivers-file.md": waivers_file,
        "verdicts.md": verdicts,
        "reports.md": reports,
        "schemas.md": schemas,
        "hooks.md": generate_api.hooks,
        "api.md": generate_api.api,
        "gates/index.md": gates,
    }
    texts = {name: make() for name, make in made.items()}
    return {name: MARK + text.rstrip() + "\n" for name, text in (texts | each_gate()).items()}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; a pipe in a cell does not end it."""
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "&#124;") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def index() -> str:
    """What there is."""
    return """\
# Reference

These pages are written from the source of gaterun, and a test fails when they are out of date.
`gaterun explain`, `gaterun config`, `gaterun schema` and `--help` say the same where you work.

- [Commands](commands.md) with their options.
- [Phase files](phase-file.md): keys and conditions.
- [waivers.toml](waivers-file.md): keys of waivers and sign-offs.
- [Settings](configuration.md): what `gaterun.toml` may say, and which source wins.
- [Gates](gates/index.md): what each measures, its options, its pitfalls.
- [Verdicts and exit codes](verdicts.md), with the reasons of no verdict.
- [Report formats](reports.md) and [schemas](schemas.md).
- [Hooks](hooks.md) and [values](api.md) for plugins.
"""


def gates() -> str:
    """The list of gates."""
    from gaterun.core.discovery import load

    rows = [
        (f"[`{name}`]({name}.md)", gate.title, ", ".join(f"`{text}`" for text in gate.requires))
        for name, gate in load().gates.items()
    ]
    return (
        "# Gates\n\nA phase file names a gate with `use`. Conditions of the last column hold where "
        "an entry states none.\n\n" + table(("gate", "measures", "asks for, by default"), rows)
    )


def each_gate() -> dict[str, str]:
    """A page a gate: what ``gaterun explain`` prints."""
    from gaterun.cli.explain import render_gate
    from gaterun.core.discovery import load

    return {f"gates/{name}.md": render_gate(gate) for name, gate in load().gates.items()}


def configuration() -> str:
    """The settings."""
    from msgspec.structs import fields

    from gaterun.core.config import CHOICES, PLACES, Settings
    from gaterun.model.options import help_of

    rows = []
    for entry in fields(Settings):
        default = list(entry.default) if isinstance(entry.default, tuple) else entry.default
        choices = CHOICES.get(entry.name, ())
        shown = "none" if default in ("", []) else f"`{default}`"
        said = help_of(entry)
        more = f" ({', '.join(f'`{choice}`' for choice in choices)})" * bool(choices)
        already = all(choice in said for choice in choices)
        rows.append((f"`{entry.name}`", said + more * (not already), shown))
    places = "\n".join(
        f"{at}. `{file}`" + f", table `[{'.'.join(path)}]`" * bool(path)
        for at, (file, path) in enumerate(PLACES.items(), 1)
    )
    return f"""\
# Settings

{table(("setting", "meaning", "default"), rows)}

Settings are read from the first of these places that has some, from the workspace root:

{places}

A table `[profile.NAME]` holds settings that `-P NAME`, or the variable `GATERUN_PROFILE`, lays over the
others. Which value wins, the strongest first:

1. `-o KEY=VALUE` on the command line;
2. a variable `GATERUN_KEY`, such as `GATERUN_JOBS=2`;
3. the profile;
4. the file;
5. the default.

`gaterun config` shows every setting with the source that won, `gaterun config KEY` one with its meaning.
An unknown key is exit 4, with the nearest known one.
"""


def phase_file() -> str:
    """Keys of phase files, and the language of conditions."""
    from gaterun.cli import key_help
    from gaterun.core.phase_table import GATE_KEYS, PHASE_KEYS, TASK_KEYS
    from gaterun.core.signoff import ManualOptions
    from gaterun.model import condition
    from gaterun.model.options import help_of, options_of
    from gaterun.model.phase import Outputs

    outputs = {name: key_help.OUTPUTS[name] for name in Outputs.__struct_fields__}
    manual = {option.name: help_of(option) for option in options_of(ManualOptions)}
    language = generate_api.prose((condition.__doc__ or "").partition("\n")[2])
    language = language.replace("```python", "```text")
    return f"""\
# Phase files

A phase is a TOML file: `phases/NAME.toml` in the workspace, or one that a plugin ships. `gaterun schema phase`
prints its JSON Schema, for editors. An unknown key is exit 4, with file, line, column and the nearest known one.

## `[phase]`

{_keys(PHASE_KEYS, key_help.PHASE)}

## `[phase.outputs]`

{_keys(outputs, key_help.OUTPUTS)}

## `[task.ID]`

{_keys(TASK_KEYS, key_help.TASK)}

## `[[task.ID.gate]]`

Any other key is an option of the [gate](gates/index.md).

{_keys(GATE_KEYS, key_help.GATE)}

With `mode = "manual"` there is no `use`, and one more key:

{_keys(manual, manual)}

## Conditions

The language of `require` and `improve`, over the metrics that the gate declares:

{language}
"""


def _keys(keys: Mapping[str, object], about: Mapping[str, str]) -> str:
    return table(("key", "meaning"), [(f"`{key}`", about[key]) for key in keys])


def waivers_file() -> str:
    """Keys of waivers.toml."""
    from gaterun.cli import key_help
    from gaterun.core.waiver_file import SIGNOFF_KEYS, WAIVER_KEYS

    return f"""\
# waivers.toml

`gaterun schema waivers` prints its JSON Schema. `gaterun waivers add`, `sign` and `prune` write it; see
[waivers and sign-offs](../how-to/waivers.md).

## `[[waiver]]`

{_keys(WAIVER_KEYS, key_help.WAIVER)}

## `[[signoff]]`

{_keys(SIGNOFF_KEYS, key_help.SIGNOFF)}
"""


def verdicts() -> str:
    """Outcomes, reasons and exit codes."""
    from gaterun.cli import key_help
    from gaterun.model.verdict import PRECEDENCE, ExitCode, Outcome, Reason
    from gaterun.reporters.html_marks import REASONS

    outcomes = [(f"`{outcome}`", key_help.OUTCOMES[outcome]) for outcome in Outcome]
    reasons = [(f"`{reason}`", REASONS[reason]) for reason in Reason]
    codes = [(f"`{code:d}`", f"`{code.name}`", key_help.EXIT_CODES[code]) for code in ExitCode]
    order = ", ".join(str(int(code)) for code in PRECEDENCE)
    return f"""\
# Verdicts and exit codes

## Verdicts

{table(("verdict", "when"), outcomes)}

## Reasons of no verdict

An `inconclusive` verdict has exactly one. The set is closed: a plugin picks one and adds none.

{table(("reason", "meaning"), reasons)}

## Exit codes

{table(("code", "name", "meaning"), codes)}

Where several apply, the first of {order} wins. The names are those of `gaterun.ExitCode`.
"""


def reports() -> str:
    """Report formats."""
    from gaterun.core.discovery import load

    rows = [
        (f"`{name}`", reporter.title, f"`{reporter.filename}`" if reporter.filename else "")
        for name, reporter in sorted(load().reporters.items())
    ]
    return f"""\
# Report formats

`--report FORMAT[:PATH]` of `gaterun run` and `gaterun report`, as often as you like; `-` is standard output.
The last column is the file where no path is given; without one it is standard output.

{table(("format", "what it is", "file"), rows)}

`--junit-xml PATH` is `--report junit:PATH`. A plugin adds formats with the hook
[`gaterun_reporters`](hooks.md#gaterun_reporters).
"""


def schemas() -> str:
    """The JSON Schemas and what they are of."""
    from gaterun.cli.document_schemas import DOCUMENTS, document_schema

    texts = {
        "phase": "phase files, with the options of every gate that is installed",
        "config": "`gaterun.toml`, and its table in other files",
        "waivers": "`waivers.toml`",
        "metrics": "metrics: baselines, final metrics, the report `metrics`",
        "run": "run records: the report `json`, `record.json` of a recorded run",
        "events": "one line of the report `jsonl`",
    }
    rows = []
    for name, text in texts.items():
        schema = document_schema(name) if name in DOCUMENTS else {}
        rows.append((f"`{name}`", text, f"`{schema['$id']}`" if schema else ""))
    return f"""\
# Schemas

`gaterun schema NAME` prints a JSON Schema (2020-12), made from the types that read or write the format.

{table(("name", "of what", "`$id`"), rows)}

The number at the end of an `$id` is the major version. Within it fields are only added, so a reader ignores
what it does not know.

For an editor with the taplo language server, in the first line of a phase file:

```toml
#:schema ../phase.schema.json
```

with `gaterun schema phase > phase.schema.json` in the workspace.
"""


def differences(wanted: Mapping[str, str]) -> list[str]:
    """Pages that are not as they should be, and files that should not be there."""
    there = {path.relative_to(REFERENCE).as_posix(): path for path in REFERENCE.rglob("*.md")}
    changed = [
        name
        for name, text in wanted.items()
        if name not in there or there[name].read_text("utf-8") != text
    ]
    return sorted([*changed, *(there.keys() - wanted.keys())])


def main(arguments: list[str], say: Callable[[str], object] = print) -> int:
    """Write the pages, or with ``--check`` say which are out of date."""
    wanted = pages()
    stale = differences(wanted)
    if "--check" in arguments:
        for name in stale:
            say(f"docs/reference/{name} is out of date: python docs/generate.py")
        return bool(stale)
    for name in stale:
        path = REFERENCE / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], "utf-8")
        say(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
