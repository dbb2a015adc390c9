"""The gate doc-numbers: what documents state, held against what other gates have measured."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaterun
from gaterun import Reading, Unit
from gaterun.model.errors import UsageError
from gaterun.testing import measure_gate
from gaterun_gates.doc_numbers import GATE
from gaterun_gates.prose.numerals import amount
from gaterun_gates.prose.wordings import SHIPPED, blanks, pattern

MEASURED = (
    Reading(id="tests.executed", gate="tests", value=1630),
    Reading(id="tests.passed", gate="tests", value=1626),
    Reading(id="clippy.warnings", gate="clippy", value=12),
    Reading(id="loc.removed", gate="loc", value=549),
    Reading(id="build-time.gain", gate="build-time", value=0.314, unit=Unit.RATIO),
    Reading(id="tests.duration", gate="tests", value=78.25, unit=Unit.SECONDS),
    Reading(id="sccache.cap", gate="sccache", value=10 << 30, unit=Unit.BYTES),
    Reading(id="sccache.source", gate="sccache", value=".cargo/config.toml", unit=Unit.TEXT),
)
PHASE = """
[phase]
[task.1]
[[task.1.gate]]
use = "value"
file = "n.txt"
require = "n < 20"
[task.2]
[[task.2.gate]]
use = "doc-numbers"
claims = [{ metric = "value.n", text = "{} things" }]
"""
#: A task that waits for the gate which waits for the others.
MORE = """
[task.3]
needs = ["2"]
[[task.3.gate]]
use = "value"
number = 3
require = "n < 20"
[[task.3.gate]]
use = "doc-numbers"
claims = [{ metric = "1::value.n", text = "{} things" }]
"""


def measure(root: Path, text: str, *, file: str = "README.md", **options: Any) -> Any:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text, "utf-8")
    return measure_gate(GATE, root, options=options, measured=MEASURED)


def said(measurement: gaterun.Measurement) -> list[tuple[int | None, str]]:
    return [(finding.line, finding.message) for finding in measurement.findings]


def _amount(text: str, unit: Unit = Unit.COUNT) -> Any:
    found = pattern("{} x").search(f"{text} x")
    return found and amount(f"{text} x", *found.span(1), unit)


@given(
    number=st.integers(0, 10**12),
    separator=st.sampled_from(["", ",", ".", "_", "'", "’", " ", "\u00a0", "\u2009", "\u202f"]),
)
def test_an_integer_is_itself_however_it_is_grouped(number: int, separator: str) -> None:
    read = _amount(f"{number:,}".replace(",", separator))
    assert read.agrees(number)
    # The last group can stand alone where a space separates: "phase 7 630 x".
    if separator != " ":
        assert not read.agrees(number + 1)
        assert number < 1000 or not read.agrees(number % 1000 + (number % 1000 == number))


@given(st.decimals(0, 10**6, places=3), st.integers(0, 3))
def test_a_number_is_compared_as_precisely_as_it_is_written(value: Decimal, places: int) -> None:
    written = f"{value:.{places}f}"
    step = Decimal(10) ** -places
    read = _amount(written, Unit.SECONDS)
    assert read.agrees(float(written))
    if places == 3 and value >= 1:
        return  # 1.234 can be a thousand
    assert not read.agrees(float(Decimal(written) + step))


@pytest.mark.parametrize(
    ("text", "unit", "right", "wrong"),
    [
        ("12", Unit.COUNT, 12, 12.5),
        ("1.2k", Unit.COUNT, 1249, 1251),
        ("twelve", Unit.COUNT, 12, 13),
        ("-3", Unit.COUNT, -3, 3),
        ("at least 12", Unit.COUNT, 12, 11),
        ("over 12", Unit.COUNT, 13, 12),
        ("no more than 12", Unit.COUNT, 12, 13),
        ("more than 12", Unit.COUNT, 13, 12),
        ("fewer than 20", Unit.COUNT, 19, 20),
        ("< 20", Unit.COUNT, 19, 20),
        ("≥ 20", Unit.COUNT, 20, 19),
        ("12+", Unit.COUNT, 40, 11),
        ("~500", Unit.COUNT, 549, 551),
        ("about 500", Unit.COUNT, 450, 449),
        ("25-40 %", Unit.RATIO, 0.314, 0.41),
        ("25 to 40%", Unit.RATIO, 0.25, 0.24),
        ("31.4 %", Unit.RATIO, 0.314, 0.315),
        ("10 GiB", Unit.BYTES, 10 << 30, 10**10),
        ("10GB", Unit.BYTES, 10**10, 10 << 30),
        ("2 min", Unit.SECONDS, 120, 119),
        ("300ms", Unit.SECONDS, 0.3, 300),
    ],
)
def test_what_a_number_means(text: str, unit: Unit, right: float, wrong: float) -> None:
    read = _amount(text, unit)
    words = f"{text} x"
    if read is None:  # words before it are no part of the number
        found = pattern("{} x").search(words)
        assert found
        read = amount(words, *found.span(1), unit)
    assert read.agrees(right)
    assert not read.agrees(wrong)


@pytest.mark.parametrize("text", ["5%", "5 GiB", "v2.5", "1.2.5", "#5", "a-5", "x5", "/5", "2:5"])
def test_what_is_no_count(text: str) -> None:
    assert _amount(text) is None


def test_every_shipped_wording_finds_what_it_says() -> None:
    for wording in SHIPPED:
        text = wording.text.replace("{}", "7")
        found = pattern(wording.text, wording.unless).fullmatch(text)
        assert found, wording.text
        assert len(found.groups()) == blanks(wording.text) == len(wording.metrics)


@pytest.mark.parametrize(
    "text",
    [
        "1,630 tests",
        "1 630 tests",
        "1.6k tests",
        "**1630** tests",
        "[1630 tests](https://ci.invalid/630)",
        "`1630` tests",
        "1630\ntests",
        "1630&nbsp;tests",
        "1,626/1,630 tests",
        "1626 of 1630 tests pass",
        "1626 tests pass, 12 warnings",
        "- [x] 1630 tests",
        "> 1630 tests",
        "| Tests | 1630 |\n|--|--|\n| Clippy warnings | 12 |",
        "![tests](https://img.shields.io/badge/tests-1630-green)",
        "![](https://img.shields.io/badge/tests-1626%20passing-green.svg)",
        "![](https://img.shields.io/static/v1?label=tests&message=1630&color=green)",
        "Warnings went from 55 warnings to 12 warnings.",
        "<p>1630 <b>tests</b></p>",
    ],
)
def test_right_statements(tmp_path: Path, text: str) -> None:
    measurement = measure(tmp_path, text + "\n")
    assert said(measurement) == []
    assert measurement.metrics["contradictions"] == 0
    assert measurement.metrics["statements"] > 0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n\nand 1,631 tests\n", 3, "says '1,631 tests', measured: tests.executed is 1630"),
        ("a\n1631\ntests\n", 2, "says '1631 tests', measured: tests.executed is 1630"),
        ("over 1630 tests\n", 1, "says 'over 1630 tests', measured: tests.executed is 1630"),
        ("1627/1630 tests\n", 1, "says '1627/1630 tests', measured: tests.passed is 1626"),
        (
            "| Lines removed | 600 |\n|-|-|\n",
            1,
            "says 'Lines removed: 600', measured: loc.removed is 549",
        ),
        (
            "![](https://img.shields.io/badge/tests-99%20passing-green)\n",
            1,
            "says 'tests: 99 passing', measured: tests.passed is 1626",
        ),
        (
            "# 1.0 was fine\n\n# Now 13 warnings\n",
            3,
            "says '13 warnings', measured: clippy.warnings is 12",
        ),
    ],
)
def test_contradictions(tmp_path: Path, text: str, line: int, message: str) -> None:
    measurement = measure(tmp_path, text)
    assert said(measurement) == [(line, message)]
    assert measurement.metrics["contradictions"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "```\n99 tests\n```",
        "    99 tests",
        "`99 tests`",
        "<!-- 99 tests -->",
        "~~99 tests~~",
        "[x](https://a.invalid/99-tests)",
        "99 tests were added",
        "99 testsuites, issue #99 tests, v1.99 tests",
        "| Tests | 600 | 99 |\n|-|-|-|",
        "<!-- gaterun:begin p -->\n99 tests\n\n99 warnings\n<!-- gaterun:end -->",
    ],
)
def test_what_is_not_read(tmp_path: Path, text: str) -> None:
    measurement = measure(tmp_path, f"12 warnings\n\n{text}\n")
    assert measurement.metrics["statements"] == 1
    assert said(measurement) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("CHANGELOG.md", "# Changelog\n\n## [1.0.0] - 2025-01-01\n\n### Added\n\n- 99 tests\n"),
        ("docs/release-notes/1.0.md", "# Notes\n\n99 tests\n"),
        ("README.md", "# A\n\n## v1.9\n\n99 tests\n\n### More\n\n98 warnings\n"),
        ("README.md", "# A\n\n## Report of 2025-01-01\n\n99 tests\n"),
        ("README.md", "It had 99 tests. Target: 99 tests. Down from 99 warnings.\n"),
    ],
)
def test_what_speaks_of_another_time(tmp_path: Path, file: str, text: str) -> None:
    measurement = measure(tmp_path, text, file=file)
    assert said(measurement) == []
    assert measurement.metrics["then"] >= 1
    assert sum(measurement.inspected.values()) == 0, "compared with nothing, so no verdict"


def test_the_section_of_this_release_speaks_of_now(tmp_path: Path) -> None:
    text = "# Changelog\n\n## [2.0.0] - 2026-01-01\n\n- 99 tests\n\n## [1.0.0]\n\n- 9 tests\n"
    assert measure(tmp_path, text, file="CHANGELOG.md").metrics["contradictions"] == 0
    measurement = measure(tmp_path, text, file="CHANGELOG.md", version="2.0.0")
    assert said(measurement) == [(5, "says '99 tests', measured: tests.executed is 1630")]


def test_a_heading_after_a_release_speaks_of_now_again(tmp_path: Path) -> None:
    measurement = measure(tmp_path, "# A\n\n## 1.9.0\n\n9 tests\n\n## Now\n\n99 tests\n")
    assert said(measurement) == [(9, "says '99 tests', measured: tests.executed is 1630")]


def test_markers(tmp_path: Path) -> None:
    mark = "<!-- gaterun:value {} -->{}<!-- gaterun:end -->"
    text = "\n\n".join(
        mark.format(*pair)
        for pair in [
            ("tests.executed", "1,630"),
            ("build-time.gain", "31.4 %"),
            ("sccache.cap", "10 GiB"),
            ("sccache.source", ".cargo/config.toml"),
            ("clippy.warnings", "13"),
            ("sccache.source", "the environment"),
            ("clippy.warning", "12"),
        ]
    )
    measurement = measure(tmp_path, f"See `{mark.format('a.b', 1)}`.\n\n{text}\n")
    assert said(measurement) == [
        (11, "says '13', measured: clippy.warnings is 12"),
        (13, "says 'the environment', measured: sccache.source is .cargo/config.toml"),
        (15, "says '12', no gate of this phase measures 'clippy.warning'"),
    ]
    assert measurement.findings[0].help == "`gaterun report PHASE --numbers README.md` writes it"


@pytest.mark.parametrize("name", ["README.md", "README.txt"])
def test_what_is_too_long_to_be_a_sentence_is_counted(tmp_path: Path, name: str) -> None:
    text = "1626 tests pass.\n\n" + "x " * 20_000
    measured = measure(tmp_path, text, file=name, files=("README.*",))
    assert "1 paragraph(s) too long to be sentences, not read" in measured.notes


def test_two_gates_of_a_kind_and_one_that_agrees_is_enough(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("7 tests, and 9 tests\n")
    measured = [Reading(id=f"{task}::tests.executed", gate="tests", value=task) for task in (7, 8)]
    measurement = measure_gate(GATE, tmp_path, measured=measured)
    assert said(measurement) == [
        (1, "says '9 tests', measured: 7::tests.executed is 7 and 8::tests.executed is 8")
    ]


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"metric": ""}, "names its metric"),
        ({"metric": "a.b", "text": "none", "says": 0, "more": 1}, "more"),
        ({"metric": "a.b", "text": "no blank"}, "0 times {} for 1 metric"),
        ({"metric": "a.b", "text": "{} of {}"}, "2 times {} for 1 metric"),
        ({"metric": ["a.b", "a.c"]}, "several metrics needs a text"),
        ({"metric": "a.b", "says": 0}, "'says' goes with a text"),
        ({"metric": "a.b", "text": "{} things", "says": 1}, "with 'says' it has none"),
        ({"metric": "a.b", "text": " "}, "is empty"),
    ],
)
def test_claims_that_cannot_be(tmp_path: Path, claim: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=r"claims|has no option|a claim|says|text|times") as told:
        measure(tmp_path, "", claims=[claim])
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("metric", "message"),
    [("tests.excuted", "did you mean 'tests.executed'"), ("sccache.cap", "text = ")],
)
def test_a_claim_about_nothing_known(tmp_path: Path, metric: str, message: str) -> None:
    with pytest.raises(gaterun.CannotMeasure) as told:
        measure(tmp_path, "1 x\n", claims=[{"metric": metric}])
    assert message in told.value.help


@pytest.mark.parametrize(
    "junk", ["\x00\x1b[31m", "[" * 3000, "*" * 3000, "<" * 3000, "1,234" * 3000]
)
def test_junk_is_read_in_no_time(tmp_path: Path, junk: str) -> None:
    measurement = measure(tmp_path, f"{junk}\n\n12 warnings\n")
    assert measurement.metrics["contradictions"] == 0


class TestInARun:
    """As a gate of a phase beside others, with the fake gates."""

    @pytest.fixture
    def ours(self, project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
        plugins = os.environ["GATERUN_PLUGINS"].split(",")
        monkeypatch.setenv("GATERUN_PLUGINS", ",".join(p for p in plugins if p != "no:doc-numbers"))
        project.write({"n.txt": "3", "README.md": "It has 3 things.\n"})
        project.phase(PHASE)
        return project

    def test_it_is_measured_last_and_agrees(self, ours: Any) -> None:
        ran = ours.run("p", "-j", "4")
        assert ran.outcomes == {"1::value": "pass", "2::doc-numbers": "pass"}

    def test_it_contradicts(self, ours: Any) -> None:
        ours.write({"n.txt": "4"})
        ran = ours.run("p")
        assert ran.code == 1
        assert ran.outcomes["2::doc-numbers"] == "fail"
        assert "README.md:1" in ran.out
        assert "says '3 things', measured: value.n is 4" in ran.out

    def test_a_gate_that_fails_has_measured_all_the_same(self, ours: Any) -> None:
        ours.write({"n.txt": "40", "README.md": "It has 40 things.\n"})
        assert ours.run("p").outcomes == {"1::value": "fail", "2::doc-numbers": "pass"}

    def test_what_was_not_measured_is_no_pass(self, ours: Any) -> None:
        ours.phase(PHASE.replace('file = "n.txt"', ""))
        ran = ours.run("p")
        assert ran.outcomes["2::doc-numbers"] == "undecided"
        message = ran.results["2::doc-numbers"].verdict.message
        assert "README.md:1 '3 things': value.n has no value" in message

    def test_what_reached_no_verdict_has_measured_nothing(self, ours: Any) -> None:
        ours.phase(PHASE.replace('file = "n.txt"', 'file = "n.txt"\nratchet = "n"'))
        ran = ours.run("p")
        assert ran.outcomes == {"1::value": "baseline-missing", "2::doc-numbers": "undecided"}
        message = ran.results["2::doc-numbers"].verdict.message
        assert "1::value has reached no verdict" in message

    def test_by_itself_it_has_what_was_recorded_of_this_tree(self, ours: Any) -> None:
        ours.commit()
        alone = ours.run("p", "doc-numbers")
        assert alone.outcomes == {"2::doc-numbers": "undecided"}
        assert "it was never measured here" in alone.results["2::doc-numbers"].verdict.message
        assert ours.run("p").code == 0
        assert ours.run("p", "doc-numbers").outcomes == {"2::doc-numbers": "pass"}
        ours.write({"n.txt": "5"})
        stale = ours.run("p", "doc-numbers")
        assert stale.outcomes == {"2::doc-numbers": "undecided"}
        message = stale.results["2::doc-numbers"].verdict.message
        assert "its last measurement is stale" in message

    def test_a_change_of_a_number_is_seen_though_nothing_else_has_changed(self, ours: Any) -> None:
        ours.commit()
        assert ours.run("p").code == 0
        ours.write({"README.md": "It has 30 things.\n"})
        assert ours.run("p").outcomes["2::doc-numbers"] == "fail"

    def test_it_is_measured_again_whatever_the_phase_says_of_its_inputs(self, ours: Any) -> None:
        ours.phase(PHASE.replace('"doc-numbers"', '"doc-numbers"\ninputs = ["README.md"]'))
        ours.commit()
        assert ours.run("p").code == 0
        ours.write({"n.txt": "4"})
        assert ours.run("p").outcomes == {"1::value": "pass", "2::doc-numbers": "fail"}

    def test_what_waits_for_it_is_not_waited_for(self, ours: Any) -> None:
        ours.phase(PHASE.replace('"value.n"', '"1::value.n"') + MORE)
        ran = ours.run("p")
        assert set(ran.outcomes.values()) == {"pass"}
        assert len(ran.outcomes) == 4

    def test_a_gate_that_does_not_say_so_is_told_nothing(self, tmp_path: Path) -> None:
        def nosy(ctx: gaterun.Context) -> gaterun.Measurement:
            return gaterun.Measurement(metrics={}, inspected={"x": len(ctx.measured)})

        gate = gaterun.Gate(name="nosy", title="Nosy", metrics=(), measure=nosy)
        with pytest.raises(gaterun.CannotMeasure, match="does not say after_others"):
            measure_gate(gate, tmp_path)
