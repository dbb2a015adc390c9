"""Gate `config-audit`: what stands in cargo's configuration files and crate attributes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from by_hand.rows import Clone, Row
from by_hand.tools import matches, tracked


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
    found = matches(clone.root, r"^#!\[allow\(", "*.rs")
    yield Row(
        gate="config-audit",
        metric="places of `#![allow]`",
        gaterun=frozenset(
            f"{f['path']}:{f['line']}"
            for f in clone.report.findings("config-audit", "lints-allowed")
            if f["message"].startswith("#![")
        ),
        by_hand=frozenset(":".join(line.split(":")[:2]) for line in found),
        how="`git grep '^#!\\[allow\\('`",
    )
