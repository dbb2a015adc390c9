"""What in a repository makes tools stricter, so that its absence can be noticed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gaterun_gates.audit.entry import Unreadable, parse_toml

_STRICT = frozenset({"warn", "deny", "forbid", "force-warn"})
_ATTRIBUTE = re.compile(rb"^\s*#!\[(warn|deny|forbid)\(([^)\]]*)\)", re.MULTILINE)


def guards(path: str, data: bytes) -> frozenset[str]:
    """The guards of a manifest, or of a Rust source: what each is, as it is written.

    Lint levels above *allow*, ``lints.workspace = true``, features that are on by default, and
    ``#![deny(…)]`` and the like.
    """
    if path.endswith(".rs"):
        return frozenset(_attributes(data))
    try:
        return frozenset(_settings(parse_toml(data.decode("utf-8-sig"))))
    except (Unreadable, UnicodeDecodeError):
        return frozenset()  # the audit of the file says that it cannot be read


def _attributes(data: bytes) -> Iterator[str]:
    for match in _ATTRIBUTE.finditer(data):
        level = match[1].decode()
        for lint in match[2].decode("utf-8", "replace").split(","):
            if lint.strip() and "=" not in lint:
                yield f"#![{level}({lint.strip()})]"


def _settings(values: dict[str, object]) -> Iterator[str]:
    for keys in (("lints",), ("workspace", "lints")):
        table: object = values
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        for tool, lints in table.items() if isinstance(table, dict) else ():
            if tool == "workspace" and lints is True:
                yield "lints.workspace = true"
            for lint, level in lints.items() if isinstance(lints, dict) else ():
                named = level.get("level") if isinstance(level, dict) else level
                if named in _STRICT:
                    yield f'{".".join(keys)}.{tool}.{lint} = "{named}"'
    features = values.get("features")
    default = features.get("default") if isinstance(features, dict) else None
    for name in default if isinstance(default, list) else ():
        yield f"the default feature {name}"
