"""A metrics file is whole, or it is refused: nothing in it changes unnoticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gaterun.core.metrics_file import read_file, read_metrics, text_of
from gaterun.core.seal import broken, sealed
from gaterun.model.errors import UsageError
from gaterun.model.metric import Better, Measured, Unit
from gaterun.model.metrics_document import MetricsDocument, from_record
from gaterun.model.record import GateResult, MetricRecord, RunRecord, Tree
from gaterun.model.verdict import ExitCode, Outcome, Verdict


def result(node_id: str, **metrics: Measured) -> GateResult:
    return GateResult(
        node_id=node_id,
        task="1",
        gate="g",
        title="",
        verdict=Verdict(outcome=Outcome.PASS, message=""),
        metrics={
            name: MetricRecord(
                unit=Unit.COUNT,
                better=Better.LOWER,
                host_bound=False,
                measured=measured,
                known={"rule": "AAAAAAAA BBBBBBBB*2"},
            )
            for name, measured in metrics.items()
        },
        recipe={"profile": "dev"},
    )


def document(*results: GateResult) -> MetricsDocument:
    return from_record(
        RunRecord(
            id="r",
            phase="p",
            title="",
            root="/r",
            version="0",
            argv=("gaterun",),
            tree=Tree(commit="c"),
            environment={"os": "Linux"},
            tasks={},
            results=results,
            started=0.0,
            seconds=1.5,
            exit_code=ExitCode.OK,
            role="baseline",
        )
    )


def plain(*results: GateResult) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(document(*results))
    return found


ONE = result("1::a", n=Measured(value=3, breakdown={"x": 3.0}), m=Measured(value=0.5))
TWO = result("1::b", n=Measured(value=None, why="no tool"))
WHOLE = text_of(plain(ONE, TWO)).encode()


def without_digests(found: MetricsDocument) -> MetricsDocument:
    from msgspec.structs import replace

    metrics = {key: replace(entry, digest="") for key, entry in found.metrics.items()}
    return replace(found, digest="", metrics=metrics)


def test_it_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(WHOLE)
    assert without_digests(read_metrics(path)) == document(ONE, TWO)
    assert text_of(read_file(path).plain).encode() == WHOLE


def test_the_order_of_results_does_not_matter() -> None:
    assert text_of(plain(TWO, ONE)).encode() == WHOLE


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400
)
@given(position=st.integers(0, 8 * len(WHOLE) - 1))
def test_a_flipped_bit_is_noticed(tmp_path: Path, position: int) -> None:
    byte, bit = divmod(position, 8)
    flipped = bytearray(WHOLE)
    flipped[byte] ^= 1 << bit
    path = tmp_path / "m.json"
    path.write_bytes(flipped)
    try:
        read = read_metrics(path)
    except UsageError as error:
        assert error.help
    else:
        # Of white space, or of a letter of an escape.
        assert without_digests(read) == document(ONE, TWO)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)
@given(length=st.integers(0, len(WHOLE) - 2))
@example(length=0)
def test_half_a_file_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(WHOLE[:length])
    with pytest.raises(UsageError, match="is damaged|is not JSON"):
        read_metrics(path)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values, where=st.sampled_from(["", "kind", "metrics", "run", "schema_version"]))
def test_any_other_json_is_refused(tmp_path: Path, value: Any, where: str) -> None:
    assume(value or where != "metrics")  # no metrics at all are a baseline that lacks them
    path = tmp_path / "m.json"
    path.write_text(json.dumps({**json.loads(WHOLE), where: value} if where else value))
    with pytest.raises(UsageError):
        read_metrics(path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.builds(
            Measured,
            value=st.none()
            | st.booleans()
            | st.integers(-(2**62), 2**62)
            | st.floats()
            | st.text(max_size=5),
            why=st.text(max_size=5),
            breakdown=st.dictionaries(st.text(max_size=4), st.floats() | st.integers(0, 9)),
            samples=st.lists(st.floats(), max_size=3).map(tuple),
        ),
        max_size=4,
    )
)
def test_documents_round_trip(tmp_path: Path, values: dict[str, Measured]) -> None:
    found = document(result("1::a", **values))
    path = tmp_path / "m.json"
    path.write_text(text_of(msgspec.to_builtins(found)), "utf-8", newline="\n")
    read = read_metrics(path)
    assert without_digests(read) == found
    # Written by a program that does not tell 5.0 from 5, it is still the same.
    assert broken(msgspec.to_builtins(read)) == []


def test_what_a_later_version_adds_is_covered(tmp_path: Path) -> None:
    found = plain(ONE)
    found["metrics"]["a.n"]["later"] = 1
    found["later"] = {"x": 1}
    path = tmp_path / "m.json"
    path.write_text(text_of(found))
    assert read_metrics(path).metrics["a.n"].value == 3
    path.write_text(path.read_text().replace('"later": 1', '"later": 2'))
    with pytest.raises(UsageError, match=r"was changed since it was written: a\.n"):
        read_metrics(path)


def test_a_value_belongs_to_its_base(tmp_path: Path) -> None:
    """A head of another commit over values of the first does not make them its own."""
    one, two = sealed(plain(ONE)), plain(ONE)
    two["subject"]["commit"] = "d"
    mixed = {**sealed(two), "metrics": one["metrics"]}
    path = tmp_path / "m.json"
    path.write_text(json.dumps(mixed))
    with pytest.raises(UsageError, match=r"a\.m, a\.n"):
        read_metrics(path)
    two["subject"]["commit"] = "c"
    two["run"]["id"] = "another run of the same commit"
    path.write_text(json.dumps({**sealed(two), "metrics": one["metrics"]}))
    assert read_metrics(path).metrics["a.n"].value == 3


def test_many_broken_metrics_are_counted(tmp_path: Path) -> None:
    names = {f"n{i}": Measured(value=1) for i in range(8)}
    path = tmp_path / "m.json"
    text = text_of(plain(result("1::a", **names)))
    path.write_text(text.replace('"value": 1', '"value": 0'))
    with pytest.raises(UsageError, match="and 3 more"):
        read_metrics(path)
