"""Find string literals of shipped Rust code that stand where a value is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gaterun_gates.rust.blob_cache import BlobCache
from gaterun_gates.rust.declared import NotHereError, OneFile, Workspace
from gaterun_gates.rust.format_text import filled_in
from gaterun_gates.rust.hardcoded_values import Hardcoded, Value, classify
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.templates import literal
from gaterun_gates.rust.test_code import attributes
from gaterun_gates.rust.text_values import TextValues
from gaterun_gates.rust.tokens import Token

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustSources
    from gaterun_gates.rust.env_reads import EnvUse

#: A cheap test on bytes; what it does not match holds no such literal.
_CANDIDATE = re.compile(
    rb"\"\s*[a-zA-Z][a-zA-Z0-9+.-]*://|\d\.\d+\.\d+\.\d|:\d{2,5}\s*\"|::1|concat!"
    rb"|\"\s*/(?:etc|var|usr|opt|home|srv|mnt|media|root|run|Users|private|data|tmp)\b"
    rb"|\"\s*[A-Za-z]:[\\/]|\"\s*[0-9a-fA-F:]*::?[0-9a-fA-F:]+\s*\""
    rb"|\bformat(?:_args)?!\s*[(\[{]\s*\"[^\"]*\"\s*,\s*(?:\w+\s*=\s*)?[\"0-9]"
)
#: Macros whose text is for people: printing, logging, panics, errors.
_MESSAGES = frozenset(
    {
        *("println", "eprintln", "print", "eprint", "write", "writeln"),
        *("panic", "todo", "unimplemented", "unreachable", "assert", "assert_eq"),
        *("assert_ne", "debug_assert", "debug_assert_eq", "debug_assert_ne", "trace", "debug"),
        *("info", "warn", "error", "log", "event", "span"),
        *("trace_span", "debug_span", "info_span", "warn_span", "error_span", "bail"),
        *("anyhow", "ensure", "eyre", "compile_error", "dbg"),
    }
)
_FORMATS = frozenset({"format", "format_args"})
#: Methods that look at a text, or explain an error, and do not use the value.
_COMPARING = frozenset(
    {
        *(
            "starts_with",
            "ends_with",
            "contains",
            "strip_prefix",
            "strip_suffix",
            "trim_start_matches",
        ),
        *("trim_end_matches", "split", "splitn", "rsplit", "split_once", "rsplit_once"),
        *("find", "rfind", "replace", "replacen", "eq", "ne"),
        *("eq_ignore_ascii_case", "expect", "context", "with_context", "wrap_err", "about"),
        *(
            "long_about",
            "help",
            "long_help",
            "value_name",
            "default_value",
            "default_missing_value",
        ),
        *("filter_or",),
    }
)
_ALLOW = re.compile(rb"//[/!]?\s*gaterun:\s*allow\s+hardcoded\b:?[ \t]*(.*)")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A literal.

    Attributes:
        in_constant: it is the value of a ``const`` or ``static``, which has a name.
        reason: of an allow comment; ``None`` without a comment, empty without a reason.
    """

    found: Hardcoded
    path: str
    line: int
    column: int
    in_constant: bool
    reason: str | None


def _excluded(source: Source, reads: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Byte ranges where a literal is a default, an attribute or a message."""
    items = source.tokens
    ranges = [
        (items[attribute.first].start, items[attribute.last].end) for attribute in attributes(items)
    ]
    ranges += [
        (function.start, function.end)
        for function in source.items.functions
        if function.trait == "Default"
        or function.name.startswith("default_")
        or function.name == "default"
    ]
    for index, token in enumerate(items):
        if (token.line, token.column) in reads:
            ranges.append((token.start, _end_of_chain(items, index)))
        opening = index + 1
        if opening + 1 >= len(items) or not token.is_name:
            continue
        if items[opening].kind == "!" and token.name in _MESSAGES:
            closing = items[opening + 1].pair
            if closing > opening:
                ranges.append((token.start, items[closing].end))
        elif (
            items[opening].kind == "("
            and items[opening].pair > opening
            and items[index - 1].kind == "."
            and token.name in _COMPARING
        ):
            ranges.append((items[opening].start, items[items[opening].pair].end))
    return ranges


def _end_of_chain(items: list[Token], index: int) -> int:
    """The end of the method chain after a read: there its default stands."""
    while index + 1 < len(items):
        following = items[index + 1]
        if following.kind in {"(", "["} and following.pair > index:
            index = following.pair
        elif following.kind == "{" and following.pair > index and items[index].kind in {")", "?"}:
            index = following.pair  # `match env::var(…) { … }`
        elif following.kind in {".", "?", "::", "!", "<", ">", "&"} or following.is_name:
            index += 1
        else:
            break
    return items[index].end


def _is_compared(items: list[Token], index: int) -> bool:
    before = items[index - 1].kind if index else ""
    after = items[index + 1].kind if index + 1 < len(items) else ""
    # `"a" | "b"` are patterns; `|| "a"` and `|x| "a"` are closures, and their value.
    alternative = before == "|" and index >= 2 and items[index - 2].is_string
    return before in {"==", "!="} or after in {"==", "!=", "=>", "|"} or alternative


def _reason(data: bytes, position: int) -> str | None:
    line_end = data.find(b"\n", position)
    line_start = data.rfind(b"\n", 0, position)
    above = data.rfind(b"\n", 0, max(line_start, 0))
    own = data[line_start + 1 : line_end if line_end >= 0 else len(data)]
    before = data[above + 1 : max(line_start, 0)]
    candidates = [own, before] if before.lstrip().startswith(b"//") else [own]
    for line in candidates:
        match = _ALLOW.search(line)
        if match is not None:
            return match.group(1).decode("utf-8", "replace").strip()
    return None


def _in_format(items: list[Token], index: int) -> bool:
    """Whether a literal is the text of ``format!``: its holes may hide what it names."""
    return (
        index >= 3
        and items[index - 1].kind in {"(", "["}
        and items[index - 2].kind == "!"
        and items[index - 3].name in _FORMATS
    )


def _literals(
    source: Source, values: TextValues, variables: Mapping[str, str]
) -> Iterator[tuple[int, str, bool]]:
    """Token index and text of each literal, ``concat!`` and ``format!`` of literals put together.

    The third says whether the text may have holes: it is that of another ``format!``.
    """
    items = source.tokens
    index = 0
    while index < len(items):
        token = items[index]
        closing = items[index + 2].pair if index + 2 < len(items) else -1
        calls = closing > index and items[index + 1].kind == "!"
        if calls and token.text == "concat":
            found = values.evaluate(source, index, closing + 1)
            text = literal(found[0]) if len(found) == 1 else None
            if text is not None:
                yield index, text, False
                index = closing + 1
                continue
        if calls and token.name in _FORMATS:
            text = filled_in(items, index + 3, closing)
            if text is not None and classify(text, variables) is not None:
                yield index + 3, text, False
                index = closing + 1
                continue
        if token.is_string and not token.text.startswith(("b", "c")):
            yield index, token.string, _in_format(items, index)
        index += 1


def places(
    sources: RustSources,
    use: EnvUse,
    variables: Mapping[str, str],
    packages: set[str],
    state: Path | None = None,
) -> list[Place]:
    """Every literal of shipped code in `packages` that belongs in configuration.

    Args:
        sources: the compiled files.
        use: the reads of variables, beside which a literal is a default.
        variables: documented values to their variables.
        packages: names of the packages that count.
        state: the folder that keeps findings from run to run.
    """
    cache = BlobCache(state / "literals.json" if state is not None else None, FileLiterals, alone)
    everywhere = TextValues(Workspace(sources))
    needles = [value.encode() for value in variables]
    reads: dict[str, set[tuple[int, int]]] = {}
    for read in use.reads:
        reads.setdefault(read.path, set()).add((read.line, read.column))
    result: list[Place] = []
    for path, file in sources.files.items():
        if not file.production or not packages & set(file.packages):
            continue
        found = cache(file.source)
        # Whether a literal is a default, or a documented value, the file alone does not say.
        depends = not found.complete or (bool(found.places) and path in reads)
        if depends or any(needle in file.source.data for needle in needles):
            literals = list(_in_file(file.source, everywhere, reads.get(path, set()), variables))
        else:
            literals = found.places
        result += [
            Place(
                found=Hardcoded(value=place.value, shown=place.shown),
                path=path,
                line=place.line,
                column=place.column,
                in_constant=place.in_constant,
                reason=place.reason,
            )
            for place in literals
        ]
    cache.save()
    return result


class FilePlace(NamedTuple):
    """A literal; the attributes of `Place` that its file decides."""

    value: Value
    shown: str
    line: int
    column: int
    in_constant: bool
    reason: str | None


class FileLiterals(NamedTuple):
    """The literals of a file that ship and belong in configuration, by its bytes alone.

    Attributes:
        complete: no other file has a part in any of them.
    """

    places: list[FilePlace]
    complete: bool


def alone(source: Source) -> FileLiterals:
    """The literals of a file that is looked at by itself."""
    if not _CANDIDATE.search(source.data):
        return FileLiterals([], complete=True)
    try:
        found = list(_in_file(source, TextValues(OneFile()), set(), {}))
    except NotHereError:
        return FileLiterals([], complete=False)
    return FileLiterals(found, complete=True)


def _in_file(
    source: Source,
    values: TextValues,
    reads: set[tuple[int, int]],
    variables: Mapping[str, str],
) -> Iterator[FilePlace]:
    items = source.tokens
    excluded: list[tuple[int, int]] | None = None
    constants: list[tuple[int, int]] = []
    for index, text, holes in _literals(source, values, variables):
        found = classify(text, variables)
        token = items[index]
        if found is None or source.is_test_at(token.start):
            continue
        if excluded is None:
            excluded = _excluded(source, reads)
            constants = [(constant.start, constant.end) for constant in source.items.constants]
        if _is_compared(items, index) or _within(excluded, token.start):
            continue
        if holes and found.value not in {Value.URL, Value.CREDENTIALS}:
            continue
        yield FilePlace(
            value=found.value,
            shown=found.shown,
            line=token.line,
            column=token.column,
            in_constant=_within(constants, token.start),
            reason=_reason(source.data, token.start),
        )


def _within(ranges: list[tuple[int, int]], position: int) -> bool:
    return any(start <= position < end for start, end in ranges)
