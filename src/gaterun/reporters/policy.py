"""What every report says about the base: what is weaker since then, on one line each."""

from __future__ import annotations

from collections.abc import Iterator

from gaterun.model.policy import BasePolicy, PolicyChange
from gaterun.model.record import RunRecord
from gaterun.reporters import clean

#: How many changes a report lists where it has to be short.
MOST = 100


def worth_telling(record: RunRecord) -> BasePolicy | None:
    """The comparison with the base, where there is something to say about it."""
    policy = record.policy
    if policy is None or not (policy.changes or policy.notes or policy.obstacle):
        return None
    return policy


def title(policy: BasePolicy) -> str:
    """The heading of the list.

    >>> from gaterun.model.policy import PolicyMode
    >>> title(BasePolicy(mode=PolicyMode.WARN, ref="v1", commit="abc"))
    'compared with v1 (abc)'
    """
    label = clean.line(policy.label)
    if policy.weakened:
        return f"weakened since {label}"
    if policy.changes:
        return f"changed since {label}"
    return f"compared with {label}" if label else "compared with no base"


def remarks(policy: BasePolicy) -> Iterator[str]:
    """What is to be known beside the list, a line each."""
    if policy.obstacle:
        yield f"not compared: {clean.line(policy.obstacle)}"
        if policy.help:
            yield f"help: {clean.line(policy.help)}"
    yield from map(clean.line, policy.notes)


def told(change: PolicyChange) -> str:
    """What has changed, without its subject."""
    doubt = "" if change.weakens or change.touches else " (for better or for worse)"
    return clean.line(change.text) + doubt


def lines(policy: BasePolicy) -> Iterator[str]:
    """The list and the remarks, under the heading."""
    for change in policy.changes:
        yield f"{clean.line(change.subject)}: {told(change)}"
    yield from remarks(policy)


def alone(policy: BasePolicy) -> Iterator[str]:
    """The same without a heading, each line for itself."""
    label = clean.line(policy.label)
    for change in policy.changes:
        word = "weakened" if change.weakens else "changed"
        yield f"{word} since {label}: {clean.line(change.subject)}: {told(change)}"
    base = f"base {label}" if label else "base"
    yield from (f"{base}: {remark}" for remark in remarks(policy))
