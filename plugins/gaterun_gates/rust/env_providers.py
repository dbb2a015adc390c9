"""The variables that envy, figment and config read for the fields of a struct.

Sources of the rules: the documentation of envy 0.4, of figment 0.10 (``providers::Env``) and of
config 0.15 (``Environment``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from gaterun_gates.rust.calls import opening_after
from gaterun_gates.rust.declared import Declared
from gaterun_gates.rust.env_sites import Site, full_path
from gaterun_gates.rust.items import Struct
from gaterun_gates.rust.serde_fields import SerdeField, is_read_by_fields, serde_fields, type_at
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.templates import ends, literal
from gaterun_gates.rust.test_code import path_at
from gaterun_gates.rust.text_values import TextValues
from gaterun_gates.rust.tokens import Token

#: Methods that change or choose among the names in ways that are not followed.
_CHANGING = frozenset(
    {"map", "filter_map", "filter", "ignore", "only", "convert_case", "keep_prefix", "source"}
)
_FINISHERS = frozenset({"from_env", "extract", "extract_lossy", "try_deserialize", "try_into"})
_MAPS = frozenset({"HashMap", "BTreeMap", "IndexMap", "Map", "Value"})
_NESTED = 1  # structs in structs that are followed; deeper ones are a pattern
_RESULTS = frozenset({"Result"})


class Provided(NamedTuple):
    """A variable, or all with a prefix where `name` is empty, for the reason `why`."""

    name: str
    prefix: str = ""
    why: str = ""


class _Call(NamedTuple):
    """A method in a chain: the token of its name and that of its bracket."""

    at: int
    opening: int


class _Provider(msgspec.Struct, frozen=True, kw_only=True):
    """How names are made: ``prefix``, then fields with ``separator`` between structs."""

    prefix: str
    separator: str


def _chain(items: Sequence[Token], index: int) -> dict[str, _Call]:
    """The methods called one after the other from `index` on, by name."""
    found: dict[str, _Call] = {}
    while index + 1 < len(items):
        if items[index].kind == "?":
            index += 1
        elif items[index].kind == "." and items[index + 1].is_name:
            opening = opening_after(list(items), index + 2)
            if opening < 0:
                index += 2
                continue
            found.setdefault(items[index + 1].name, _Call(index + 1, opening))
            index = items[opening].pair + 1
        else:
            break
    return found


def provided(
    source: Source,
    site: Site,
    arguments: Sequence[tuple[int, int]],
    values: TextValues,
    declared: Declared,
) -> Iterator[Provided]:
    """The variables that the provider at `site` reads.

    Args:
        source: the file.
        site: the provider (`Act.PREFIX`), or ``envy::from_env`` (`Act.FIELDS`).
        arguments: of the call.
        values: what expressions of the file stand for.
        declared: where structs are looked up.
    """
    items = source.tokens
    # As a function value it has no arguments, and its struct is for others to say.
    chain = _chain(items, items[site.opening].pair + 1) if site.opening >= 0 else {}
    if "prefix" in chain or ("only" in chain and not arguments):
        return  # these have places of their own
    if arguments:
        given = [ends(template)[0] for template in values.evaluate(source, *arguments[0])]
    else:
        given = [""]
    for start in given:
        provider = _provider(source, site, chain, start, values)
        if provider is None:
            yield Provided("", start, "its separator is not in the text")
        elif changing := _CHANGING & chain.keys():
            yield Provided("", provider.prefix, f".{min(changing)}() changes its names")
        else:
            yield from _fields(source, site, provider, declared)


def _provider(
    source: Source, site: Site, chain: dict[str, _Call], start: str, values: TextValues
) -> _Provider | None:
    items = source.tokens
    path, _ = path_at(items, site.index, len(items))
    whole = full_path(source, path)
    if "Environment" not in whole and path != ["prefix"]:
        separator = _text(source, chain.get("split"), values)
        return None if separator is None else _Provider(prefix=start, separator=separator)
    separator = _text(source, chain.get("separator"), values)
    after_prefix = _text(source, chain.get("prefix_separator"), values)
    if separator is None or after_prefix is None:
        return None
    between = after_prefix or separator or "_"
    return _Provider(prefix=start.upper() + between if start else "", separator=separator)


def _text(source: Source, call: _Call | None, values: TextValues) -> str | None:
    """The text that a method is given; empty without a call, ``None`` when it is not known."""
    if call is None:
        return ""
    found = values.evaluate(source, call.opening + 1, source.tokens[call.opening].pair)
    return literal(found[0]) if len(found) == 1 else None


def _fields(
    source: Source, site: Site, provider: _Provider, declared: Declared
) -> Iterator[Provided]:
    name = _filled(source, site.index)
    if not name:
        yield Provided("", provider.prefix, "the struct that it fills is not named here")
        return
    found = _struct(source, name, declared)
    if found is None:
        yield Provided("", provider.prefix, f"{name} is no one struct of this workspace")
        return
    yield from _names(*found, provider.prefix, provider=provider, declared=declared)


def _struct(source: Source, name: str, declared: Declared) -> tuple[Source, Struct] | None:
    """The struct with fields that `name` means; the file's own before others."""
    here = [(source, struct) for struct in source.items_named(name).structs if struct.name == name]
    found = here or declared.structs(name)
    if len(found) != 1 or not is_read_by_fields(*found[0]):
        return None
    return found[0]


def _names(
    source: Source,
    struct: Struct,
    prefix: str,
    *,
    provider: _Provider,
    declared: Declared,
    depth: int = 0,
) -> Iterator[Provided]:
    for field in serde_fields(source, struct):
        below = prefix if field.flatten else f"{prefix}{field.names[0].upper()}{provider.separator}"
        nested = _nested(source, field, provider, declared)
        if field.type in _MAPS and (provider.separator or field.flatten):
            yield Provided("", below, f"a {field.type} takes any key")
        elif nested is None and field.flatten:
            yield Provided("", below, f"{field.type} is no one struct of this workspace")
        elif nested is None:
            for name in field.names:
                yield Provided(prefix + name.upper())
        elif depth >= _NESTED:
            yield Provided("", below, "structs are nested deeper than is followed")
        else:
            for name in field.names[: 1 if field.flatten else None]:
                inside = below if field.flatten else f"{prefix}{name.upper()}{provider.separator}"
                yield from _names(
                    *nested, inside, provider=provider, declared=declared, depth=depth + 1
                )


def _nested(
    source: Source, field: SerdeField, provider: _Provider, declared: Declared
) -> tuple[Source, Struct] | None:
    """The struct whose fields have variables of their own."""
    if field.custom or not (provider.separator or field.flatten):
        return None
    # What begins with a small letter is a type of the language's own.
    return _struct(source, field.type, declared) if field.type[:1].isupper() else None


def _filled(source: Source, index: int) -> str:
    """The type that the provider at `index` fills, as its function says; empty when not."""
    items = source.tokens
    start = items[index].start
    function = source.items_at(start).function_at(start)
    inside = function.body if function is not None else None
    _, end = source.slice(*(inside or (items[index].start, len(source.data))))
    finish = next(
        (
            i
            for i in range(index, end - 1)
            if items[i].name in _FINISHERS and items[i + 1].kind in {"(", "::"}
        ),
        -1,
    )
    if finish < 0:
        return ""
    if items[finish + 1].kind == "::" and items[finish + 2].kind == "<":
        name = type_at(items, finish + 3, opening_after(items, finish + 1))
    else:
        begin = _statement(items, finish)
        if items[begin].kind == "let":
            equals = next((i for i in range(begin, finish) if items[i].kind == "="), begin)
            colon = next((i for i in range(begin, equals) if items[i].kind == ":"), equals)
            name = _successful(items, colon + 1, equals)
        elif function is None or function.body is None:
            name = ""
        else:
            first, last = source.slice(function.start, function.body[0])
            arrow = next((i for i in range(first, last) if items[i].kind == "->"), last)
            name = _successful(items, arrow + 1, last)
    if name == "Self":
        name = function.owner if function is not None else ""
    return "" if name == "_" else name


def _successful(items: Sequence[Token], first: int, last: int) -> str:
    """The type, or that of the success where it is a ``Result``."""
    path, index = path_at(items, first, last)
    if path and path[-1] in _RESULTS and index < last and items[index].kind == "<":
        return type_at(items, index + 1, last)
    return type_at(items, first, last)


def _statement(items: Sequence[Token], index: int) -> int:
    """The first token of the statement around `index`."""
    while index > 0:
        before = items[index - 1]
        if before.kind in {";", "{", "}"} and not (before.kind == "}" and items[index].kind == "."):
            break
        index = before.pair if 0 <= before.pair < index - 1 else index - 1
    return index
