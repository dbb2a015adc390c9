"""The OpenMetrics file, as Prometheus' own parsers read it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as older
from syrupy.assertion import SnapshotAssertion

from gaterun.model.metric import Unit
from gaterun.model.record import RunRecord
from gaterun.reporters import openmetrics as reporter

from .nasty import records
from .sample import CLIPPY, RECORD, metric
from .told import written

PARSERS = pytest.mark.parametrize("parse", [openmetrics, older])


def read(text: str, parse: Any = openmetrics) -> dict[str, list[Any]]:
    return {family.name: family.samples for family in parse(text)}


def value(document: str, name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for sample in read(document)[name]
        if labels.items() <= sample.labels.items() and sample.name == name
    ]
    return float(found)


def test_golden(golden: SnapshotAssertion) -> None:
    assert written(reporter) == golden


@PARSERS
def test_parsers_agree(parse: Any) -> None:
    families = read(written(reporter), parse)
    assert len(families["gaterun_gate_status"]) == 6 * len(RECORD.results)
    assert families["gaterun_gates"]


def test_values_have_the_unit_of_their_name() -> None:
    text = written(reporter)
    assert value(text, "gaterun_metric", gate="clippy", metric="warnings") == 25
    assert value(text, "gaterun_metric_ratio", metric="documented") == 0.9355
    assert value(text, "gaterun_metric_bytes", metric="cap") == 10 * 2**30
    assert value(text, "gaterun_metric_seconds", metric="clean_as_configured") == 52.5
    assert value(text, "gaterun_run_exit_code") == 1
    assert value(text, "gaterun_gate_status", gate="clippy", outcome="fail") == 1
    assert value(text, "gaterun_gate_status", gate="clippy", outcome="pass") == 0
    assert "# UNIT gaterun_metric_bytes bytes\n" in text
    assert text.endswith("\n# EOF\n")


def test_what_was_not_measured_has_no_value() -> None:
    text = written(reporter)
    labels = {"gate": "build-time", "metric": "no_op"}
    assert value(text, "gaterun_metric_measured", **labels) == 0
    assert not [s for s in read(text)["gaterun_metric_seconds"] if s.labels["metric"] == "no_op"]


def test_labels_come_back_as_they_were() -> None:
    name = 'a "quoted" \\n \\ back{slash},x="y" größe'
    odd = replace(CLIPPY, metrics={name: metric(3), "text": metric("v1", unit=Unit.TEXT)})
    text = written(reporter, replace(RECORD, results=(odd,)))
    assert value(text, "gaterun_metric", metric=name) == 3
    assert value(text, "gaterun_metric_text_info", text="v1") == 1


@PARSERS
@settings(max_examples=60, deadline=None)
@given(record=records())
def test_any_text_can_be_parsed(parse: Any, record: RunRecord) -> None:
    families = read(written(reporter, record), parse)
    assert len(families.get("gaterun_gate_status", [])) == 6 * len(record.results)
    metrics = sum(len(result.metrics) for result in record.results)
    assert len(families.get("gaterun_metric_measured", [])) == metrics
    for samples in families.values():
        assert len({tuple(sorted(s.labels.items())) for s in samples}) == len(samples)
        assert all(math.isfinite(sample.value) for sample in samples)
