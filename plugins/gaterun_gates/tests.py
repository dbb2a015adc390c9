"""Runs every test of the workspace and counts what became of each, by name."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun_gates.cargo.arguments import feature_recipe
from gaterun_gates.cargo.environment import cargo_env, recorded_env

if TYPE_CHECKING:
    from gaterun_gates.cargo.binaries import Binary
    from gaterun_gates.cargo.invocation import Invocation
    from gaterun_gates.cargo.outcome import CaseOutcome
    from gaterun_gates.rust.compiled import RustSources

_ABOUT = """\
Every test of the workspace is run: unit tests, integration tests, documentation examples. A test
is identified as `<binary-id>$<test name>`, with nextest's binary ids (`crate`, `crate::target`,
`crate::bin/name`, `crate::doc`), so that the same name in two binaries is two tests.

**Measured** with nextest where it is installed, otherwise by `cargo test` through a runner that has
libtest report in JSON (`RUSTC_BOOTSTRAP` is set for the test programs only). Both count the same.
Documentation examples run in a call of their own. A target with `harness = false` is one test, by
its exit status. **Completeness:** each binary's results must be those of exactly the tests that it
lists; a test that ends the program with `exit(0)` gives no verdict (`incomplete`) and never a pass.
Tests that do not compile give `build-failed`.

`new_failures` are failed tests that `known_failures` does not name. A known failure that passes is
reported (`known_fixed`), so that the list shrinks. A waiver of the failure (`rule = "test-failed"`,
`message = "<id>: *"`) does the same with an owner and an end.

**Pitfalls.** "626 of 630" needs `passed`, `total`, `failed` and `ignored` together: one number
alone can be had by deleting tests. Nextest runs each test in a process of its own, so tests that
share state behave differently there. Tests behind features that are not enabled do not exist here.

**Against the base.** With `compare = true` the tests of the phase's base are built in a checkout and
listed, not run. `removed` are those of the base that are gone, `added` those that it has not; a
test that was renamed is one of each. The list of a commit is kept for later runs.

**How it can be gamed, and what is counted against that.** `#[ignore]`: `ignored`. Deleted or
cfg-ed out tests: `removed`, and `total` with a ratchet or a floor. Retries until green: `flaky`. Fake runners in
`.cargo/config.toml`, wrappers and filters in nextest's configuration: overridden, or no verdict.
Emptied tests: `assertions` counts the macros that assert in test code (`assert*!`, `panic!` and the
like), and `without_assertion` the tests in which nothing can fail, neither in their own text (an
assertion, `unwrap`, `expect`, `?`) nor in a function of the workspace that they call.
`#[should_panic]` on a failing test: `should_panic`. These three are read from the sources that the
targets compile, whatever features are on; functions are told by their names. Ratchet them.
"""

_RUNNERS = ("auto", "nextest", "libtest")


class TestsOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``tests``."""

    runner: Annotated[
        str, gaterun.help("`nextest`, `libtest`, or `auto`: nextest if installed")
    ] = "auto"
    features: Annotated[
        tuple[str, ...], gaterun.help("features to enable beside the default ones")
    ] = ()
    all_features: Annotated[bool, gaterun.help("enable every feature")] = False
    doctests: Annotated[bool, gaterun.help("run documentation examples too")] = True
    known_failures: Annotated[
        tuple[str, ...],
        gaterun.help("tests that may fail, as `binary-id$name` or `binary-id name`"),
    ] = ()
    retries: Annotated[int, gaterun.help("how often a failed test is run again")] = 0
    limit: Annotated[
        float, gaterun.help("seconds for one test binary (libtest) or one test (nextest)")
    ] = 900.0
    compare: Annotated[
        bool, gaterun.help("list the tests of the phase's base too: `removed` and `added`")
    ] = False


def _choose(options: TestsOptions, workspace: gaterun.Workspace) -> tuple[str, list[str]]:
    """The runner, and notes about the choice.

    Raises:
        gaterun.CannotMeasure: the runner asked for is unknown or proves nothing here.
    """
    from gaterun_gates.cargo.nextest_run import is_wrapped

    if options.runner not in _RUNNERS:
        raise gaterun.CannotMeasure(
            gaterun.Reason.UNDECIDED,
            f"unknown runner '{options.runner}'",
            help=f"one of {', '.join(_RUNNERS)}",
        )
    wrapped = is_wrapped(workspace)
    if options.runner == "nextest" and wrapped:
        raise gaterun.CannotMeasure(
            gaterun.Reason.UNDECIDED,
            "the wrappers in .config/nextest.toml decide what a test's exit status is",
            help='runner = "libtest" runs the tests without them',
        )
    if options.runner != "auto":
        return options.runner, []
    import shutil

    if shutil.which("cargo-nextest") is None:
        return "libtest", []
    if wrapped:
        return "libtest", ["not run by nextest: .config/nextest.toml wraps tests"]
    return "nextest", []


def _run_all(
    ctx: gaterun.Context,
    call: Invocation,
    runner: str,
    binaries: Sequence[Binary],
    *,
    doctests: bool,
) -> list[CaseOutcome]:
    from gaterun_gates.cargo.doctest_run import run_doctests
    from gaterun_gates.cargo.libtest_run import run_with_retries
    from gaterun_gates.cargo.nextest_run import run_nextest

    outcomes: list[CaseOutcome] = []
    here = {binary.id for binary in binaries}
    if runner == "nextest":
        ctx.progress(f"{len(binaries)} test binaries, by nextest")
        outcomes += run_nextest(ctx, call, binaries)
        here = {binary.id for binary in binaries if not binary.harness}
    if here:
        ctx.progress(f"{len(here)} test binaries")
        outcomes += run_with_retries(ctx, call, binaries, here)
    if doctests:
        ctx.progress("documentation tests")
        outcomes += run_doctests(ctx, call)
    return outcomes


def measure_tests(
    ctx: gaterun.Context, workspace: gaterun.Workspace, rust_sources: RustSources
) -> gaterun.Measurement:
    """Build the tests, run them all, and compare with the known failures.

    Raises:
        gaterun.CannotMeasure: something does not compile, a tool is missing, a binary did not
            end in time, or the results are not those of every test.
    """
    options: TestsOptions = ctx.options
    if not workspace.members:
        return gaterun.Measurement(
            metrics={}, inspected={"tests": 0}, notes=("the workspace has no members",)
        )
    from gaterun_gates.cargo.binaries import read_test_build
    from gaterun_gates.cargo.config import compiler_notes
    from gaterun_gates.cargo.invocation import Invocation
    from gaterun_gates.cargo.runner import target_triples

    runner, notes = _choose(options, workspace)
    call = Invocation(
        workspace=workspace,
        features=options.features,
        all_features=options.all_features,
        retries=max(0, options.retries),
        limit=options.limit,
        triples=target_triples(ctx, workspace.root),
    )
    ctx.progress("building tests")
    build = call.run(
        ctx,
        ["cargo", "test", "--no-run", "--message-format=json", *call.arguments()],
    )
    built = read_test_build(build, workspace)
    notes += [f"left out by cargo: {text}" for text in built.left_out]
    began = time.monotonic()
    outcomes = _run_all(ctx, call, runner, built.binaries, doctests=options.doctests)
    outcomes.sort(key=lambda outcome: outcome.id)
    seconds = time.monotonic() - began
    recipe = {
        "command": "cargo test --workspace",
        "features": feature_recipe(options.features, all_features=options.all_features),
        "doctests": str(options.doctests).lower(),
        **recorded_env(),
    }
    if runner == "nextest":
        version = ctx.run(["cargo-nextest", "--version"], env=cargo_env()).out().splitlines()
        notes.append(f"run by {version[0] if version else 'nextest'}")
    notes += compiler_notes(workspace.root)
    removed, added = _against_base(ctx, call, options, {outcome.id for outcome in outcomes})
    metrics: dict[str, gaterun.Measured | float] = {
        **_asserted(ctx, rust_sources),
        "removed": removed,
        "added": added,
        "duration": seconds,
    }
    return _measurement(outcomes, options, metrics, notes, recipe)


def _asserted(ctx: gaterun.Context, sources: RustSources) -> dict[str, gaterun.Measured | float]:
    """What the tests assert, by their text."""
    from gaterun_gates.rust.assertions import find_assertions

    found = find_assertions(sources, ctx.state)
    return {
        "assertions": found.count,
        "should_panic": found.should_panic,
        "without_assertion": gaterun.Measured(
            value=len(found.without),
            breakdown=dict(sorted(Counter(test.path for test in found.without).items())),
        ),
    }


def _against_base(
    ctx: gaterun.Context, call: Invocation, options: TestsOptions, here: set[str]
) -> tuple[gaterun.Measured, gaterun.Measured]:
    """The tests of the base that are gone, and those that it has not."""
    from gaterun_gates.cargo.base_tests import base_tests

    why = ""
    if not options.compare:
        why = "option compare is off"
    elif ctx.base is None:
        why = "the phase names no base"
    else:
        try:
            before = base_tests(ctx, ctx.base, call, doctests=options.doctests)
            return _by_name(sorted(before - here)), _by_name(sorted(here - before))
        except gaterun.CannotMeasure as refusal:
            why = f"the tests of the base are not known: {refusal.message}"
    return gaterun.Measured(value=None, why=why), gaterun.Measured(value=None, why=why)


def _measurement(
    outcomes: Sequence[CaseOutcome],
    options: TestsOptions,
    metrics: dict[str, gaterun.Measured | float],
    notes: Sequence[str],
    recipe: dict[str, str],
) -> gaterun.Measurement:
    from gaterun_gates.cargo.known_failures import compare, findings, removed_findings
    from gaterun_gates.cargo.outcome import Status

    compared = compare(outcomes, options.known_failures)
    by_status: dict[Status, list[CaseOutcome]] = {status: [] for status in Status}
    for outcome in outcomes:
        by_status[outcome.status].append(outcome)
    passed, failed = by_status[Status.PASSED], by_status[Status.FAILED]
    flaky = [outcome for outcome in outcomes if outcome.flaky]
    executed = len(passed) + len(failed)
    return gaterun.Measurement(
        metrics={
            "new_failures": _by_name(compared.new),
            "passed": _by_binary(passed),
            "failed": _by_binary(failed),
            "ignored": _by_binary(by_status[Status.IGNORED]),
            "executed": executed,
            "total": _by_binary(outcomes),
            "doctests": sum(outcome.doctest for outcome in outcomes),
            "known_failed": _by_name(compared.known),
            "known_fixed": len(compared.fixed),
            "missing_known": len(compared.missing),
            "flaky": len(flaky),
            **metrics,
        },
        inspected={"tests": executed},
        findings=[*findings(outcomes, compared), *removed_findings(metrics["removed"])],
        notes=tuple(notes),
        recipe=recipe,
        flaky=bool(flaky),
    )


def _by_binary(outcomes: Sequence[CaseOutcome]) -> gaterun.Measured:
    counts = Counter(outcome.binary for outcome in outcomes)
    return gaterun.Measured(value=len(outcomes), breakdown=dict(sorted(counts.items())))


def _by_name(names: Sequence[str]) -> gaterun.Measured:
    return gaterun.Measured(value=len(names), breakdown=dict.fromkeys(names, 1.0))


def _propose(measurement: gaterun.Measurement) -> dict[str, object]:
    """Every test that fails today, as known failures."""
    names: set[str] = set()
    for metric in ("new_failures", "known_failed"):
        value = measurement.metrics.get(metric)
        if isinstance(value, gaterun.Measured):
            names.update(value.breakdown)
    return {"known_failures": sorted(names)} if names else {}


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.rust import TESTS

    return TESTS


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.tests import CONTROLS

    return CONTROLS


_HIGHER, _NEITHER = gaterun.Better.HIGHER, gaterun.Better.NEITHER

GATE = gaterun.Gate(
    name="tests",
    title="tests",
    about=_ABOUT,
    options=TestsOptions,
    metrics=(
        gaterun.Metric(
            name="new_failures",
            help="failed tests that known_failures does not name",
            counts=gaterun.Counted(
                rules=("test-failed",),
                severities=(gaterun.Severity.ERROR, gaterun.Severity.WARNING),
            ),
        ),
        gaterun.Metric(name="passed", better=_HIGHER, help="tests that passed"),
        gaterun.Metric(name="failed", help="tests that failed, known or not"),
        gaterun.Metric(name="ignored", help="tests that are switched off"),
        gaterun.Metric(name="executed", better=_HIGHER, help="passed and failed"),
        gaterun.Metric(name="total", better=_HIGHER, help="passed, failed and ignored"),
        gaterun.Metric(name="doctests", better=_NEITHER, help="documentation examples among them"),
        gaterun.Metric(name="known_failed", help="known failures that fail"),
        gaterun.Metric(name="known_fixed", better=_NEITHER, help="known failures that pass"),
        gaterun.Metric(name="missing_known", help="known failures that were not run"),
        gaterun.Metric(
            name="removed",
            help="tests of the base that are gone",
            counts=gaterun.Counted(rules=("test-removed",)),
        ),
        gaterun.Metric(name="added", better=_NEITHER, help="tests that the base has not"),
        gaterun.Metric(name="assertions", better=_HIGHER, help="macros that assert, in test code"),
        gaterun.Metric(name="without_assertion", help="tests in which nothing can fail"),
        gaterun.Metric(name="should_panic", help="tests that pass when they panic"),
        gaterun.Metric(
            name="flaky",
            help="tests that passed only when run again",
            counts=gaterun.Counted(rules=("test-flaky",)),
        ),
        gaterun.Metric(
            name="duration",
            unit=gaterun.Unit.SECONDS,
            better=_NEITHER,
            help="wall time of the runs, building left out",
            host_bound=True,
        ),
    ),
    measure=measure_tests,
    inputs=("**",),
    requires=("new_failures == 0",),
    uses=("cargo-target",),
    pins=("total", "passed", "ignored", "without_assertion", "should_panic"),
    proposes=_propose,
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
