"""Gate `changelog`: its headings and items by pattern."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from by_hand.rows import Clone, Row

RELEASE = re.compile(r"^(?:## )?\[?v?(\d+\.\d+\.\d+\S*?)\]?(?: .*)?$")


def rows(clone: Clone) -> Iterator[Row]:
    path = clone.root / "CHANGELOG.md"
    if not path.exists():
        return
    text = path.read_text("utf-8")
    yield Row(
        gate="changelog",
        metric="releases",
        gaterun=clone.report.value("changelog", "releases"),
        by_hand=len(releases(text)),
        how="`## 1.2.3` and `1.2.3` underlined, by pattern, outside of code fences",
    )


def releases(text: str) -> list[str]:
    found, fenced = [], False
    lines = [*text.splitlines(), ""]
    for line, below in itertools.pairwise(lines):
        fenced ^= line.startswith("```")
        heading = line.startswith("## ") or (set(below) <= {"=", "-"} and len(below) > 2)
        match = RELEASE.match(line)
        if heading and match and not fenced:
            found.append(match[1])
    return found
