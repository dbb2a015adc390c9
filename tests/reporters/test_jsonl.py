"""The stream of events as JSON lines."""

from __future__ import annotations

import io
import json

from syrupy.assertion import SnapshotAssertion

from gaterun.model.report import Style
from gaterun.reporters import jsonl

from .sample import RECORD, events


class Flushed(io.StringIO):
    """Knows what a reader would have seen after each flush."""

    seen = ""

    def flush(self) -> None:
        self.seen = self.getvalue()


def test_golden(golden: SnapshotAssertion) -> None:
    stream = Flushed()
    listen = jsonl.start(stream, Style())
    for event in events():
        listen(event)
        assert stream.seen == stream.getvalue()
    assert stream.getvalue() == golden


def test_every_line_is_an_event_with_name_and_time() -> None:
    stream = io.StringIO()
    listen = jsonl.start(stream, Style())
    for event in events():
        listen(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [list(line)[:2] for line in lines] == [["event", "time"]] * len(lines)
    assert lines[0]["event"] == "run-started"
    assert lines[-1]["event"] == "run-finished"
    finished = [line for line in lines if line["event"] == "gate-finished"]
    assert [line["result"]["node_id"] for line in finished] == [
        result.node_id for result in RECORD.results
    ]
