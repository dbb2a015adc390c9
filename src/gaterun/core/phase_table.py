"""A table of a phase file, assembled from the file and those that it extends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from gaterun.core.source import KeyPath, Source
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.phase import Mode, Scope

T = TypeVar("T")

#: What tasks, gates and phases may be called: it becomes part of node ids and of paths.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")

#: Keys of a ``[[task.ID.gate]]`` table that mean the same for every gate; any other key is
#: an option of the gate.
GATE_KEYS: Mapping[str, Any] = {
    "id": str,
    "use": str,
    "require": str | list[str],
    "improve": str | list[str],
    "ratchet": str | list[str],
    "floor": dict[str, float],
    "scope": Scope,
    "tolerance": dict[str, str],
    "needs": str | list[str],
    "tags": list[str],
    "timeout": str | float,
    "inputs": list[str],
    "mode": Mode,
    "enforce_after": date,
    "skip": str,
}
TASK_KEYS: Mapping[str, Any] = {
    "title": str,
    "needs": list[str],
    "owner": str,
    "estimate": str,
    "claims": list[str],
    "files": list[str],
    "skip": str,
    "gate": list[Any],
}
PHASE_KEYS: Mapping[str, Any] = {
    "id": str,
    "title": str,
    "extends": str,
    "base": str,
    "gates": list[Any],
    "protected": list[str],
    "outputs": dict[str, str],
}


class Table(Struct):
    """A table that may be assembled from a phase file and those that it extends."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[Source, KeyPath]] = field(default_factory=dict)
    home: tuple[Source, KeyPath] | None = None

    def lay(self, source: Source, path: KeyPath, values: Mapping[str, Any]) -> None:
        """Lay the keys of a table over those that are there; `outputs` is merged key by key."""
        self.home = (source, path)
        for key, value in values.items():
            merge = key == "outputs" and isinstance(value, dict)
            self.values[key] = {**self.values.get(key, {}), **value} if merge else value
            self.places[key] = (source, (*path, key))

    def error(self, key: str, message: str, *, help: str = "", item: KeyPath = ()) -> UsageError:
        """An error that points at `key`, or at the table where the key is not written."""
        source, path = self.places.get(key) or self.home or (Source("?", ""), ())
        return source.error((*path, *item), message, help=help)

    def take(self, key: str, kind: Any, default: T) -> T:
        """The value of a key as `kind`, which is something that msgspec can convert to.

        Raises:
            UsageError: it has another type.
        """
        if key not in self.values:
            return default
        try:
            return msgspec.convert(self.values[key], kind)  # type: ignore[no-any-return]
        except msgspec.ValidationError as error:
            raise self.error(key, plain(error)) from error

    def texts(self, key: str) -> list[str]:
        """The value of a key that takes one text or several, as a list."""
        value: str | list[str] = self.take(key, GATE_KEYS[key], "")
        return [item for item in ([value] if isinstance(value, str) else value) if item]

    def known(self, keys: Sequence[str], what: str) -> None:
        """Refuse every key that is not one of `keys`.

        Raises:
            UsageError: there is one; names the nearest.
        """
        for key in self.values:
            if key not in keys:
                raise self.error(key, f"unknown key '{key}' in {what}", help=nearest(key, keys))


class Draft(Struct):
    """A phase before it is bound to gates."""

    phase: Table = field(default_factory=Table)
    phase_gates: dict[str, Table] = field(default_factory=dict)
    tasks: dict[str, Table] = field(default_factory=dict)
    gates: dict[str, dict[str, Table]] = field(default_factory=dict)


def plain(error: Exception) -> str:
    """Msgspec's message without its path, which our own place replaces."""
    text = re.sub(r" - at `.*`$", "", str(error)).replace("`", "")
    return text[:1].lower() + text[1:]
