"""What a person has decided about gates: failures that are accepted for a time, and sign-offs."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

#: The file that holds them, in the root of a workspace.
WAIVERS_FILE = "waivers.toml"


class Waiver(Struct, frozen=True, kw_only=True):
    """A failure that is accepted until a date, by somebody, for a reason.

    It is of findings, or of a condition, and never of both.

    Attributes:
        gate: a gate's name, an entry's id or a node id (``7.3::tests``).
        reason: why it is accepted.
        owner: who answers for it.
        expires: the last day on which it holds, in UTC.
        phase: the phase that it is for; empty for every phase.
        issue: where the work is followed; may be empty.
        rule, message: globs in which ``*`` is any text; empty for any.
        path: a glob in which ``*`` stays in a folder and ``**`` crosses folders.
        fingerprint: of one finding.
        limit: how many findings it covers at most; 0 for any number.
        condition: the condition that may fail, as the phase file has it.
        instead: the condition that has to hold instead.
        place: ``file:line``.
    """

    gate: str
    reason: str
    owner: str
    expires: date
    phase: str = ""
    issue: str = ""
    rule: str = ""
    path: str = ""
    message: str = ""
    fingerprint: str = ""
    limit: int = 0
    condition: str = ""
    instead: str = ""
    place: str = ""

    def live(self, today: date) -> bool:
        """Whether it still holds on `today`, a day in UTC.

        >>> last = Waiver(gate="g", reason="r", owner="o", expires=date(2027, 1, 31))
        >>> last.live(date(2027, 1, 31)), last.live(date(2027, 2, 1))
        (True, False)
        """
        return today <= self.expires

    @property
    def what(self) -> str:
        """What it covers, in a few words."""
        if self.condition:
            return f"{self.condition} (instead: {self.instead})"
        keys = ("rule", "path", "message", "fingerprint")
        parts = [f"{key} {value}" for key in keys if (value := getattr(self, key))]
        limit = f" (at most {self.limit})" if self.limit else ""
        return "findings of " + ", ".join(parts) + limit


class SignOff(Struct, frozen=True, kw_only=True):
    """A person's word that what a manual gate names has been looked at.

    Attributes:
        phase: id of the phase.
        gate: node id of the manual gate.
        digest: of the files that were signed; another one makes the sign-off stale.
        place: ``file:line``.
    """

    phase: str
    gate: str
    name: str
    reason: str
    date: date
    digest: str
    place: str = ""


class Decisions(Struct, frozen=True, kw_only=True):
    """The waiver file of a workspace, read.

    Attributes:
        file: its name, for people.
    """

    file: str = WAIVERS_FILE
    waivers: tuple[Waiver, ...] = ()
    signoffs: tuple[SignOff, ...] = ()


class InForce(Struct, frozen=True, kw_only=True):
    """The decisions that one run of one phase is judged with.

    Attributes:
        waivers: those that are for the phase, expired ones among them.
        signoffs: those that are for the phase.
        today: the day of the run, in UTC; the same for every gate, however long it takes.
    """

    waivers: tuple[Waiver, ...] = ()
    signoffs: tuple[SignOff, ...] = ()
    today: date = date.min
