"""A finding: one place where a rule is broken."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import force_setattr


class Severity(StrEnum):
    """SARIF 2.1.0 section 3.27.10, without ``none``; ordered worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Struct, frozen=True, kw_only=True):
    """One place where a rule is broken.

    Attributes:
        rule: stable id, as the tool names it (``clippy::needless_return``, ``KC06``).
        message: what is wrong, for people.
        path: relative to the workspace root with ``/``; empty when there is no place.
        line: 1-based; 0 when unknown.
        column: 1-based, in characters; 0 when unknown.
        severity: how bad.
        help: how to mend it; may be empty.
        fingerprint: identity that survives moved lines; made from rule, path and
            message (digits ignored) where the gate gives none.
    """

    rule: str
    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    severity: Severity = Severity.WARNING
    help: str = ""
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if not self.fingerprint:
            import hashlib
            import re

            text = f"{self.rule}\0{self.path}\0{re.sub('[0-9]+', '#', self.message)}"
            digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
            force_setattr(self, "fingerprint", digest)

    @property
    def place(self) -> str:
        """``path:line:column`` as far as known.

        >>> Finding(rule="r", message="m", path="src/lib.rs", line=3).place
        'src/lib.rs:3'
        """
        parts = [self.path] if self.path else []
        if parts and self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)
