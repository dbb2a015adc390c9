"""What a workspace does with environment variables."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """When a variable is looked at."""

    RUNTIME = "run time"
    COMPILE = "compile time"
    BUILD = "build script"


class EnvRead(msgspec.Struct, frozen=True, kw_only=True):
    """A read of a known variable.

    Attributes:
        name: of the variable.
        default: the literal that is used when it is not set; ``None`` when not literal.
        discarded: the value goes nowhere (``let _ = env::var("X");``).
    """

    name: str
    kind: Kind
    path: str
    line: int
    column: int
    packages: tuple[str, ...]
    test: bool
    ignored: bool = False
    default: str | None = None
    discarded: bool = False


class OpenRead(msgspec.Struct, frozen=True, kw_only=True):
    """A read whose name the text does not give.

    Attributes:
        prefix, suffix: what is known of the name.
        provider: a library reads every variable with the prefix, on purpose.
        why: what hides the name.
    """

    prefix: str
    suffix: str
    kind: Kind
    path: str
    line: int
    column: int
    packages: tuple[str, ...]
    test: bool
    provider: bool = False
    why: str = ""

    def may_be(self, name: str) -> bool:
        """Whether the read may be one of `name`."""
        return (
            len(name) > len(self.prefix) + len(self.suffix)
            and name.startswith(self.prefix)
            and name.endswith(self.suffix)
        )


class EnvExport(msgspec.Struct, frozen=True, kw_only=True):
    """A place that sets or removes a variable."""

    name: str
    path: str
    line: int
    test: bool
    ignored: bool


class EnvUse(msgspec.Struct, kw_only=True):
    """Everything that a workspace does with environment variables.

    Attributes:
        ambiguous: wrapper-like functions whose calls could not be told from others' by name.
    """

    reads: list[EnvRead] = msgspec.field(default_factory=list)
    open_reads: list[OpenRead] = msgspec.field(default_factory=list)
    exports: list[EnvExport] = msgspec.field(default_factory=list)
    ambiguous: set[str] = msgspec.field(default_factory=set)
    parse_errors: list[str] = msgspec.field(default_factory=list)
