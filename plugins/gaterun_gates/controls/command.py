"""Cases on which the gate ``command`` must be red, green, or without a verdict."""

from __future__ import annotations

from typing import Any

from gaterun import Control, Outcome

_TEXT = {
    "ok.json": '{"summary": {"failed": 0}, "items": []}',
    "bad.json": '{"summary": {"failed": 2}, "items": [1, 2]}',
    "no.json": "everything is fine\n",
    "nan.json": '{"summary": {"failed": NaN}}',
    "ok.xml": '<testsuite tests="1"><testcase classname="a" name="b"/></testsuite>',
    "bad.xml": '<testsuite><testcase name="b"><failure message="no"/></testcase></testsuite>',
    "none.xml": '<testsuites tests="0"/>',
    "part.xml": '<testsuite tests="630"><testcase name="b"/></testsuite>',
    "bomb.xml": '<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>',
    "bad.sarif": (
        '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": '
        '[{"ruleId": "r1", "message": {"text": "no"}}]}]}'
    ),
    "broken.sarif": (
        '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [], '
        '"invocations": [{"executionSuccessful": false}]}]}'
    ),
    "coverage.txt": "TOTAL coverage: 81.5%\n",
    "lint.txt": "src/lib.rs:3:7: E1 too long\n",
}


def _case(
    name: str, expect: Outcome, argv: list[str], require: str = "", rule: str = "", **options: Any
) -> Control:
    conditions = {"require": [require]} if require else {}
    return Control(
        name=name,
        expect=expect,
        files=_TEXT,
        options={"argv": argv, **options, **conditions},
        rule=rule,
    )


def _cat(
    name: str, expect: Outcome, file: str, require: str, rule: str = "", **options: Any
) -> Control:
    return _case(name, expect, ["cat", file], require, rule, **options)


_JSON = {"parse": "json", "path": "summary.failed"}
_COVERAGE = {"parse": "regex", "pattern": r"coverage: ([0-9.]+)%"}
_LINT = {
    "parse": "regex",
    "pattern": r"^(?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<rule>\w+) (?P<message>.+)$",
}

CONTROLS = (
    _case("exits-with-0", Outcome.PASS, ["true"]),
    _case("exits-with-1", Outcome.FAIL, ["false"]),
    _case("not-there", Outcome.INCONCLUSIVE, ["gaterun-no-such-program"]),
    _case("killed", Outcome.INCONCLUSIVE, ["sh", "-c", "kill -9 $$"]),
    _cat("json-zero", Outcome.PASS, "ok.json", "value == 0", **_JSON),
    _cat("json-two", Outcome.FAIL, "bad.json", "value == 0", **_JSON),
    _cat("json-count", Outcome.FAIL, "bad.json", "value == 0", parse="json", path="items[*]"),
    _cat("json-is-prose", Outcome.INCONCLUSIVE, "no.json", "value == 0", **_JSON),
    _cat("json-not-a-number", Outcome.INCONCLUSIVE, "nan.json", "value == 0", **_JSON),
    _cat(
        "json-no-such-key", Outcome.INCONCLUSIVE, "ok.json", "value == 0", parse="json", path="a.b"
    ),
    _cat("json-cat-fails", Outcome.INCONCLUSIVE, "missing.json", "value == 0", **_JSON),
    _cat("regex-value", Outcome.PASS, "coverage.txt", "value >= 80", **_COVERAGE),
    _cat("regex-too-low", Outcome.FAIL, "coverage.txt", "value >= 90", **_COVERAGE),
    _cat("regex-matches-nothing", Outcome.INCONCLUSIVE, "lint.txt", "value < 1", **_COVERAGE),
    _cat("regex-findings", Outcome.FAIL, "lint.txt", "findings == 0", "E1", **_LINT),
    _case(
        "regex-findings-unseen",
        Outcome.INCONCLUSIVE,
        ["sh", "-c", "echo 1 problem; exit 1"],
        "findings == 0",
        ok_exit=[0, 1],
        **_LINT,
    ),
    _case("lines-none", Outcome.PASS, ["true"], "findings == 0", parse="lines"),
    _cat("lines-one", Outcome.FAIL, "lint.txt", "findings == 0", "cat", parse="lines"),
    _cat("junit-passes", Outcome.PASS, "ok.xml", "failures == 0", parse="junit"),
    _cat("junit-fails", Outcome.FAIL, "bad.xml", "failures == 0", "failure", parse="junit"),
    _cat("junit-no-tests", Outcome.INCONCLUSIVE, "none.xml", "failures == 0", parse="junit"),
    _cat("junit-a-part", Outcome.INCONCLUSIVE, "part.xml", "failures == 0", parse="junit"),
    _cat("junit-entities", Outcome.INCONCLUSIVE, "bomb.xml", "failures == 0", parse="junit"),
    _cat("sarif-result", Outcome.FAIL, "bad.sarif", "findings == 0", "r1", parse="sarif"),
    _cat("sarif-broken", Outcome.INCONCLUSIVE, "broken.sarif", "findings == 0", parse="sarif"),
    _case(
        "file-left-as-it-was",
        Outcome.INCONCLUSIVE,
        ["true"],
        "value == 0",
        file="ok.json",
        **_JSON,
    ),
    _case(
        "file-written",
        Outcome.PASS,
        ["cp", "ok.json", "new.json"],
        "value == 0",
        file="new.json",
        **_JSON,
    ),
)
