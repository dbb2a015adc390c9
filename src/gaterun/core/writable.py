"""Texts as JSON and reports can hold them: names that are not UTF-8 come with surrogates."""

from __future__ import annotations

from msgspec.structs import replace

from gaterun.model.finding import Finding
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Measured, Value


def writable(text: str) -> str:
    r"""`text` with what cannot be written replaced.

    >>> writable("caf\udce9"), writable("\ud800"), writable("café")
    ('caf�', '?', 'café')
    """
    if text.isascii():
        return text
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "replace")  # half of a pair, which no file name has
    return data.decode("utf-8", "replace")


def writable_measurement(measurement: Measurement) -> Measurement:
    """`measurement` with every text that a gate has put into it as it can be written."""
    return replace(
        measurement,
        metrics={writable(name): _value(value) for name, value in measurement.metrics.items()},
        inspected={writable(name): count for name, count in measurement.inspected.items()},
        findings=tuple(map(_finding, measurement.findings)),
        notes=tuple(map(writable, measurement.notes)),
        recipe={writable(key): writable(text) for key, text in measurement.recipe.items()},
    )


def _value(value: Value | Measured) -> Value | Measured:
    if isinstance(value, str):
        return writable(value)
    if not isinstance(value, Measured) or not (
        value.breakdown or value.why or isinstance(value.value, str)
    ):
        return value
    return replace(
        value,
        value=writable(value.value) if isinstance(value.value, str) else value.value,
        why=writable(value.why),
        breakdown={writable(part): number for part, number in value.breakdown.items()},
    )


def _finding(finding: Finding) -> Finding:
    texts = (finding.path, finding.message, finding.rule, finding.help, finding.fingerprint)
    if "".join(texts).isascii():
        return finding
    return replace(
        finding,
        path=writable(finding.path),
        message=writable(finding.message),
        rule=writable(finding.rule),
        help=writable(finding.help),
        fingerprint=writable(finding.fingerprint),
    )
