"""What a run asks of a station elsewhere, and what that answers; both travel as msgpack."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from gaterun.core.likeness import Likeness
from gaterun.core.own import Own
from gaterun.core.redact import Redactor
from gaterun.core.writable import writable
from gaterun.model.binding import Binding
from gaterun.model.command import Evidence
from gaterun.model.executor import Trees
from gaterun.model.finding import Finding
from gaterun.model.measurement import Measurement
from gaterun.model.metric import Measured, Value
from gaterun.model.verdict import Reason


class Order(Struct, frozen=True, kw_only=True):
    """One gate to be measured, with all that has to be the same for that.

    Attributes:
        run: id of the run.
        options: of the gate, as JSON that its own options class reads.
        inputs: the phase's own word on them; empty leaves them to the gate.
        timeout: seconds.
        base: the phase's base commit.
        plugins: as ``-p``.
        gates: folder of the workspace's own gates, relative to the root; may be empty.
        state: absolute path of the run's state folder, for those who share it.
        pass_env: the setting, for the worker's own variables.
        without: what gaterun itself writes in the tree.
        root: the workspace, as the run sees it.
        inside: path of the workspace below the top of its repository.
        commit: of the tree.
        like: how it is where the run is.
        ignored: content, by name, of files that git ignores and that the gate may read.
    """

    run: str
    node_id: str
    gate: str
    options: bytes
    inputs: tuple[str, ...]
    timeout: float
    base: str | None
    plugins: tuple[str, ...]
    gates: str
    state: str
    pass_env: tuple[str, ...]
    without: Own
    root: str
    inside: str
    commit: str
    trees: Trees
    like: Likeness
    ignored: Mapping[str, str] = field(default_factory=dict)


class Answer(Struct, frozen=True, kw_only=True):
    """What became of an order: a measurement, or the reason why there is none.

    Attributes:
        stopped: it was interrupted.
        logs: content by name of what is to lie among the logs of the run, compressed by zlib.
        folder: path of the logs at the worker, as messages may name it.
        worker: what the worker is called.
        host: name of its machine.
        binding: what the measurement depends on where it was made.
        reads: paths that it depends on beyond that.
        seconds: that measuring took.
    """

    measurement: Measurement | None = None
    reason: Reason | None = None
    message: str = ""
    help: str = ""
    stopped: bool = False
    evidence: tuple[Evidence, ...] = ()
    logs: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = ""
    worker: str = ""
    host: str = ""
    binding: Binding | None = None
    reads: tuple[str, ...] = ()
    seconds: float = 0.0


def packed(message: Order | Answer) -> bytes:
    """As it travels. JSON would make a number of what is none, and none of what is one."""
    return msgspec.msgpack.encode(message)


def hidden_measurement(measurement: Measurement, redactor: Redactor) -> Measurement:
    """`measurement` as it may leave a machine: secrets hidden, every text one that can be written."""

    def text(raw: str) -> str:
        return redactor.text(writable(raw))

    def value(raw: Value | Measured) -> Value | Measured:
        if isinstance(raw, str):
            return text(raw)
        if not isinstance(raw, Measured):
            return raw
        return replace(
            raw,
            value=text(raw.value) if isinstance(raw.value, str) else raw.value,
            why=text(raw.why),
            breakdown={text(part): number for part, number in raw.breakdown.items()},
        )

    def finding(raw: Finding) -> Finding:
        # Its fingerprint stays: it is the identity that waivers and ratchets know it by.
        return replace(
            raw,
            rule=text(raw.rule),
            message=text(raw.message),
            path=text(raw.path),
            help=text(raw.help),
        )

    return replace(
        measurement,
        metrics={name: value(raw) for name, raw in measurement.metrics.items()},
        findings=[finding(raw) for raw in measurement.findings],
        notes=[text(note) for note in measurement.notes],
        recipe={text(key): text(raw) for key, raw in measurement.recipe.items()},
    )
