"""Gate `config-audit`: what stands in cargo's configuration files and crate attributes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from by_hand.rows import Clone, Row
from by_hand.tools import matches, tracked

#: A lint that a whole file allows, with `cfg_attr` or without.
ALLOWED = re.compile(r"^#!\[(?:cfg_attr\([^\]]*?\b)?(?:allow|expect)\(", re.MULTILINE)


def rows(clone: Clone) -> Iterator[Row]:
    files = tracked(clone.root, ":(glob)**/.cargo/config.toml", ":(glob)**/.cargo/config")
    tables = [tomllib.loads((clone.root / name).read_text("utf-8")) for name in files]
    yield Row(
        gate="config-audit",
        metric="entries `alias`",
        gaterun=len(list(clone.report.findings("config-audit", "alias"))),
        by_hand=sum(len(table.get("alias", {})) for table in tables),
        how="tomllib on each tracked `.cargo/config.toml`",
    )
    flags = matches(clone.root, "^ *(rustflags|rustdocflags) *=", *files) if files else []
    yield Row(
        gate="config-audit",
        metric="places of `rustflags`",
        gaterun=clone.report.places("config-audit", "rustflags"),
        by_hand=frozenset(":".join(line.split(":")[:2]) for line in flags),
        how="`git grep` in the same files",
    )
    yield Row(
        gate="config-audit",
        metric="places of `#![allow]` and `#![expect]`",
        gaterun=frozenset(
            f"{f['path']}:{f['line']}"
            for f in clone.report.findings("config-audit", "lints-allowed")
            if f["message"].startswith("#![")
        ),
        by_hand=frozenset(inner_attributes(clone)),
        how="a pattern on each tracked Rust file: `#![allow(`, `#![expect(`, in `cfg_attr` too",
    )


def inner_attributes(clone: Clone) -> Iterator[str]:
    """`path:line` of each."""
    for name in tracked(clone.root, "*.rs"):
        text = (clone.root / name).read_text("utf-8", "replace")
        for match in ALLOWED.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
