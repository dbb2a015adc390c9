"""Runs the tests with nextest, and proves from its list that none is missing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import gaterun
from gaterun_gates.cargo import nextest
from gaterun_gates.cargo.binaries import Binary
from gaterun_gates.cargo.invocation import Invocation
from gaterun_gates.cargo.outcome import CaseOutcome, Status
from gaterun_gates.cargo.runner import neutral_command, plain_folder, runner_env
from gaterun_gates.cargo.toml_file import read_toml

# https://docs.rs/nextest-metadata, NextestExitCode
_TESTS_FAILED = 100


def is_wrapped(workspace: gaterun.Workspace) -> bool:
    """Whether the repository configures wrappers for nextest."""
    return nextest.wraps_tests(read_toml(workspace.root / ".config" / "nextest.toml"))


def _incomplete(message: str) -> gaterun.CannotMeasure:
    return gaterun.CannotMeasure(
        gaterun.Reason.INCOMPLETE, message, help='runner = "libtest" does without nextest'
    )


def _filter(binaries: Sequence[Binary]) -> list[str]:
    # Nextest asks a binary for its tests, which one without libtest need not understand.
    without = [binary.id for binary in binaries if not binary.harness]
    if not without:
        return []
    return ["-E", f"not ({' | '.join(f'binary_id(={name})' for name in without)})"]


def _check_list(listed: nextest.Listed, binaries: Sequence[Binary]) -> None:
    built = {binary.id for binary in binaries if binary.harness}
    if missing := sorted(built - listed.binaries):
        raise _incomplete(f"nextest does not know the test binary {missing[0]}")
    if listed.held_back:
        name = min(listed.held_back)
        raise _incomplete(f"{len(listed.held_back)} tests were filtered out, such as {name}")


def _check_cases(cases: Sequence[nextest.Case], listed: nextest.Listed, limit: float) -> None:
    for case in cases:
        if case.timed_out:
            raise gaterun.CannotMeasure(
                gaterun.Reason.TIMEOUT,
                f"{case.outcome.id} did not end within {limit:g} s",
                help="raise the option limit, or mend the test that hangs",
            )
        if case.error:
            raise _incomplete(f"{case.outcome.id} could not be run: {case.error}")
        if not case.proven:
            raise _incomplete(f"{case.outcome.id} exited with 0 without a result of its own")
    seen = {case.outcome.id for case in cases}
    if odd := sorted(listed.run ^ seen):
        raise _incomplete(
            f"{len(seen)} of {len(listed.run)} listed tests have a result; differing: {odd[0]}"
        )


def _read_cases(completed: gaterun.Completed, junit: Path) -> list[nextest.Case]:
    from gaterun_gates.cargo.failure import explain

    if completed.exit_status not in {0, _TESTS_FAILED} or not junit.is_file():
        raise explain(completed, otherwise=gaterun.Reason.INCOMPLETE)
    try:
        cases = list(nextest.read_junit(junit))
    except ValueError as error:
        raise gaterun.CannotMeasure(gaterun.Reason.PARSE_ERROR, str(error)) from error
    if completed.ok is any(case.outcome.status is Status.FAILED for case in cases):
        raise _incomplete("nextest's report and its exit status contradict each other")
    return cases


def run_nextest(
    ctx: gaterun.Context, call: Invocation, binaries: Sequence[Binary]
) -> list[CaseOutcome]:
    """Run every test of the binaries that have libtest's harness.

    Raises:
        gaterun.CannotMeasure: nextest is missing or cannot run, a test did not end in time, or
            the results are not complete.
    """
    from gaterun_gates.cargo.failure import explain

    if not any(binary.harness for binary in binaries):
        return []
    profile = f"gaterun-{secrets.token_hex(4)}"
    config, junit = ctx.scratch / "nextest.toml", ctx.scratch / "junit.xml"
    config.write_text(nextest.configuration(profile, junit, call.limit), "utf-8")
    with plain_folder(ctx.scratch) as folder:
        runner = runner_env(call.triples, neutral_command(folder))
        common = [
            *call.arguments(),
            *("--profile", profile, "--tool-config-file", f"gaterun:{config}"),
            *("--ignore-default-filter", *_filter(binaries)),
        ]
        listing = call.run(
            ctx, ["cargo-nextest", "nextest", "list", "--message-format", "json", *common], runner
        )
        if not listing.ok:
            raise explain(listing, otherwise=gaterun.Reason.INCOMPLETE)
        try:
            listed = nextest.read_list(listing.stdout.read_bytes())
        except ValueError as error:
            raise gaterun.CannotMeasure(
                gaterun.Reason.PARSE_ERROR, f"nextest's list of tests is not understood: {error}"
            ) from error
        _check_list(listed, binaries)
        cases: list[nextest.Case] = []
        if listed.run:
            retries = ["--retries", str(call.retries)]
            completed = call.run(
                ctx,
                ["cargo-nextest", "nextest", "run", "--no-fail-fast", *retries, *common],
                runner,
            )
            cases = _read_cases(completed, junit)
    _check_cases(cases, listed, call.limit)
    ignored = [
        CaseOutcome(binary=binary, name=name, status=Status.IGNORED)
        for binary, _, name in (test.partition("$") for test in sorted(listed.ignored))
    ]
    return [*(case.outcome for case in cases), *ignored]
