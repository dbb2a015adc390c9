"""Keeps measurements by what they depend on, and gives them back as long as that is unchanged.

A kept measurement is only ever a measurement: it is judged again each time. One that was
made red is measured again, as people expect of what they repeat, so only what passed is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gaterun.core.tree import digest_of
from gaterun.model.binding import Binding, Reused
from gaterun.model.command import Evidence
from gaterun.model.measurement import Measurement
from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome, Reason

#: How many measurements are kept; those not used for the longest time go first.
_KEPT = 400

#: Hexadecimal digits of the checksum in front of a kept measurement.
_CHECKSUM = 64


class Kept(Struct, frozen=True, kw_only=True):
    """A measurement of an earlier run, with what it depends on."""

    binding: Binding
    measurement: Measurement
    evidence: tuple[Evidence, ...]
    reused: Reused
    seconds: float


class Shelf:
    """The measurements that are kept in a workspace's state.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, gate: str, binding: Binding, *, use: bool = True) -> Kept | None:
        """A measurement that still holds, if there is one.

        One that is damaged, or of another version of gaterun, is none: nothing is lost but
        the time to measure again.

        Args:
            use: whether it is used by that, and so kept for longer.
        """
        path = self._path(gate, binding)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        checksum, text = raw[:_CHECKSUM], raw[_CHECKSUM + 1 :]
        if hashlib.sha256(text).hexdigest().encode() != checksum:
            return None
        try:
            kept = msgspec.json.decode(text, type=Kept)
        except (msgspec.DecodeError, ValueError):
            return None
        if replace(kept.binding, reads={}) != replace(binding, reads={}):
            return None
        if _now(kept.binding.reads) != kept.binding.reads:
            return None
        if use:
            with contextlib.suppress(OSError):
                os.utime(path)
        return kept

    def keep(self, result: GateResult, run: str) -> None:
        """Keep the measurement behind a result, if it is worth it and can be kept.

        Raises:
            OSError: it cannot be written.
        """
        if (
            result.binding is None
            or result.reused is not None
            or result.flaky
            or not _is_worth_keeping(result)
        ):
            return
        kept = Kept(
            binding=result.binding,
            measurement=measurement_of(result),
            evidence=result.evidence,
            reused=Reused(run=run, measured=result.started),
            seconds=result.seconds,
        )
        from gaterun.core.aside import written_aside

        text = msgspec.json.encode(kept)
        with written_aside(self._path(result.gate, result.binding)) as aside:
            aside.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)

    def forget(self, gate: str, binding: Binding) -> None:
        """Drop a measurement that has turned out not to hold."""
        self._path(gate, binding).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Drop what was not used for the longest time, beyond what is kept."""
        with contextlib.suppress(OSError):
            entries = [entry for entry in os.scandir(self._folder) if entry.is_file()]
            if len(entries) > _KEPT:
                entries.sort(key=lambda entry: entry.stat().st_mtime_ns)
                for entry in entries[:-_KEPT]:
                    os.unlink(entry.path)  # noqa: PTH108

    def _path(self, gate: str, binding: Binding) -> Path:
        return self._folder / f"{gate}-{binding.key[:32]}.json"


def _is_worth_keeping(result: GateResult) -> bool:
    """Whether people expect it not to be measured again; what only lacked a baseline is."""
    if result.outcome is Outcome.INCONCLUSIVE:
        return result.verdict.reason in {Reason.BASELINE_MISSING, Reason.BASELINE_STALE}
    return result.outcome in {Outcome.PASS, Outcome.WAIVED}


def digests(paths: Iterable[Path]) -> dict[str, str]:
    """Digests of files and folders, by path."""
    return {str(path): digest_of(path) for path in sorted(paths)}


def _now(known: Mapping[str, str]) -> dict[str, str]:
    return digests(map(Path, known))


def measurement_of(result: GateResult) -> Measurement:
    """The measurement that a result was judged by."""
    return Measurement(
        metrics={name: record.measured for name, record in result.metrics.items()},
        inspected=result.inspected,
        findings=result.findings,
        notes=result.notes,
        recipe=result.recipe,
        flaky=result.flaky,
    )


def differences(kept: Measurement, anew: Measurement, host_bound: frozenset[str]) -> list[str]:
    """How two measurements of what should be the same differ, in words.

    Args:
        host_bound: metrics that may differ from one time to the next.
    """
    found = [
        f"{name} {kept.value(name)} → {anew.value(name)}"
        for name in sorted(kept.metrics.keys() | anew.metrics.keys())
        if name not in host_bound and kept.value(name) != anew.value(name)
    ]
    if dict(kept.inspected) != dict(anew.inspected):
        found.append(f"inspected {dict(kept.inspected)} → {dict(anew.inspected)}")
    before = sorted(finding.fingerprint for finding in kept.findings)
    after = sorted(finding.fingerprint for finding in anew.findings)
    if before != after:
        found.append("other findings")
    return found
