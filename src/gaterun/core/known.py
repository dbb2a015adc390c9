"""Findings as a baseline keeps them: how many of each fingerprint, by rule, in few bytes.

A fingerprint may be any text, so that what is kept is a short hash of it: six bytes as eight
characters. Fifty thousand findings take less than half a megabyte, and a finding that the
baseline does not have is taken for one of them once in 5,000,000,000 times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gaterun.model.finding import Finding

#: Rule, and hash of the fingerprint.
Identity = tuple[str, str]


def identity(finding: Finding) -> Identity:
    """What makes a finding the same as one of another run: no line, no column, no wording."""
    import base64
    import hashlib

    text = finding.fingerprint.encode("utf-8", "surrogatepass")
    short = base64.urlsafe_b64encode(hashlib.sha256(text).digest()[:6]).decode()
    return _plain(finding.rule), short


def pack(findings: Iterable[Finding]) -> dict[str, str]:
    """Findings by rule, in one order whatever theirs is.

    >>> pack([Finding(rule="r", message="a"), Finding(rule="r", message="a")])
    {'r': 'A4YzViRZ*2'}
    """
    counts = Counter(map(identity, findings))
    rules: dict[str, list[str]] = {}
    for (rule, short), count in sorted(counts.items()):
        rules.setdefault(rule, []).append(short if count == 1 else f"{short}*{count}")
    return {rule: " ".join(shorts) for rule, shorts in rules.items()}


def unpack(known: Mapping[str, str]) -> Counter[Identity]:
    """What `pack` has packed.

    Raises:
        ValueError: it is nothing that `pack` writes.
    """
    counts: Counter[Identity] = Counter()
    for rule, shorts in known.items():
        for entry in shorts.split():
            short, star, count = entry.partition("*")
            counts[rule, short] += int(count) if star else 1
    if any(count < 1 for count in counts.values()):
        raise ValueError("a finding cannot be there fewer times than once")
    return counts


def newer(findings: Iterable[Finding], known: Mapping[Identity, int]) -> list[Finding]:
    """The findings beyond those that are known; of equal ones the last."""
    left = dict(known)
    new = []
    for finding in findings:
        key = identity(finding)
        left[key] = left.get(key, 0) - 1
        if left[key] < 0:
            new.append(finding)
    return new


def _plain(text: str) -> str:
    """`text` as it can be written: names that are not UTF-8 come with surrogates."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
