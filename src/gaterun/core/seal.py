"""Digests over a metrics document, so that a number that nobody measured is noticed.

A digest a metric, and one over what is about the document as a whole: two branches that change
different metrics can be merged line by line, and the result is whole. Digests are taken of the
JSON itself, so that what a later version adds is covered too. They tell damage and edits by
hand from measured values; who means to deceive can write digests as well, which is what the
policy of the base is there for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: JSON as it is read: a document, or a part of one.
Plain = dict[str, Any]


def sealed(document: Plain) -> Plain:
    """`document` with its digests; nothing else changes."""
    metrics = {
        key: {**entry, "digest": entry_digest(key, entry, document)}
        for key, entry in document["metrics"].items()
    }
    return {**document, "digest": head_digest(document), "metrics": metrics}


def broken(document: Plain) -> list[str]:
    """The metrics whose digest is not that of their content."""
    return [
        key
        for key, entry in document["metrics"].items()
        if entry.get("digest") != entry_digest(key, entry, document)
    ]


def head_digest(document: Plain) -> str:
    """The digest of everything but the metrics."""
    return _digest({key: value for key, value in document.items() if key != "metrics"})


def entry_digest(key: str, entry: Plain, document: Plain) -> str:
    """The digest of a metric under its key.

    A value of the document's own run belongs to the commit and the environment that the
    document names: it does not become one of another base because somebody changed those.
    When a base is measured twice, what has not changed has the same digest.
    """
    if entry.get("origin"):
        return _digest(entry, key)
    place = {"commit": document["subject"]["commit"], "facts": document["environment"]["facts"]}
    return _digest(entry, key, place)


def _digest(plain: Mapping[str, Any], *more: str | Plain) -> str:
    import hashlib

    import msgspec

    content = {key: value for key, value in plain.items() if key != "digest"}
    data = msgspec.json.encode([_numbers_alike(content), *more], order="sorted")
    return hashlib.sha256(data).hexdigest()[:32]


def _numbers_alike(value: Any) -> Any:
    """`value` with 5.0 as 5, which JSON writers do not tell apart."""
    if isinstance(value, dict):
        return {key: _numbers_alike(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers_alike(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
