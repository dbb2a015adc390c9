"""Cases on which the gate ``doc-numbers`` must be red, green, or without a verdict."""

from __future__ import annotations

from typing import Any

from gaterun import Control, Outcome, Reading, Unit, Value


def _reading(name: str, value: Value, unit: Unit = Unit.COUNT, why: str = "") -> Reading:
    return Reading(id=name, value=value, unit=unit, gate=name.partition(".")[0], why=why)


_MEASURED = (
    _reading("tests.executed", 630),
    _reading("tests.passed", 626),
    _reading("tests.failed", 4),
    _reading("clippy.warnings", 12),
    _reading("env-coverage.implemented", 93),
    _reading("env-coverage.required", 93),
    _reading("env-coverage.coverage", 1.0, Unit.RATIO),
    _reading("loc.removed", 1549),
    _reading("sccache.operational", True, Unit.BOOLEAN),
    _reading("sccache.cap", 10 << 30, Unit.BYTES),
)
_RED, _RULE = Outcome.FAIL, "contradiction"


def _case(
    name: str,
    expect: Outcome,
    text: str,
    *,
    file: str = "README.md",
    rule: str = "",
    measured: tuple[Reading, ...] = _MEASURED,
    **options: Any,
) -> Control:
    return Control(
        name=name, expect=expect, files={file: text}, rule=rule, measured=measured, options=options
    )


_RIGHT = """\
# Demo

[![tests](https://img.shields.io/badge/tests-630-green)](ci) **630 tests**, of which 626 tests pass
(626/630 tests), with fewer than 20 warnings and `93` environment variables. Over 1,500 lines
removed, 1 549 lines removed, about 1.5k lines removed.

| | |
|--|--|
| Tests | 630 |
| Clippy warnings | twelve |

```text
9 tests, 99 warnings
```

We came from 600 tests and from 55 warnings; ~~31 warnings~~.

## 1.9.0

601 tests.
"""
_HISTORY = (
    "# Changelog\n\n## [Unreleased]\n\n- 630 tests\n\n## [1.0.0] - 2025-01-01\n\n- 12 tests\n"
)

CONTROLS = (
    _case("says-what-was-measured", Outcome.PASS, _RIGHT),
    _case("tests-in-a-sentence", _RED, "All of it has 640 tests.\n", rule=_RULE),
    _case("badge", _RED, "![t](https://img.shields.io/badge/tests-640-green)\n", rule=_RULE),
    _case("table-row", _RED, "| | |\n|--|--|\n| Env vars | 91 |\n", rule=_RULE),
    _case("no-warnings-in-digits", _RED, "Clippy is clean: 0 warnings.\n", rule=_RULE),
    _case("at-least", _RED, "There are 650+ tests.\n", rule=_RULE),
    _case("thousands", _RED, "We removed 15,490 lines.\n", rule=_RULE),
    _case("one-of-two-numbers", _RED, "627 of 630 tests pass.\n", rule=_RULE),
    _case("heading", _RED, "# A tool with 640 tests\n\nWords.\n", rule=_RULE),
    _case("number-word", _RED, "It has eleven warnings.\n", rule=_RULE),
    _case(
        "stale-marker",
        _RED,
        "We have <!-- gaterun:value clippy.warnings -->55<!-- gaterun:end --> of them.\n",
        rule="stale-number",
    ),
    _case(
        "kept-by-a-marker",
        Outcome.PASS,
        "<!-- gaterun:value tests.executed -->630<!-- gaterun:end --> tests\n",
    ),
    _case("changelog-of-then", Outcome.PASS, _HISTORY, file="CHANGELOG.md"),
    _case(
        "changelog-of-now",
        _RED,
        _HISTORY.replace("630", "631"),
        file="CHANGELOG.md",
        rule=_RULE,
    ),
    _case(
        "own-words",
        _RED,
        "Builds share a cache of 20 GiB.\n",
        rule=_RULE,
        claims=[{"metric": "sccache.cap", "text": "cache of {}"}],
    ),
    _case(
        "own-words-right",
        Outcome.PASS,
        "Builds share a cache of 10 GiB, and sccache is in use.\n",
        claims=[
            {"metric": "sccache.cap", "text": "cache of {}"},
            {"metric": "sccache.operational", "text": "sccache is in use", "says": True},
        ],
    ),
    _case(
        "words-without-a-number",
        _RED,
        "The code is warning-free.\n",
        rule=_RULE,
        claims=[{"metric": "clippy.warnings", "text": "warning-free", "says": 0}],
    ),
    _case(
        "nobody-says-it",
        _RED,
        "630 tests\n",
        rule="unsaid",
        claims=[
            {"metric": "tests.executed"},
            {"metric": "clippy.warnings", "text": "{} lints"},
        ],
    ),
    _case("nothing-stated", Outcome.INCONCLUSIVE, "Words, and nothing else.\n"),
    _case("only-code", Outcome.INCONCLUSIVE, "```\n640 tests\n```\n"),
    _case(
        "not-measured",
        Outcome.INCONCLUSIVE,
        "12 warnings and 630 tests.\n",
        measured=(
            _reading("clippy.warnings", 12),
            _reading("tests.executed", None, why="tests is blocked"),
        ),
    ),
    _case(
        "wrong-and-not-measured",
        _RED,
        "13 warnings and 630 tests.\n",
        rule=_RULE,
        measured=(_reading("clippy.warnings", 12), _reading("tests.executed", None)),
    ),
    _case("nobody-measured", Outcome.INCONCLUSIVE, "630 tests\n", measured=()),
)
