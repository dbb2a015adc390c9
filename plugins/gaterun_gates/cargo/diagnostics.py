"""Compiler messages as findings: places, identity and help text."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import gaterun
from gaterun_gates.cargo.messages import Diagnostic, Span

_OUT_DIR = re.compile(r"(?:^|/)build/(?P<package>[^/]+)(?:-|/)[0-9a-f]{16}/out/(?P<rest>.+)$")
_CARGO_HOME = re.compile(r"/(?:registry/src|git/checkouts)/")
_SUMMARY = re.compile(r"(\d+ )?warnings? emitted|aborting due to .*|.* generated \d+ warnings?")
_DIGITS = re.compile(r"\d+")

# Said once per target of a package, each time at another crate root.
_PER_PACKAGE = re.compile(
    r"clippy::(?:cargo_\w+|multiple_crate_versions|wildcard_dependencies|\w+_feature_names)"
)

#: Shown in place of the folder of generated sources, whose name has a hash.
GENERATED = "$OUT_DIR("


@lru_cache(maxsize=4096)
def source_path(name: str, root: Path) -> str:
    """The path of a span as findings have it.

    Args:
        name: ``file_name`` of a span: relative to the workspace root, or absolute.
        root: the workspace root.

    Returns:
        Relative to the root with ``/`` and without ``..`` inside; ``$OUT_DIR(package)/file``
        for what a build script generated; absolute for the sources of a registry.
    """
    text = name.replace("\\", "/")
    if match := _OUT_DIR.search(text):
        return f"{GENERATED}{match['package']})/{match['rest']}"
    if text.startswith("<"):
        return text  # <anon>, <macro expansion>
    text = posixpath.normpath(text)
    if not posixpath.isabs(text) and not re.match(r"[A-Za-z]:/", text):
        return text
    if _CARGO_HOME.search(text):
        return text
    try:
        return posixpath.relpath(text, root.as_posix())
    except ValueError:
        return text


def is_error(diagnostic: Diagnostic) -> bool:
    """Whether the crate was not compiled because of it."""
    return diagnostic.level == "error" or is_compiler_bug(diagnostic)


def is_compiler_bug(diagnostic: Diagnostic) -> bool:
    """Whether the compiler crashed."""
    return diagnostic.level.startswith("error: internal compiler error")


def is_summary(diagnostic: Diagnostic) -> bool:
    """Whether it only counts other messages, as older cargos pass on."""
    return diagnostic.code is None and _SUMMARY.fullmatch(diagnostic.message) is not None


def rule(diagnostic: Diagnostic) -> str:
    """The lint or error code; ``rustc`` for a message that has none."""
    return diagnostic.code.code if diagnostic.code is not None else "rustc"


def primary(diagnostic: Diagnostic) -> Span | None:
    """The first primary span."""
    return next((span for span in diagnostic.spans if span.is_primary), None)


def _outermost(span: Span) -> Span:
    while span.expansion is not None:
        span = span.expansion.span
    return span


def identity(diagnostic: Diagnostic, package_id: str, root: Path) -> tuple[object, ...]:
    """What makes two messages one finding, however many targets they were said for.

    Cargo's own de-duplication compares the rendered text, in which the note about a lint's
    level stands only at its first hit. Here it is code, message, every primary span and the
    outermost macro call, so that two calls of one macro stay two findings.
    """
    code = rule(diagnostic)
    if _PER_PACKAGE.fullmatch(code):
        return code, diagnostic.message, package_id
    places = [
        (source_path(place.file_name, root), place.line_start, place.column_start)
        for span in diagnostic.spans
        if span.is_primary
        for place in (span, _outermost(span))
    ]
    return code, diagnostic.message, tuple(sorted(places)) or package_id


def _in_a_line(text: str) -> str:
    return " ".join(text.split())


def _suggestions(diagnostic: Diagnostic) -> Iterator[tuple[str, Span]]:
    for child in diagnostic.children:
        for span in child.spans:
            if span.suggested_replacement is not None:
                yield child.message, span


def is_autofixable(diagnostic: Diagnostic) -> bool:
    """Whether the compiler vouches for one of its suggestions."""
    return any(
        span.suggestion_applicability == "MachineApplicable" for _, span in _suggestions(diagnostic)
    )


def help_text(diagnostic: Diagnostic) -> str:
    """The first suggestion, or the first help note, in one line."""
    for message, span in _suggestions(diagnostic):
        replacement = _in_a_line(span.suggested_replacement or "")
        return f"{message}: `{replacement}`" if replacement else message
    for child in diagnostic.children:
        if child.level == "help" and "for further information visit" not in child.message:
            return child.message
    return ""


def fingerprint(diagnostic: Diagnostic, root: Path) -> str:
    """Identity that survives moved lines: code, file, message without digits, marked text."""
    span = primary(diagnostic)
    marked = ""
    if span is not None and span.text:
        line = span.text[0]
        marked = line.text[line.highlight_start - 1 : line.highlight_end - 1]
    parts = (
        rule(diagnostic),
        source_path(span.file_name, root) if span is not None else "",
        _DIGITS.sub("#", diagnostic.message),
        _in_a_line(marked),
    )
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def finding(diagnostic: Diagnostic, root: Path, *, severity: gaterun.Severity) -> gaterun.Finding:
    """The finding for a message.

    Args:
        diagnostic: the message.
        root: the workspace root.
        severity: how bad.
    """
    span = primary(diagnostic)
    return gaterun.Finding(
        rule=rule(diagnostic),
        message=_in_a_line(diagnostic.message),
        path=source_path(span.file_name, root) if span is not None else "",
        line=span.line_start if span is not None else 0,
        column=span.column_start if span is not None else 0,
        severity=severity,
        help=help_text(diagnostic),
        fingerprint=fingerprint(diagnostic, root),
    )
