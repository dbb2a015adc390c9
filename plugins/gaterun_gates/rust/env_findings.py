"""Say what a comparison of environment variables found: metrics, findings and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import gaterun
from gaterun_gates.rust.dotenv_file import DotenvFile
from gaterun_gates.rust.env_comparison import EnvComparison
from gaterun_gates.rust.env_reads import EnvUse, Kind

_LISTED = 5


def metrics(
    result: EnvComparison, documented: DotenvFile | None, broken: int, *, has_documents: bool
) -> dict[str, float | gaterun.Measured | None]:
    """The gate's metrics; ``None`` where documentation is needed and there is none."""
    per_crate = Counter(p for packages in result.implemented.values() for p in packages)
    required, implemented = len(result.required), len(result.implemented)
    values: dict[str, float | gaterun.Measured | None] = {
        "required": required,
        "implemented": gaterun.Measured(value=implemented, breakdown=dict(per_crate)),
        "coverage": implemented / required if required else None,
        "missing": len(result.missing),
        "tested": len(result.tested),
        "untested": required - len(result.tested),
        "dynamic": len(result.open_reads),
        "discarded": len(result.discarded),
        "near_misses": len(result.near_misses),
        "default_mismatches": len(result.mismatches),
        "parse_errors": broken + (len(documented.errors) if documented is not None else 0),
    }
    why = "there is no env file"
    if documented is None:
        for name in ("documented", "unread", "duplicates"):
            values[name] = gaterun.Measured(value=None, why=why)
    else:
        values["documented"] = len(documented.names)
        values["duplicates"] = len(documented.duplicates)
        values["unread"] = _unread(result)
    values["undocumented"] = (
        len(result.undocumented) if has_documents else gaterun.Measured(value=None, why=why)
    )
    return values


def _unread(result: EnvComparison) -> int | gaterun.Measured:
    hidden = len(result.maybe_read)
    if hidden and hidden == len(result.unread):
        names = ", ".join(result.maybe_read[:_LISTED])
        return gaterun.Measured(
            value=None,
            why=f"{names} may be among what is read by a name made at run time",
        )
    return len(result.unread)


def findings(
    result: EnvComparison, documented: DotenvFile | None, env_file: str
) -> Iterator[gaterun.Finding]:
    """One finding for each name, or each read, that something is wrong with."""
    lines = {name: entry.line for name, entry in documented.names.items()} if documented else {}
    yield from _documentation(result, documented, env_file, lines)
    for name in result.missing:
        place = result.places.get(name)
        thrown = name in result.discarded and place is not None
        yield gaterun.Finding(
            rule="missing",
            message=f"{name} is read and thrown away" if thrown else f"{name} is not read",
            path=place.path if thrown and place else env_file if name in lines else "",
            line=place.line if thrown and place else lines.get(name, 0),
            severity=gaterun.Severity.ERROR,
            help="read it at run time in one of the chosen crates",
        )
    for read in result.open_reads:
        known = f"{read.prefix}*{read.suffix}" if read.prefix or read.suffix else "any name"
        yield gaterun.Finding(
            rule="dynamic",
            message=f"reads a variable whose name is not in the text ({known}): {read.why}",
            path=read.path,
            line=read.line,
            column=read.column,
            severity=gaterun.Severity.NOTE,
            help="say what it reads: // gaterun: env=NAME,OTHER",
        )


def _documentation(
    result: EnvComparison,
    documented: DotenvFile | None,
    env_file: str,
    lines: Mapping[str, int],
) -> Iterator[gaterun.Finding]:
    for name in result.undocumented:
        place = result.places[name]
        when = "" if place.kind is Kind.RUNTIME else " when compiling"
        yield gaterun.Finding(
            rule="undocumented",
            message=f"{name} is read{when} and not documented",
            path=place.path,
            line=place.line,
            column=place.column,
            severity=gaterun.Severity.ERROR,
            help=f"add it to {env_file}",
        )
    for name in result.unread:
        but = " by shipped code, only by tests" if name in result.test_only else ""
        maybe = " (a read with a name made at run time may)" if name in result.maybe_read else ""
        yield gaterun.Finding(
            rule="unread",
            message=f"{name} is documented and nothing reads it{but}{maybe}",
            path=env_file,
            line=lines.get(name, 0),
            severity=gaterun.Severity.ERROR,
            help="read it, or take it out of the documentation",
        )
    for old, new in result.near_misses:
        yield gaterun.Finding(
            rule="near-miss",
            message=f"{old} is documented, {new} is read",
            path=env_file,
            line=lines.get(old, 0),
            help="is one of them misspelt?",
        )
    for name, place in result.mismatches.items():
        yield gaterun.Finding(
            rule="default-mismatch",
            message=f"the default of {name} here differs from the documented value",
            path=place.path,
            line=place.line,
            column=place.column,
        )
    for entry in documented.duplicates if documented is not None else ():
        yield gaterun.Finding(
            rule="duplicate",
            message=f"{entry.name} is given twice; parsers disagree on which one counts",
            path=env_file,
            line=entry.line,
        )
    for entry in documented.bad_names if documented is not None else ():
        yield gaterun.Finding(
            rule="bad-name",
            message=f"{entry.name} is no name that a shell accepts",
            path=env_file,
            line=entry.line,
        )
    for line in documented.errors if documented is not None else ():
        yield gaterun.Finding(
            rule="env-file-syntax",
            message="this line is no assignment",
            path=env_file,
            line=line,
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def notes(
    result: EnvComparison,
    documented: DotenvFile | None,
    use: EnvUse,
    broken: Sequence[str],
    orphans: Sequence[str],
) -> Iterator[str]:
    """Facts beside the numbers."""
    if documented is None:
        yield "no env file: what is documented was not measured"
    elif any(entry.value is None for entry in documented.entries):
        bare = [entry.name for entry in documented.entries if entry.value is None]
        yield f"keys without a value: {_some(bare)}"
    if result.open_reads:
        yield (
            f"{len(result.open_reads)} reads have a name that is made at run time; "
            "require dynamic == 0 to rule out that one of them is undocumented"
        )
    patterns = sorted(
        {f"{r.prefix}* ({r.why})" for r in use.open_reads if r.provider and not r.test}
    )
    if patterns:
        yield f"read as a whole, by prefix: {_some(patterns)}"
    if result.by_pattern:
        yield f"implemented by such a prefix alone: {_some(result.by_pattern)}"
    if use.ambiguous:
        yield f"not followed, because several functions share the name: {_some(sorted(use.ambiguous))}"
    if result.compile_only:
        yield f"read only when compiling: {_some(result.compile_only)}"
    if broken:
        yield f"could not be read in full: {_some(broken)}"
    if orphans:
        yield f"{len(orphans)} Rust files that no target compiles were left out"
