"""Reads the counters that ``sccache --show-stats --stats-format=json`` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Not compilations but questions that cargo puts to rustc before it builds.
PROBES = frozenset({"-", "missing input"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The counters of a server.

    Attributes:
        requests: everything that reached the server, cargo's own probes included.
        hits, misses: cacheable compilations, found and not found.
        errors: reads and writes of the cache that failed or took too long.
        not_cached: reasons why compilations were not cacheable, without probes.
        cap: the largest size of the cache in bytes; ``None`` for a remote cache and for
            old versions.
        location: where the cache is, as sccache writes it.
        version: of the server.
    """

    requests: int
    hits: int
    misses: int
    errors: int
    not_cached: Mapping[str, int]
    cap: int | None
    location: str
    version: str

    def since(self, earlier: Stats) -> Stats:
        """The counters that were added after `earlier`."""
        return Stats(
            requests=self.requests - earlier.requests,
            hits=self.hits - earlier.hits,
            misses=self.misses - earlier.misses,
            errors=self.errors - earlier.errors,
            not_cached={
                reason: count - earlier.not_cached.get(reason, 0)
                for reason, count in self.not_cached.items()
                if count > earlier.not_cached.get(reason, 0)
            },
            cap=self.cap,
            location=self.location,
            version=self.version,
        )


def parse_stats(text: str) -> Stats:
    """Decode the JSON.

    Args:
        text: standard output of sccache.

    Raises:
        ValueError: it is not JSON of that shape.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("stats"), dict):
        raise ValueError("no 'stats' in the answer of sccache")  # noqa: TRY004 - one error type
    stats: dict[str, Any] = document["stats"]
    reasons = stats.get("not_cached") or {}
    cap = document.get("max_cache_size")
    return Stats(
        requests=_count(stats.get("compile_requests")),
        hits=_sum(stats.get("cache_hits")),
        misses=_sum(stats.get("cache_misses")),
        errors=sum(
            _count(stats.get(name))
            for name in ("cache_read_errors", "cache_write_errors", "cache_timeouts")
        )
        + _sum(stats.get("cache_errors")),
        not_cached={
            reason: _count(number) for reason, number in reasons.items() if reason not in PROBES
        },
        cap=cap if isinstance(cap, int) else None,
        location=str(document.get("cache_location", "")),
        version=str(document.get("version", "")),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _sum(value: object) -> int:
    counts = value.get("counts") if isinstance(value, dict) else None
    return sum(_count(number) for number in counts.values()) if isinstance(counts, dict) else 0
