"""Two thousand runs with junk in every text and number, each written in every format and read again.

What has to hold is what the properties of the formats say, which are tested beside each with records
that Hypothesis makes. Those look for small counterexamples, these go far: whole texts of escape sequences,
markup and commands, numbers at every edge. The same seeds give the same runs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from gaterun.model.command import Evidence
from gaterun.model.finding import Finding, Severity
from gaterun.model.metric import Better, Measured, Unit, Value
from gaterun.model.record import GateResult, MetricRecord, RunRecord
from gaterun.model.verdict import Check, Outcome, Reason, Verdict

from . import (
    nasty,
    test_github,
    test_gitlab,
    test_html,
    test_json,
    test_junit,
    test_markdown,
    test_openmetrics,
    test_sarif,
)
from .sample import RECORD, STARTED

ROUNDS, PARTS = 2000, 4

_NUMBERS: tuple[int | float, ...] = (
    0, 1, -1, 12, 10**6, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**400,
    0.0, -0.0, 0.1, 1e-9, 5e-324, 1e22, 1.7976931348623157e308, -1e300,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
_MORE = (
    "::error::x", "::set-output name=a::b", "##[error]", "<script>alert(1)</script>", "<img src=x onerror=1>",
    "</style>", "javascript:x", "../../etc/passwd", "C:\\x", "a b/ü?#%2f.rs", "]]>", "# EOF\n", '"}\n', "{{x}}",
    "\x1b[2J\x1b[H", "\x1b]0;t\x07", "\x85", "\ufeff", "\U0010ffff", "%0A", "%25", "$(id)", "`id`", "'; --",
)  # fmt: skip


def inner(test: Any) -> Callable[..., None]:
    """What a property checks, without what makes its examples."""
    found: Callable[..., None] = test.hypothesis.inner_test
    return found


CHECKS: Mapping[str, Callable[[RunRecord], None]] = {
    "github": inner(test_github.test_no_text_adds_a_command),
    "gitlab": inner(test_gitlab.test_any_text_is_read_whole),
    "html": inner(test_html.test_no_text_breaks_out),
    "json": inner(test_json.test_the_short_way_writes_the_same),
    "junit": inner(test_junit.test_any_text_gives_a_file_that_all_read),
    "md": inner(test_markdown.test_any_text_keeps_the_table_of_gates),
    "sarif": inner(test_sarif.test_any_text_is_valid),
}
PARSE = test_openmetrics.PARSERS.args[1][0]


class Junk:
    """Makes runs, the same ones from the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def record(self) -> RunRecord:
        gates = {result.node_id: result for result in self._some(self._result, 3)}
        return replace(
            RECORD,
            phase=self._text(),
            title=self._text(),
            root=self._text(),
            argv=(self._text(),),
            tasks={self._text(): self._text()},
            environment={self._text(): self._text()},
            results=tuple(gates.values()),
            seconds=float(self._pick([0.0, 1e-9, 1e6, float("nan"), float("inf"), -1.0])),
            warnings=tuple(self._some(self._text, 2)),
            policy=None,
        )

    def _pick(self, among: Any) -> Any:
        return self._random.choice(tuple(among))

    def _some(self, make: Callable[[], Any], most: int) -> Iterator[Any]:
        return (make() for _ in range(self._random.randint(0, most)))

    def _text(self) -> str:
        pieces = self._random.choices((*nasty.PIECES, *_MORE), k=self._random.randint(0, 8))
        pieces += map(chr, self._random.choices(range(0x110000), k=self._random.randint(0, 3)))
        self._random.shuffle(pieces)
        return "".join(pieces)

    def _value(self) -> Value:
        value: Value = self._pick([*_NUMBERS, None, True, False, self._text()])
        return value

    def _float(self) -> float:
        return self._random.choice([float(number) for number in _NUMBERS if abs(number) < 1e308])

    def _check(self) -> Check:
        return Check(
            condition=self._text(),
            metric=self._text(),
            actual=self._value(),
            baseline=self._value(),
            target=self._text(),
            distance=self._text(),
            holds=self._pick([True, False, None]),
            why=self._text(),
            reason=self._pick([None, *Reason]),
        )

    def _finding(self) -> Finding:
        return Finding(
            rule=self._text(),
            message=self._text(),
            path=self._text(),
            line=self._pick([-1, 0, 1, 10**6]),
            column=self._pick([-1, 0, 1, 300]),
            severity=self._pick(Severity),
            help=self._text(),
        )

    def _metric(self) -> MetricRecord:
        return MetricRecord(
            unit=self._pick(Unit),
            better=self._pick(Better),
            host_bound=self._pick([True, False]),
            measured=Measured(
                value=self._value(), why=self._text(), breakdown={self._text(): self._float()}
            ),
            help=self._text(),
        )

    def _result(self) -> GateResult:
        outcome = self._pick(Outcome)
        task = self._text()
        return GateResult(
            node_id=f"{task}::{self._text()}",
            task=task,
            gate=self._text(),
            title=self._text(),
            verdict=Verdict(
                outcome=outcome,
                message=self._text(),
                reason=self._pick(Reason) if outcome is Outcome.INCONCLUSIVE else None,
                help=self._text(),
                checks=tuple(self._some(self._check, 2)),
            ),
            blocking=self._pick([True, False]),
            flaky=self._pick([True, False]),
            blocked_by=self._text(),
            metrics={self._text(): self._metric() for _ in range(2)},
            inspected={self._text(): 3},
            findings=tuple(self._some(self._finding, 3)),
            notes=tuple(self._some(self._text, 2)),
            evidence=(
                Evidence(
                    argv=(self._text(),), cwd="", exit_status=1, seconds=0.1, log=self._text()
                ),
            ),
            file=self._text(),
            line=self._pick([-1, 0, 7]),
            started=self._pick([0.0, STARTED, float("nan"), 1e300]),
            seconds=self._pick([0.0, 1e-9, 1.5, -1.0, float("nan"), float("inf")]),
            repeat=self._text(),
        )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_junk(part: int) -> None:
    parse_properties = inner(test_openmetrics.test_any_text_can_be_parsed)
    for seed in range(part, ROUNDS, PARTS):
        record = Junk(seed).record()
        for name, check in CHECKS.items():
            try:
                check(record)
            except Exception as error:
                error.add_note(f"seed {seed}, format {name}")
                raise
        parse_properties(parse=PARSE, record=record)


def test_the_same_seed_makes_the_same_run() -> None:
    assert repr(Junk(7).record()) == repr(Junk(7).record()) != repr(Junk(8).record())
