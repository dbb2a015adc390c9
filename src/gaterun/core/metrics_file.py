"""Reads and writes metrics documents, such as ``baseline-metrics.json``.

A damaged baseline is never taken for a missing one, and a changed one never for a measured one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from gaterun.core import seal
from gaterun.model.errors import UsageError
from gaterun.model.metrics_document import KIND, SCHEMA_VERSION, MetricsDocument

_AGAIN = "write it anew with `gaterun baseline`"


class MetricsFile(Struct, frozen=True, kw_only=True):
    """A metrics document as it was read.

    Attributes:
        plain: the JSON itself, with what this version does not know.
        broken: metrics whose content is not what was written.
    """

    plain: seal.Plain
    document: MetricsDocument
    broken: tuple[str, ...]


def read_metrics(path: Path, *, name: str = "") -> MetricsDocument:
    """Read a metrics document.

    Args:
        name: what errors call the file; its path by default.

    Raises:
        UsageError: it cannot be read, is not such a document, is of another major version,
            or is not as it was written.
    """
    found = read_file(path, name=name)
    if found.broken:
        raise altered(name or str(path), found.broken)
    return found.document


def altered(name: str, metrics: tuple[str, ...]) -> UsageError:
    """The error for metrics whose digest does not fit."""
    listed = ", ".join(metrics[:5]) + (f" and {len(metrics) - 5} more" if metrics[5:] else "")
    return UsageError(
        f"{name} was changed since it was written: {listed}",
        help="`gaterun baseline accept PHASE METRIC --reason TEXT` takes today's value of a "
        f"metric, or {_AGAIN}",
    )


def read_file(path: Path, *, name: str = "") -> MetricsFile:
    """As `read_metrics`, but metrics that were altered are told and not refused."""
    import json

    import msgspec

    label = name or str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{label} cannot be read: {error.strerror}", help=_AGAIN) from error
    if b"\n<<<<<<< " in data and b"\n>>>>>>> " in data:
        raise UsageError(
            f"{label} has conflicts that are not resolved",
            help="take either side whole (`git checkout --ours FILE`), run the phase, then "
            "`gaterun baseline accept` the metrics of the other side",
        )
    try:
        plain = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_repetition,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        what = "is damaged" if data[:1] == b"{" else "is not JSON"
        raise UsageError(f"{label} {what}: {error}", help=_AGAIN) from error
    if not isinstance(plain, dict) or plain.get("kind") != KIND:
        raise UsageError(f"{label} is not a metrics file of gaterun", help=_AGAIN)
    version = plain.get("schema_version")
    if not isinstance(version, str) or _major(version) != _major(SCHEMA_VERSION):
        raise UsageError(
            f"{label} has schema version {version}, this gaterun reads {SCHEMA_VERSION}",
            help=f"use the gaterun that wrote it, or {_AGAIN}",
        )
    try:
        document = msgspec.convert(plain, MetricsDocument)
        head_is_whole = plain.get("digest") == seal.head_digest(plain)
        broken = seal.broken(plain) if head_is_whole else []
    except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"{label} is damaged: {error}", help=_AGAIN) from error
    if not head_is_whole:
        raise UsageError(
            f"{label} was changed since it was written: what it says about itself does not fit "
            "its digest",
            help=_AGAIN,
        )
    return MetricsFile(plain=plain, document=document, broken=tuple(broken))


def text_of(plain: seal.Plain) -> str:
    """A document as it is written: sealed, metrics in order, a line a value."""
    import msgspec

    ordered = {**plain, "metrics": dict(sorted(plain["metrics"].items()))}
    return msgspec.json.format(msgspec.json.encode(seal.sealed(ordered)), indent=2).decode() + "\n"


def _major(version: str) -> str:
    return version.partition(".")[0]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"'{twice}' is there twice")
    return found
