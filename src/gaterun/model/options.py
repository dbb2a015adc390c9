"""The options of a gate: their types, defaults and meaning, as an author declares them."""

from __future__ import annotations

from typing import Annotated, get_args, get_origin

from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a phase file may say about a gate; none, unless a subclass declares some.

    An option without a default has to be given::

        class TodoOptions(gaterun.Options, kw_only=True):
            words: Annotated[tuple[str, ...], gaterun.help("what to look for")] = ("TODO",)
    """


def help(text: str) -> Meta:
    """What an option means, for ``gaterun explain`` and the schema of phase files."""
    return Meta(description=text)


def options_of(kind: type[Options]) -> tuple[FieldInfo, ...]:
    """The options that `kind` declares, in order."""
    return fields(kind)


def help_of(option: FieldInfo) -> str:
    """What an option means; empty where its author did not say.

    >>> class Some(Options):
    ...     limit: Annotated[int, help("at most so many")] = 3
    >>> [help_of(option) for option in options_of(Some)]
    ['at most so many']
    """
    if get_origin(option.type) is not Annotated:
        return ""
    texts = (part.description for part in get_args(option.type)[1:] if isinstance(part, Meta))
    return next((text for text in texts if text), "")
