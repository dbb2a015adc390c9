"""Gate ``from-env``: every constructor that reads the environment is called by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec.structs import replace

import gaterun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gaterun_gates.rust.compiled import RustSources
    from gaterun_gates.rust.from_env_calls import FromEnv

ABOUT = """
Is every `from_env` function of shipped code called by a test that is run?

The functions are those called `from_env`, `try_from_env`, `from_env_…`, each by crate, type
and name. **Tested** means that test code outside `#[ignore]` calls it (`Type::from_env()`,
`Self::from_env()`, `unwrap_or_else(Type::from_env)`) or calls something of this workspace that
does. Where the text does not say which function is meant (a generic `T::from_env()`, a macro,
two types of one name, tests that run the program) it is **undecided**, neither tested nor
untested. Require `undecided == 0` to allow none.

With `probe = true` the answer is measured: in a copy of the working tree each of these
functions writes a file first, `cargo test --workspace` runs once, and the files say which
functions ran. Where the copy does not build, the answer of the text stands and a note says so.

`uncalled` are those that no shipped code calls: their variables have no effect, tested or not.

Pitfalls: a call is not an assertion. `tested_without_env` counts functions whose tests set no
variable, so that they see defaults only.

How it can be gamed: with a test that calls and asserts nothing; mutation testing finds those.
"""


class FromEnvOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of ``from-env``."""

    crates: Annotated[
        tuple[str, ...],
        gaterun.help("members that count, by package, folder or last part; all when empty"),
    ] = ()
    probe: Annotated[bool, gaterun.help("run the tests of an instrumented copy to find out")] = (
        False
    )


def measure(
    ctx: gaterun.Context, workspace: gaterun.Workspace, rust_sources: RustSources
) -> gaterun.Measurement:
    """Find the functions and who calls them."""
    from gaterun_gates.rust.from_env_calls import State, find
    from gaterun_gates.rust.packages import chosen_packages

    options: FromEnvOptions = ctx.options
    packages = {package.name for package in chosen_packages(workspace, options.crates)}
    found = [one for one in find(rust_sources) if packages & set(one.package.split(", "))]
    notes: list[str] = []
    if options.probe and found:
        from gaterun_gates.rust.from_env_probe import probe

        ran, why = probe(ctx, found)
        if ran is None:
            notes.append(f"the instrumented copy gave no answer: {why}")
        else:
            found = [_probed(one, ran=one in ran) for one in found]
    states = [one.state for one in found]
    untested = [one for one in found if one.state is State.UNTESTED]
    undecided = [one for one in found if one.state is State.UNDECIDED]
    if undecided:
        notes.append(
            f"{len(undecided)} of {len(found)} could not be decided from the text; "
            "probe = true runs the tests to find out"
        )
    per_crate: dict[str, float] = {}
    for one in untested:
        per_crate[one.package] = per_crate.get(one.package, 0) + 1
    return gaterun.Measurement(
        metrics={
            "total": len(found),
            "tested": states.count(State.TESTED),
            "untested": gaterun.Measured(value=len(untested), breakdown=per_crate),
            "undecided": len(undecided),
            "uncalled": sum(one.called is False for one in found),
            "tested_without_env": sum(
                one.state is State.TESTED and not one.sets_variables for one in found
            ),
        },
        inspected={"functions": len(found)},
        findings=list(_findings(found)),
        notes=notes,
        recipe={"crates": ", ".join(sorted(packages)), "probe": str(options.probe).lower()},
    )


def _probed(one: FromEnv, *, ran: bool) -> FromEnv:
    from gaterun_gates.rust.from_env_calls import State

    if ran:
        return replace(one, state=State.TESTED, why="a test ran it")
    if one.body < 0 or one.is_const:
        return one
    return replace(one, state=State.UNTESTED, why="no test ran it")


def _findings(found: Sequence[FromEnv]) -> Iterator[gaterun.Finding]:
    from gaterun_gates.rust.from_env_calls import State

    for one in found:
        if one.state is State.UNTESTED:
            yield gaterun.Finding(
                rule="untested",
                message=f"{one.title} of {one.package}: {one.why}",
                path=one.path,
                line=one.line,
                severity=gaterun.Severity.ERROR,
                help="write a test that sets its variables and calls it",
            )
        elif one.state is State.UNDECIDED:
            yield gaterun.Finding(
                rule="undecided",
                message=f"{one.title} of {one.package}: {one.why}",
                path=one.path,
                line=one.line,
                help="call it by its type's name in a test, or set probe = true",
            )
        if one.called is False:
            yield gaterun.Finding(
                rule="uncalled",
                message=f"{one.title} of {one.package} is called by no shipped code",
                path=one.path,
                line=one.line,
                severity=gaterun.Severity.NOTE,
                help="its variables have no effect",
            )


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.rust import FROM_ENV

    return FROM_ENV


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.from_env import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="from-env",
    title="every from_env() is tested",
    about=ABOUT,
    metrics=(
        gaterun.Metric(
            name="total", better=gaterun.Better.NEITHER, help="from_env functions that ship"
        ),
        gaterun.Metric(
            name="tested", better=gaterun.Better.HIGHER, help="called by a test that is run"
        ),
        gaterun.Metric(
            name="untested",
            help="called by no test that is run",
            counts=gaterun.Counted(rules=("untested",)),
        ),
        gaterun.Metric(
            name="undecided",
            help="the text does not say whether a test calls it",
            counts=gaterun.Counted(rules=("undecided",)),
        ),
        gaterun.Metric(
            name="uncalled",
            help="called by no shipped code",
            counts=gaterun.Counted(rules=("uncalled",)),
        ),
        gaterun.Metric(name="tested_without_env", help="tested, and no test sets a variable"),
    ),
    measure=measure,
    inputs=("**",),
    options=FromEnvOptions,
    requires=("untested == 0",),
    pins=("untested",),
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer ``from-env``."""
    return [GATE]
