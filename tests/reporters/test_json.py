"""The run record and the metrics document."""

from __future__ import annotations

import io
import json
import math

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.model import metrics_document
from gaterun.model.metric import Measured
from gaterun.model.metrics_document import MetricsDocument, MetricStatus
from gaterun.model.record import RunRecord
from gaterun.model.report import Style
from gaterun.reporters import encode
from gaterun.reporters import json as json_reporter

from .nasty import records
from .sample import CLIPPY, POLICY, RECORD, WEAKENED, events, metric


def written(name: str, record: RunRecord = RECORD) -> str:
    reporters = {each.name: each for each in json_reporter.gaterun_reporters()}
    stream = io.StringIO()
    listen = reporters[name].start(stream, Style())
    for event in events(record):
        listen(event)
    return stream.getvalue()


def test_record_golden(golden: SnapshotAssertion) -> None:
    assert written("json") == golden


def test_what_is_weaker_than_at_the_base_is_in_the_record() -> None:
    document = written("json", WEAKENED)
    policy = json.loads(document)["policy"]
    assert (policy["mode"], policy["commit"]) == ("fail", POLICY.commit)
    assert [change["kind"] for change in policy["changes"]][:2] == [
        "gate-removed",
        "condition-loosened",
    ]
    assert msgspec.json.decode(document, type=RunRecord) == WEAKENED


def test_metrics_golden(golden: SnapshotAssertion) -> None:
    assert written("metrics") == golden


def test_the_record_reads_back_equal() -> None:
    text = written("json")
    assert text.endswith("}\n")
    assert msgspec.json.decode(text, type=RunRecord) == RECORD


def test_the_metrics_document_reads_back_equal() -> None:
    document = msgspec.json.decode(written("metrics"), type=MetricsDocument)
    plain = replace(
        document,
        digest="",
        metrics={key: replace(entry, digest="") for key, entry in document.metrics.items()},
    )
    assert plain == metrics_document.from_record(RECORD)
    entry = document.find("7.3::clippy", "warnings")
    assert entry is not None
    assert (entry.value, entry.limits) == (25, ("warnings < 20",))
    assert document.metrics["clippy.warnings"] == entry
    assert list(document.metrics) == sorted(document.metrics)
    assert document.find("7.3::clippy", "no-such") is None


def test_a_missing_value_is_null_with_its_reason() -> None:
    entry = metrics_document.from_record(RECORD).metrics["build-time.no_op"]
    assert (entry.status, entry.value) == (MetricStatus.MISSING, None)
    assert entry.reason == "not asked for"


def test_gates_that_measured_nothing_are_named() -> None:
    unmeasured = metrics_document.from_record(RECORD).unmeasured
    assert unmeasured["7.3::tests"] == "the tests of 'pool' do not compile"
    assert set(unmeasured) == {"7.3::tests", "7.4::version", "7.4::changelog"}


def test_ids_carry_the_task_only_where_a_gate_id_stands_twice() -> None:
    twin = replace(CLIPPY, node_id="7.1::clippy", task="7.1")
    record = replace(RECORD, results=(*RECORD.results, twin))
    metrics = metrics_document.from_record(record).metrics
    assert "7.1::clippy.warnings" in metrics
    assert "7.3::clippy.warnings" in metrics
    assert "clippy.warnings" not in metrics
    assert "loc.lines" in metrics


def test_no_number_is_ever_not_a_number() -> None:
    odd = replace(
        CLIPPY,
        metrics={
            "a": metric(math.nan),
            "b": metric(Measured(value=1.5, samples=(1.0, math.inf), breakdown={"x": math.nan})),
            "c": metric(10**30),
        },
    )
    record = replace(RECORD, results=(odd,))
    document = json.loads(written("metrics", record), parse_constant=_refuse)
    entries = document["metrics"]
    assert entries["clippy.a"]["value"] is None
    assert entries["clippy.a"]["reason"] == "not a finite number"
    assert entries["clippy.b"]["samples"] == [1.0]
    assert entries["clippy.b"]["breakdown"] == {}
    json.loads(written("json", record), parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise ValueError(name)


def test_surrogates_can_be_written() -> None:
    assert encode.one_line({"caf\udcc3\udca9": "\ud800"}) == '{"café":"\ufffd"}\n'


def test_the_fingerprint_depends_on_facts_only() -> None:
    assert metrics_document.fingerprint({"a": "1"}) != metrics_document.fingerprint({"a": "2"})
    assert metrics_document.instant(1e300) == "1970-01-01T00:00:00.000Z"


@settings(max_examples=100, deadline=None)
@given(records())
def test_the_short_way_writes_the_same(record: RunRecord) -> None:
    long = msgspec.json.encode(encode.builtins(record)).decode()
    assert encode.one_line(record) == f"{long}\n"


@pytest.mark.parametrize(
    "value", [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**300, 1.5e300, 1e-300]
)
def test_only_integers_that_readers_keep_are_written(value: float) -> None:
    kept = isinstance(value, float) or -(2**63) <= value < 2**63
    assert json.loads(encode.one_line({"a": value})) == {"a": value if kept else None}
