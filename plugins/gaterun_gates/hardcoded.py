"""Gate ``hardcoded``: values that belong in configuration and stand in the code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import gaterun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gaterun_gates.rust.compiled import RustSources
    from gaterun_gates.rust.env_reads import EnvUse
    from gaterun_gates.rust.hardcoded_places import Place

ABOUT = """
Are there values in the code that differ from one installation to the next?

A finding is a string literal of shipped code that is

- a URL or DSN with credentials, or whose host is `localhost`, an IP address or a private name;
- `host:port`, an IPv4 or IPv6 address;
- an absolute path below `/etc`, `/var`, `/usr`, `/opt`, `/home`, `/tmp` and the like;
- equal to a value in `.env.example` that is more telling than a number or a plain word.

Not counted: tests, attributes, documentation, messages (print, log, panic, `expect`), texts
that are only compared with (`==`, `starts_with`, match arms), and defaults: what stands in the
method chain, the arguments or the `match` of a read of an environment variable, in `fn default_…` and in
`impl Default`. Values of a `const` or `static` have a name and one place: they are counted as
`in_consts`, not in `total`.

A literal that has to stay carries a comment on its line or the line above, with a reason:
`// gaterun: allow hardcoded: the protocol fixes this address`. It is counted as `allowed`.

Pitfalls: the definition is a convention. Existing code has tables and protocol constants that
match it: ratchet (`ratchet = ["total"]`) where zero is not the aim yet.

How it can be gamed: by moving the literal into a constant (`in_consts`), by comments
(`allowed`), by writing it in pieces (`concat!` and `format!` of literals are put together, `+`
is not). Ratchet those two beside `total`.
"""


class HardcodedOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of ``hardcoded``."""

    crates: Annotated[
        tuple[str, ...],
        gaterun.help("members that count, by package, folder or last part; all when empty"),
    ] = ()
    allow: Annotated[
        tuple[str, ...], gaterun.help("globs of files whose literals are allowed, and counted so")
    ] = ()
    env_file: Annotated[
        str, gaterun.help("the file whose values should come from variables; may be absent")
    ] = ".env.example"


def _documented_values(ctx: gaterun.Context, env_file: str) -> dict[str, str]:
    from gaterun_gates.rust.dotenv_file import parse_dotenv
    from gaterun_gates.rust.hardcoded_values import comparable_values

    path = ctx.root / env_file
    if not path.is_file():
        return {}
    parsed = parse_dotenv(path.read_bytes().decode("utf-8", "replace"))
    return comparable_values({name: entry.value for name, entry in parsed.names.items()})


def measure(
    ctx: gaterun.Context,
    workspace: gaterun.Workspace,
    rust_sources: RustSources,
    env_use: EnvUse,
) -> gaterun.Measurement:
    """Find the literals."""
    from gaterun_gates.rust.hardcoded_places import places
    from gaterun_gates.rust.packages import chosen_packages

    options: HardcodedOptions = ctx.options
    packages = {package.name for package in chosen_packages(workspace, options.crates)}
    allowed_files = frozenset(ctx.files(*options.allow)) if options.allow else frozenset()
    variables = _documented_values(ctx, options.env_file)
    found = places(rust_sources, env_use, variables, packages, ctx.state)
    constants = [place for place in found if place.in_constant]
    used = [place for place in found if not place.in_constant]
    allowed = [place for place in used if place.reason or place.path in allowed_files]
    bad = [place for place in used if not place.reason and place.path not in allowed_files]
    looked_at = [
        file
        for file in rust_sources.files.values()
        if file.production and packages & set(file.packages)
    ]
    kinds = Counter(place.found.value.value for place in bad)
    return gaterun.Measurement(
        metrics={
            "total": gaterun.Measured(value=len(bad), breakdown=dict(kinds)),
            "allowed": len(allowed),
            "in_consts": len(constants),
        },
        inspected={"files": len(looked_at)},
        findings=list(_findings(bad)),
        notes=[f"{len(constants)} such values are constants"] * bool(constants),
        recipe={"crates": ", ".join(sorted(packages)), "env_file": options.env_file},
    )


def _findings(bad: Sequence[Place]) -> Iterator[gaterun.Finding]:
    for place in bad:
        unexplained = place.reason == ""
        yield gaterun.Finding(
            rule=place.found.value.value,
            message=f"{place.found.shown} is written into the code"
            + (", and the comment that allows it gives no reason" if unexplained else ""),
            path=place.path,
            line=place.line,
            column=place.column,
            help="read it from configuration, with this as the default",
        )


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.rust import HARDCODED

    return HARDCODED


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.hardcoded import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="hardcoded",
    title="no hardcoded values",
    about=ABOUT,
    metrics=(
        gaterun.Metric(
            name="total",
            help="literals that belong in configuration",
            counts=gaterun.Counted(),
        ),
        gaterun.Metric(name="allowed", help="such literals that a comment or an option allows"),
        gaterun.Metric(name="in_consts", help="such literals that are constants"),
    ),
    measure=measure,
    inputs=("**/*.rs", "**/Cargo.toml", "Cargo.lock", ".cargo/**", "**/.gitattributes"),
    options=HardcodedOptions,
    requires=("total == 0",),
    pins=("total",),
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer ``hardcoded``."""
    return [GATE]
