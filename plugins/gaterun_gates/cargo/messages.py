"""Cargo's JSON message stream: only the fields that gates look at, line by line.

Source: the cargo reference, chapter "External tools", and the rustc book, "JSON output".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec


class SpanText(msgspec.Struct):
    """A source line of a span; the columns are 1-based, in characters."""

    text: str
    highlight_start: int
    highlight_end: int


class Expansion(msgspec.Struct):
    """The macro call from which a span comes."""

    span: Span


class Span(msgspec.Struct):
    """A place in a source file."""

    file_name: str
    line_start: int
    column_start: int
    is_primary: bool
    text: tuple[SpanText, ...] = ()
    expansion: Expansion | None = None
    suggested_replacement: str | None = None
    suggestion_applicability: str | None = None


class Code(msgspec.Struct):
    """An error code or the name of a lint."""

    code: str


class Diagnostic(msgspec.Struct):
    """A message of rustc or clippy, with its notes and suggestions as children."""

    level: str
    message: str
    code: Code | None = None
    spans: tuple[Span, ...] = ()
    children: tuple[Diagnostic, ...] = ()


class BuiltTarget(msgspec.Struct):
    """The target to which a message or an artefact belongs."""

    name: str
    kind: tuple[str, ...]


class Profile(msgspec.Struct):
    """The part of a profile that tells a test build from a plain one."""

    test: bool


class Line(msgspec.Struct):
    """One line of the stream; which fields are set depends on `reason`."""

    reason: str
    package_id: str = ""
    target: BuiltTarget | None = None
    message: Diagnostic | None = None
    profile: Profile | None = None
    features: tuple[str, ...] = ()
    fresh: bool = False
    executable: str | None = None
    success: bool = False


_KNOWN = frozenset(
    {"compiler-message", "compiler-artifact", "build-script-executed", "build-finished"}
)


def message_decoder() -> Callable[[bytes], Line | None]:
    """A function that decodes one line of a stream.

    It returns ``None`` for unknown reasons and for what is no JSON: proc macros and test
    programs may print to the same stream.
    """
    decode = msgspec.json.Decoder(Line).decode

    def decoded(raw: bytes) -> Line | None:
        if not raw.startswith(b"{"):
            return None
        try:
            line = decode(raw)
        except msgspec.MsgspecError:
            return None
        return line if line.reason in _KNOWN else None

    return decoded


def read_messages(lines: Iterable[bytes]) -> Iterator[Line]:
    """Decode a stream, without what `message_decoder` passes over."""
    return filter(None, map(message_decoder(), lines))
