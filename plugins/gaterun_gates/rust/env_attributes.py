"""Find the environment variables that derive macros read, from their attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from gaterun_gates.rust.source import Source
from gaterun_gates.rust.templates import Template
from gaterun_gates.rust.test_code import Attribute, attributes
from gaterun_gates.rust.text_values import TextValues
from gaterun_gates.rust.tokens import Token, split_arguments

#: Attribute names of clap, structopt, confique, schematic and bpaf.
_WITH_ENV = frozenset({"arg", "clap", "structopt", "config", "setting", "bpaf"})
_DEFAULTS = frozenset({"default_value", "default_value_t", "default"})


class AttributeRead(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute that makes a derive macro read variables.

    Attributes:
        names: what the name can be.
        index: the token to point at.
        default: the default value as written in the attribute; ``None`` without one.
    """

    names: tuple[Template, ...]
    index: int
    default: str | None


def _field_after(items: Sequence[Token], attribute: Attribute) -> str:
    """The name of the field that follows an attribute."""
    index = attribute.last + 1
    while index < len(items):
        token = items[index]
        if token.kind == "#" and index + 1 < len(items) and items[index + 1].pair > index:
            index = items[index + 1].pair + 1
        elif token.kind == "pub":
            index += 1
        elif token.kind == "(" and token.pair > index:
            index = token.pair + 1
        else:
            return token.name if token.is_name else ""
    return ""


def _cased(name: str, style: str) -> str:
    words = [word for word in re.split(r"[_\W]+", name) if word]
    lower = [word.lower() for word in words]
    styles = {
        "kebab-case": "-".join(lower),
        "snake_case": "_".join(lower),
        "lower": "".join(lower),
        "upper": "".join(lower).upper(),
        "verbatim": name,
        "camelcase": "".join([*lower[:1], *(word.title() for word in lower[1:])]),
        "pascalcase": "".join(word.title() for word in lower),
    }
    key = style if style in styles else style.lower()
    return styles.get(key, "_".join(lower).upper())


def _container_style(source: Source, position: int) -> str:
    """The value of ``rename_all_env`` on the struct around `position`."""
    if b"rename_all_env" not in source.data:
        return ""
    items = source.tokens
    style = ""
    for index, token in enumerate(items):
        if token.start > position:
            break
        if token.kind in {"struct", "enum"}:
            opening = next(
                (i for i in range(index, len(items)) if items[i].kind in {"{", ";"}), index
            )
            if items[opening].pair > opening and items[items[opening].pair].start < position:
                style = ""
        if token.text == "rename_all_env" and items[index + 2].is_string:
            style = items[index + 2].string
    return style


def _groups(items: Sequence[Token], attribute: Attribute) -> Iterator[tuple[str, int, int]]:
    """The attribute and those in a ``cfg_attr``, as name and range of arguments."""
    first, last = attribute.first, attribute.last
    if items[first].text == "cfg_attr" and items[first + 1].pair > first:
        for begin, end in split_arguments(items, first + 2, items[first + 1].pair)[1:]:
            if end - begin > 1 and items[begin + 1].kind == "(":
                yield items[begin].name, begin + 2, items[begin + 1].pair
    elif last - first > 1 and items[first + 1].kind == "(" and items[first + 1].pair > 0:
        yield items[first].name, first + 2, items[first + 1].pair


def attribute_reads(source: Source, values: TextValues) -> Iterator[AttributeRead]:
    """Every read that an attribute of a derive macro stands for."""
    items = source.tokens
    for attribute in attributes(items):
        for name, first, last in _groups(items, attribute):
            arguments = split_arguments(items, first, last)
            if name in _WITH_ENV:
                key = "env"
            elif name == "envconfig":
                key = "from"
            else:
                continue
            yield from _reads(source, values, attribute, arguments, key)


def _reads(
    source: Source,
    values: TextValues,
    attribute: Attribute,
    arguments: Sequence[tuple[int, int]],
    key: str,
) -> Iterator[AttributeRead]:
    items = source.tokens
    default = None
    for begin, end in arguments:
        if items[begin].text in _DEFAULTS and end - begin == 3:
            value = items[begin + 2]
            default = value.string if value.is_string else value.text
    named = False
    for begin, end in arguments:
        if items[begin].text != key:
            continue
        named = True
        if end - begin == 1:
            style = _container_style(source, items[begin].start)
            names = [(_cased(_field_after(items, attribute), style),)]
        elif items[begin + 1].kind == "=":
            names = [*values.evaluate(source, begin + 2, end)]  # type: ignore[list-item]
        elif items[begin + 1].kind == "(" and items[begin + 1].pair == end - 1:
            names = [*values.evaluate(source, begin + 2, end - 1)]  # type: ignore[list-item]
        else:
            continue
        yield AttributeRead(names=tuple(names), index=begin, default=default)
    nested = any(items[begin].text == "nested" for begin, _ in arguments)
    if key == "from" and not named and not nested:
        field = _field_after(items, attribute)
        if field:
            yield AttributeRead(names=((field.upper(),),), index=attribute.first, default=default)
