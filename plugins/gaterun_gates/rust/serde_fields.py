"""The names under which serde fills the fields of a struct.

Source of the rules: the serde book, "Container attributes" and "Field attributes".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gaterun_gates.rust.items import Struct
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.test_code import Attribute, attributes, path_at
from gaterun_gates.rust.tokens import Token, split_arguments

#: Wrappers of one value that serde looks through.
_TRANSPARENT = frozenset({"Option", "Box", "Arc", "Rc", "Secret", "SecretBox", "Cow"})


class SerdeField(msgspec.Struct, frozen=True, kw_only=True):
    """A field.

    Attributes:
        names: what serde calls it: its name, and its aliases.
        type: the last segment of its type's path, `Option` and its like left out.
        flatten: its own fields stand beside it.
        custom: code of the workspace reads it, so that its type says nothing.
    """

    names: tuple[str, ...]
    type: str
    flatten: bool
    custom: bool


def _cased(name: str, rule: str) -> str:
    words = name.split("_")
    match rule:
        case "UPPERCASE" | "SCREAMING_SNAKE_CASE":
            return name.upper()
        case "kebab-case":
            return name.replace("_", "-")
        case "SCREAMING-KEBAB-CASE":
            return name.replace("_", "-").upper()
        case "PascalCase":
            return "".join(word[:1].upper() + word[1:] for word in words)
        case "camelCase":
            return words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])
        case _:  # lowercase and snake_case leave a field's name as it is
            return name


def _arguments(items: Sequence[Token], attribute: Attribute) -> Iterator[tuple[str, str | None]]:
    """The settings in ``serde(…)``, also in ``cfg_attr``: name, and text where it is one."""
    first, last = attribute.first, attribute.last
    opening = next(
        (
            i + 1
            for i in range(first, last)
            if items[i].text == "serde" and items[i + 1].kind == "("
        ),
        last,
    )
    if opening >= last:
        return
    for begin, end in split_arguments(items, opening + 1, items[opening].pair):
        name = items[begin].name
        if end - begin >= 3 and items[begin + 1].kind == "=":
            yield name, items[begin + 2].string if items[begin + 2].is_string else None
        elif end - begin >= 3 and items[begin + 1].kind == "(":
            # rename(serialize = "…", deserialize = "…")
            for inner, stop in split_arguments(items, begin + 2, items[begin + 1].pair):
                if items[inner].text == "deserialize" and stop - inner == 3:
                    yield name, items[inner + 2].string
        else:
            yield name, None


def _attributes_before(items: Sequence[Token], index: int) -> list[Attribute]:
    """The attributes right before the item whose first token is at `index`."""
    first = index
    while first > 1 and items[first - 1].kind == "]" and items[first - 1].pair > 0:
        opening = items[first - 1].pair
        if items[opening - 1].kind != "#":
            break
        first = opening - 1
    found = attributes(items[first:index])
    return [Attribute(first=a.first + first, last=a.last + first, inner=a.inner) for a in found]


def type_at(items: Sequence[Token], first: int, last: int) -> str:
    """The last segment of the path of the type that begins at `first`, wrappers left out."""
    while first < last and not items[first].is_name:
        first += 1
    path, index = path_at(items, first, last)
    if path and path[-1] in _TRANSPARENT and index < last and items[index].kind == "<":
        return type_at(items, index + 1, last)
    return path[-1] if path else ""


def _settings(items: Sequence[Token], index: int) -> list[tuple[str, str | None]]:
    return [
        setting
        for attribute in _attributes_before(items, index)
        for setting in _arguments(items, attribute)
    ]


def serde_fields(source: Source, struct: Struct) -> list[SerdeField]:
    """The fields of `struct` that serde fills. A tuple struct has none with a name."""
    items = source.tokens
    first, _ = source.slice(struct.start, struct.end)
    container: Mapping[str, str | None] = dict(_settings(items, first))
    rule = container.get("rename_all") or ""
    found: list[SerdeField] = []
    for name, start, end in struct.fields:
        begin, stop = source.slice(start, end)
        settings = _settings(items, begin)
        keys = {key for key, _ in settings}
        if keys & {"skip", "skip_deserializing"}:
            continue
        plain = name.removeprefix("r#")
        renamed = [text for key, text in settings if key == "rename" and text]
        colon = next((i for i in range(begin, stop) if items[i].kind == ":"), stop)
        found.append(
            SerdeField(
                names=(
                    renamed[0] if renamed else _cased(plain, rule),
                    *(text for key, text in settings if key == "alias" and text),
                ),
                type=type_at(items, colon + 1, stop),
                flatten="flatten" in keys,
                custom=bool(keys & {"with", "deserialize_with"}),
            )
        )
    return found


def is_read_by_fields(source: Source, struct: Struct) -> bool:
    """Whether serde fills the struct field by field, not through another type."""
    first, _ = source.slice(struct.start, struct.end)
    keys = {key for key, _ in _settings(source.tokens, first)}
    return bool(struct.fields) and not keys & {"from", "try_from", "transparent"}
