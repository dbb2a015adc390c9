"""What one Rust file does with environment variables; `env_file` finds it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class FileRead(NamedTuple):
    """A read of a known variable; the attributes of `EnvRead` that a file alone decides."""

    name: str
    compiling: bool
    line: int
    column: int
    test: bool
    ignored: bool
    default: str | None
    discarded: bool


class FileOpenRead(NamedTuple):
    """A read whose name the text does not give; as `OpenRead`."""

    prefix: str
    suffix: str
    compiling: bool
    line: int
    column: int
    test: bool
    provider: bool
    why: str


class FileExport(NamedTuple):
    """A place that sets or removes a variable; as `EnvExport`."""

    name: str
    line: int
    test: bool
    ignored: bool


class FileUse(msgspec.Struct, kw_only=True):
    """Everything that a file does with environment variables.

    Attributes:
        complete: no other file has a part in it. What an incomplete one does is not here.
        has_errors: it was parsed, and some of it is not Rust to the parser.
    """

    reads: list[FileRead] = msgspec.field(default_factory=list)
    open_reads: list[FileOpenRead] = msgspec.field(default_factory=list)
    exports: list[FileExport] = msgspec.field(default_factory=list)
    complete: bool = True
    has_errors: bool = False
