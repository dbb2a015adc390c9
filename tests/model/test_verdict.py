from __future__ import annotations

import itertools

import pytest

from gaterun.core.run_verdict import verdict_of
from gaterun.model.record import GateResult
from gaterun.model.verdict import PRECEDENCE, ExitCode, Outcome, Reason, Verdict, exit_code

#: The documented order, written out again: 4, 3, 2, 1, 7, 6, 5, 0.
ORDER = (4, 3, 2, 1, 7, 6, 5, 0)


def test_precedence_is_the_documented_one() -> None:
    assert tuple(int(code) for code in PRECEDENCE) == ORDER
    assert set(PRECEDENCE) == set(ExitCode)


@pytest.mark.parametrize(("stronger", "weaker"), list(itertools.combinations(ORDER, 2)))
def test_the_stronger_wins_in_any_order(stronger: int, weaker: int) -> None:
    assert exit_code([ExitCode(stronger), ExitCode(weaker)]) == stronger
    assert exit_code([ExitCode(weaker), ExitCode(stronger)]) == stronger


def test_nothing_is_ok() -> None:
    assert exit_code([]) is ExitCode.OK


def test_the_numbers_are_pytests() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "INTERRUPTED": 2,
        "INTERNAL_ERROR": 3,
        "USAGE_ERROR": 4,
        "NO_GATES": 5,
        "MAX_WARNINGS": 6,
        "NO_VERDICT": 7,
    }
    Pytest = pytest.ExitCode  # noqa: N806

    assert Pytest.INTERRUPTED.value == ExitCode.INTERRUPTED
    assert Pytest.NO_TESTS_COLLECTED.value == ExitCode.NO_GATES
    assert Pytest.USAGE_ERROR.value == ExitCode.USAGE_ERROR


def test_reason_codes_are_the_documented_ones() -> None:
    documented = (
        "tool-missing, tool-version, timeout, crashed, build-failed, incomplete, no-input, "
        "below-floor, undecided, not-comparable, noise, baseline-missing, baseline-stale, "
        "dirty-tree, tree-changed, parse-error, worker-lost, wrong-tree"
    )
    assert {reason.value for reason in Reason} == set(documented.split(", "))


def result(outcome: Outcome, *, blocking: bool = True) -> GateResult:
    return GateResult(
        node_id="1::g",
        task="1",
        gate="g",
        title="",
        verdict=Verdict(outcome=outcome),
        blocking=blocking,
    )


B = [(outcome, True) for outcome in Outcome]
PASS, FAIL, NONE, BLOCKED, SKIPPED, WAIVED = Outcome


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([(PASS, True)], 0),
        ([(WAIVED, True)], 0),
        ([(FAIL, True)], 1),
        ([(NONE, True)], 7),
        ([(SKIPPED, True)], 5),
        ([], 5),
        ([(PASS, True), (SKIPPED, True)], 0),
        ([(FAIL, False)], 0),
        ([(NONE, False)], 0),
        ([(FAIL, True), (NONE, True)], 1),
        ([(NONE, True), (PASS, True)], 7),
        ([(FAIL, True), (BLOCKED, True)], 1),
        ([(NONE, True), (BLOCKED, True)], 7),
        ([(FAIL, False), (NONE, True)], 7),
        ([(SKIPPED, True), (FAIL, False)], 0),
    ],
)
def test_exit_code_of_a_run(results: list[tuple[Outcome, bool]], expected: int) -> None:
    found = verdict_of([result(outcome, blocking=blocking) for outcome, blocking in results])
    assert found == expected


@pytest.mark.parametrize(("allowed", "expected"), [(None, 0), (2, 0), (1, 6), (0, 6)])
def test_advisory_failures_over_the_limit(allowed: int | None, expected: int) -> None:
    results = [result(FAIL, blocking=False), result(NONE, blocking=False), result(PASS)]
    assert verdict_of(results, max_warnings=allowed) == expected


def test_interrupted_beats_failed_and_failed_beats_warnings() -> None:
    results = [result(FAIL), result(FAIL, blocking=False)]
    assert verdict_of(results, interrupted=True, max_warnings=0) == 2
    assert verdict_of(results, max_warnings=0) == 1


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not PASS])
def test_nothing_but_pass_and_waived_is_green_alone(outcome: Outcome) -> None:
    assert (verdict_of([result(outcome)]) == 0) is (outcome in {WAIVED, BLOCKED})
