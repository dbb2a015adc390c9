"""What a reporter writes for a record."""

from __future__ import annotations

import io
from types import ModuleType

from gaterun.model.record import RunRecord
from gaterun.model.report import Style

from .sample import RECORD, events


def written(module: ModuleType, record: RunRecord = RECORD, name: str = "") -> str:
    """The text of the only reporter of a module, or of the one that is named."""
    offered = module.gaterun_reporters()
    (reporter,) = [each for each in offered if name in {"", each.name}]
    stream = io.StringIO()
    listen = reporter.start(stream, Style())
    for event in events(record):
        listen(event)
    return stream.getvalue()
