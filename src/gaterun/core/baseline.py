"""Reads a baseline, and says which of its values may be compared with a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from gaterun.model.errors import UsageError
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Value
from gaterun.model.metrics_document import (
    KIND,
    SCHEMA_VERSION,
    MetricEntry,
    MetricsDocument,
    fingerprint,
)
from gaterun.model.phase import Requirement
from gaterun.model.verdict import Reason


class BaselineValue(Struct, frozen=True, kw_only=True):
    """The baseline's value of one metric.

    Attributes:
        why: why the value is ``None``.
        breakdown: by rule, crate or file.
        obstacle: why it may not be compared; empty when it may.
        reason: the reason code that goes with the obstacle.
    """

    value: Value
    why: str = ""
    breakdown: Mapping[str, float] = field(default_factory=dict)
    obstacle: str = ""
    reason: Reason = Reason.NOT_COMPARABLE


def read_metrics(path: Path, *, name: str = "") -> MetricsDocument:
    """Read a metrics document, such as ``baseline-metrics.json``.

    Args:
        name: what errors call the file; its path by default.

    Raises:
        UsageError: it cannot be read, is not such a document, or is of a later major
            version. A damaged baseline is never taken for a missing one.
    """
    import msgspec

    label = name or str(path)
    again = "write it anew with `gaterun baseline`"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{label} cannot be read: {error.strerror}", help=again) from error
    try:
        document = msgspec.json.decode(data, type=MetricsDocument)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what = "is damaged" if data[:1] == b"{" else "is not JSON"
        raise UsageError(f"{label} {what}: {error}", help=again) from error
    if document.kind != KIND:
        raise UsageError(f"{label} is not a metrics file of gaterun", help=again)
    if document.schema_version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise UsageError(
            f"{label} has schema version {document.schema_version}, this gaterun reads "
            f"{SCHEMA_VERSION}",
            help="use the gaterun that wrote it, or " + again,
        )
    return document


def values_for(
    document: MetricsDocument,
    requirement: Requirement,
    measurement: Measurement,
    environment: Mapping[str, str],
    *,
    stale: str = "",
) -> dict[str, BaselineValue]:
    """The baseline's values for one gate, each with what forbids a comparison.

    Args:
        environment: the facts of this machine and toolchain.
        stale: why the whole document is out of date; empty when it is not.
    """
    here = fingerprint(environment)
    found: dict[str, BaselineValue] = {}
    for metric in requirement.gate.metrics:
        entry = document.find(requirement.node_id, metric.name)
        if entry is not None:
            same_host = not metric.host_bound or document.environment.fingerprint == here
            found[metric.name] = BaselineValue(
                value=entry.value,
                why=entry.reason,
                breakdown=entry.breakdown,
                obstacle=stale or obstacle(entry.recipe, measurement.recipe, same_host=same_host),
                reason=Reason.BASELINE_STALE if stale else Reason.NOT_COMPARABLE,
            )
    return found


def obstacle(before: Mapping[str, str], now: Mapping[str, str], *, same_host: bool = True) -> str:
    """Why two values may not be compared; empty when they may.

    >>> obstacle({"profile": "dev"}, {"profile": "release"})
    'measured differently: profile dev before, release now'
    """
    if not same_host:
        return "measured on another machine or with another toolchain"
    for key in sorted({*before, *now}):
        if before.get(key) != now.get(key):
            return (
                f"measured differently: {key} {before.get(key, 'unknown')} before, "
                f"{now.get(key, 'unknown')} now"
            )
    return ""


def comparable(before: MetricEntry, after: MetricEntry, *, same_host: bool) -> str:
    """As `obstacle`, for two entries of metrics documents."""
    if before.unit is not after.unit:
        return f"measured in another unit: {before.unit.name} before, {after.unit.name} now"
    bound = before.host_bound or after.host_bound
    return obstacle(before.recipe, after.recipe, same_host=same_host or not bound)
