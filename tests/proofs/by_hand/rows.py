"""One number or list, twice: as gaterun has it and as other means have it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Value: TypeAlias = int | float | bool | str | frozenset[str] | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A metric of a gate by gaterun and by hand."""

    gate: str
    metric: str
    gaterun: Value
    by_hand: Value
    how: str
    #: Where they need not be equal: whether the one lies where the other says that it may.
    agrees: bool | None = None

    @property
    def equal(self) -> bool:
        return self.gaterun == self.by_hand if self.agrees is None else self.agrees

    @property
    def difference(self) -> str:
        """Empty where there is none; names where lists are compared."""
        if self.equal:
            return ""
        if isinstance(self.gaterun, frozenset) and isinstance(self.by_hand, frozenset):
            ours, theirs = sorted(self.gaterun - self.by_hand), sorted(self.by_hand - self.gaterun)
            return "; ".join(
                f"only {who}: {', '.join(names)}"
                for who, names in (("gaterun", ours), ("by hand", theirs))
                if names
            )
        if isinstance(self.gaterun, int) and isinstance(self.by_hand, int):
            return f"{self.gaterun - self.by_hand:+d}"
        return f"{self.gaterun} is not {self.by_hand}"


class Report:
    """gaterun's JSON report of one run."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._results = {result["gate"]: result for result in record["results"]}

    @property
    def gates(self) -> Collection[str]:
        return self._results.keys()

    def outcome(self, gate: str) -> str:
        """`pass`, `fail` or `inconclusive`; with the reason where there is no verdict."""
        verdict = self._results[gate]["verdict"]
        return f"{verdict['outcome']} {verdict.get('reason') or ''}".strip()

    def value(self, gate: str, metric: str) -> Value:
        """None where gaterun did not measure it."""
        known = self._results[gate]["metrics"].get(metric)
        value: Value = known["measured"]["value"] if known else None
        return value

    def change(self, gate: str, metric: str) -> dict[str, float]:
        """The change against the base with its interval; empty where there is none."""
        known = self._results[gate]["metrics"].get(metric)
        found: dict[str, float] = (known["measured"].get("change") if known else None) or {}
        return found

    def findings(self, gate: str, *rules: str) -> Iterator[dict[str, Any]]:
        for finding in self._results[gate]["findings"]:
            if not rules or finding["rule"] in rules:
                yield finding

    def places(self, gate: str, *rules: str) -> frozenset[str]:
        """Findings as `path:line`."""
        return frozenset(f"{f['path']}:{f['line']}" for f in self.findings(gate, *rules))


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A workspace, what gaterun said of it, and where scratch files may go."""

    name: str
    root: Path
    scratch: Path
    report: Report
    base: str
    #: What a person has to say of it first: see `independent.toml`.
    settings: dict[str, Any]
