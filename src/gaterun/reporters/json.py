"""The reports of one JSON document: the whole run record, and its metrics alone."""

from __future__ import annotations

from typing import TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model import metrics_document
from gaterun.model.event import Event, RunFinished
from gaterun.model.report import Listener, Reporter, Style


def start_record(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the run record when the run is over."""
    from gaterun.reporters import encode

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            stream.write(encode.document(event.record))
            stream.flush()

    return listen


def start_metrics(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the metrics document when the run is over."""
    from gaterun.core.metrics_file import text_of
    from gaterun.reporters import encode

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            document = metrics_document.from_record(event.record)
            stream.write(text_of(encode.builtins(document)))
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``json`` and ``metrics``."""
    return [
        Reporter(
            name="json",
            title="the run record as one JSON document",
            filename="gaterun.json",
            start=start_record,
        ),
        Reporter(
            name="metrics",
            title="the metrics as a JSON document, as a baseline is kept",
            filename="metrics.json",
            start=start_metrics,
        ),
    ]
