"""Writes claims beside what evidence says about them."""

from __future__ import annotations

from collections.abc import Sequence

from gaterun.core.claims import Held, Ledger, Support
from gaterun.model.age import age
from gaterun.model.claim import Claim, Said, Unread
from gaterun.reporters import clean, figures
from gaterun.reporters.moments import Moments

_ORDER = (Support.CONTRADICTED, Support.NOT_MEASURED, Support.VERIFIED, Support.NOTHING)


def lines(ledger: Ledger, *, now: float, elsewhere: bool = False) -> list[str]:
    """The table, then what could not be read, then a count of all.

    Args:
        now: seconds since the epoch.
        elsewhere: whether claims about no task are listed too.
    """
    rows = [
        (item.support.value, item.task, clean.line(item.claim.key), spoken(item.claim))
        for item in ledger.held
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    moments = Moments(now)
    found = []
    for item, row in zip(ledger.held, rows, strict=True):
        cells = "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        found.append(f"{cells}  {origin(item.claim, moments)}")
        found += [f"    {line}" for line in _details(item, moments)]
    if elsewhere:
        found += [
            f"about no task: {clean.line(claim.key)}  {spoken(claim)}  {origin(claim, moments)}"
            for claim in ledger.elsewhere
        ]
    found += [f"not read: {unread(item)}" for item in ledger.unread]
    return [*found, summary(ledger, listed=elsewhere)]


def summary(ledger: Ledger, *, listed: bool = False) -> str:
    """How many claims stand how, on one line."""
    counts = [(sum(item.support is kind for item in ledger.held), kind.value) for kind in _ORDER]
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    parts = [f"{figures.plural(len(ledger.held), 'claim')}{': ' if told else ''}{told}"]
    if ledger.elsewhere:
        hint = "" if listed else " (--all lists them)"
        parts.append(f"{len(ledger.elsewhere)} about no task of the phase{hint}")
    if ledger.unread:
        parts.append(f"{figures.plural(len(ledger.unread), 'source')} not read")
    return "; ".join(parts)


def spoken(claim: Claim) -> str:
    """What a claim comes to, in a word or two."""
    if claim.said is Said.NUMBER and claim.number is not None:
        return f"{clean.line(claim.metric)} {claim.number:g}"
    return claim.said.value


def origin(claim: Claim, moments: Moments) -> str:
    """Where a claim was read, and how old it is by this machine's clock."""
    return f"{where(claim)}, {when(claim, moments)}"


def where(claim: Claim) -> str:
    """Where a claim was read."""
    place = f", {clean.line(claim.place)}" if claim.place else ""
    return f"{clean.line(claim.source)}{place}"


def when(claim: Claim, moments: Moments) -> str:
    """How old a claim is by this machine's clock."""
    if claim.time is None:
        return "of an unknown time"
    if moments.is_ahead(claim.time):
        return f"{age(claim.time - moments.now)} ahead of this clock"
    return moments.ago(claim.time)


def unread(item: Unread) -> str:
    """What could not be read, and why."""
    return f"{clean.line(item.source)}: {clean.line(item.why)}"


def reasons(item: Held) -> Sequence[str]:
    """What speaks against a claim, is missing, or supports it."""
    return [clean.line(why) for why in item.why]


def _details(item: Held, moments: Moments) -> list[str]:
    found = list(reasons(item))
    if item.claim.said is Said.OTHER:
        found.append(f"it says: {clean.line(item.claim.raw)}")
    for other in item.others:
        found.append(f"also said: {spoken(other)}, {origin(other, moments)}")
    return found
