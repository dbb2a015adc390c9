"""SARIF against the real schema, and what GitHub's limits leave."""

from __future__ import annotations

import gzip
import io
import json
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema  # type: ignore[import-untyped]
from hypothesis import given, settings
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.model.finding import Finding
from gaterun.model.record import RunRecord
from gaterun.reporters import sarif
from gaterun.reporters.issues import issues

from .nasty import records
from .published import published
from .sample import CLIPPY, HARDCODED, RECORD
from .told import written


@cache
def validator() -> Any:
    schema = json.loads(published("sarif-schema-2.1.0.json").read_text("utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def document(record: RunRecord = RECORD) -> Any:
    return json.loads(written(sarif, record))


def test_golden(golden: SnapshotAssertion) -> None:
    assert written(sarif) == golden


def test_it_is_valid() -> None:
    validator().validate(document())


def test_the_schema_refuses_what_is_not_sarif() -> None:
    """So that the test above is known to be able to fail."""
    broken = document()
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator().is_valid(broken)


def test_every_finding_and_every_other_failure_is_a_result() -> None:
    (run,) = document()["runs"]
    assert len(run["results"]) == len(issues(RECORD))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    of_gates = [result for result in run["results"] if result["ruleId"].startswith("gaterun/")]
    gates = {result["properties"]["gate"] for result in of_gates}
    assert gates == {"7.1::build-time", "7.3::tests", "7.2::loc", "7.2::hardcoded"}


def test_the_same_verdicts_give_the_same_bytes_at_another_time() -> None:
    later = replace(RECORD, id="another", started=RECORD.started + 1e6, seconds=3.0)
    assert written(sarif, later) == written(sarif)


def test_a_waived_finding_is_suppressed() -> None:
    finding = Finding(rule="url", message="http://x", path="a.rs", line=3)
    results = (replace(HARDCODED, findings=(finding,)),)
    (result,) = document(replace(RECORD, results=results))["runs"][0]["results"]
    (suppression,) = result["suppressions"]
    assert suppression["kind"] == "external"
    assert "waived" in suppression["justification"]


def many(number: int) -> RunRecord:
    findings = tuple(
        Finding(rule=f"r{n % 50}", message=f"{n:x} is wrong", path=f"src/{n}.rs", line=1)
        for n in range(number)
    )
    return replace(RECORD, results=(replace(CLIPPY, findings=findings),))


def test_what_github_would_not_take_is_left_out_and_told() -> None:
    (run,) = document(many(sarif.RESULTS + 10))["runs"]
    assert len(run["results"]) == sarif.RESULTS
    (told, *_) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("10 results are left out")
    assert told["level"] == "error"


def test_the_compressed_file_stays_within_its_limit() -> None:
    stream = io.StringIO()
    sarif.write(many(5000), stream, compressed=50_000)
    text = stream.getvalue()
    (run,) = json.loads(text)["runs"]
    assert 0 < len(run["results"]) < 5000
    assert len(gzip.compress(text.encode())) < 50_000
    left = 5000 - len(run["results"])
    told = run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert told.startswith(f"{left:,} results are left out")


def test_a_run_without_verdict_was_not_successful() -> None:
    assert document()["runs"][0]["invocations"][0]["executionSuccessful"] is True
    cut = document(replace(RECORD, interrupted=True))
    assert cut["runs"][0]["invocations"][0]["executionSuccessful"] is False


@settings(max_examples=60, deadline=None)
@given(records())
def test_any_text_is_valid(record: RunRecord) -> None:
    text = written(sarif, record)
    assert text.encode("utf-8")
    found = json.loads(text)
    (run,) = found["runs"]
    for result, issue in zip(run["results"], issues(record), strict=True):
        (location,) = result["locations"]
        place = location["physicalLocation"]["artifactLocation"]["uri"]
        assert place.isascii()
        assert ":" not in place
        assert not place.startswith("/")
        assert unquote_to_bytes(place) in {
            issue.path.encode("utf-8", "surrogateescape" if part else "replace")
            for part in (0, 1)
            if not part or not _is_broken(issue.path)
        }
    validator().validate(found)


def _is_broken(path: str) -> bool:
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return True
    return False
