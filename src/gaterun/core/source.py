"""A TOML file of the user's, and where in it something stands."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gaterun.model.errors import UsageError

if TYPE_CHECKING:
    from tree_sitter import Node

#: Keys and, in arrays, indices from the top of a document to a value.
KeyPath = tuple[str | int, ...]

#: Gives the text of a file, with the errors of `Path.read_text`.
Read = Callable[[Path], str]


def from_disk(path: Path) -> str:
    """The text of a file as it is now."""
    return unmarked(path.read_text("utf-8"))


def unmarked(text: str) -> str:
    """A file's text without the byte order mark that editors on Windows begin one with."""
    return text.removeprefix("\ufeff")


class Source(Struct, frozen=True, dict=True):
    """The text of a TOML file and the name that errors give it."""

    name: str
    text: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """The parsed document.

        Raises:
            UsageError: it is not TOML; the message has line and column.
        """
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{self.name}: {_lower(str(error))}") from error

    def error(self, path: KeyPath, message: str, *, help: str = "", offset: int = 0) -> UsageError:
        """A `UsageError` that points at `path`, or `offset` characters into its string value."""
        line, column = self.locate(path)
        if offset:
            column += offset + 1
        return UsageError(f"{self.name}:{line}:{column}: {message} ({dotted(path)})", help=help)

    @cached_property
    def _headers(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self.text.split("\n"), 1):
            header = line.partition("#")[0].strip()
            if header.startswith("["):
                name = header.strip("[] ").replace('"', "").replace("'", "").replace(" ", "")
                found.setdefault(name, []).append(number)
        return found

    def line(self, path: KeyPath) -> int:
        """The line of a table or of an item of an array of tables.

        Cheaper than `locate`, as it reads no values, for places that are kept in case
        somebody asks. What has no header of its own is where its key is, or else where the
        nearest table above it is.
        """
        for end in range(len(path), -1, -1):
            *names, last = path[:end] or ("",)
            index = last if isinstance(last, int) else 0
            known = names if isinstance(last, int) else path[:end]
            lines = self._headers.get(".".join(map(str, known)), []) if end else [0]
            if index < len(lines):
                header = lines[index]
                return self._key_line(str(path[end]), header) if path[end:] else max(header, 1)
        return 1

    def _key_line(self, key: str, header: int) -> int:
        """The line of `key` in the table whose header is in line `header`; else the header's."""
        for number, line in enumerate(self.text.split("\n")[header:], header + 1):
            text = line.lstrip()
            if text.startswith("["):
                break
            if text.removeprefix('"').startswith(key) and "=" in text:
                rest = text.removeprefix('"')[len(key) :].removeprefix('"').lstrip()
                if rest.startswith(("=", ".")):
                    return number
        return max(header, 1)

    def locate(self, path: KeyPath) -> tuple[int, int]:
        """1-based line and column of the last key of `path`; of an array's item for an index.

        The nearest thing that exists, where the path does not.
        """
        import tree_sitter_toml
        from tree_sitter import Language, Parser

        tree = Parser(Language(tree_sitter_toml.language())).parse(self.text.encode())
        node = _find(tree.root_node, path)
        row, column = node.start_point
        line = self.text.encode().split(b"\n")[row] if self.text else b""
        return row + 1, len(line[:column].decode("utf-8", "replace")) + 1


def dotted(path: KeyPath) -> str:
    """Write a key path as TOML does.

    >>> dotted(("task", "7.3", "gate", 0, "require"))
    'task."7.3".gate[0].require'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part.replace("-", "").replace("_", "").isalnum()
            text += f".{part}" if bare else f'."{part}"'
    return text.removeprefix(".")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _key(node: Node) -> tuple[str, ...]:
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key(child))
    text = (node.text or b"").decode("utf-8", "replace")
    return (text[1:-1] if text[:1] in {'"', "'"} else text,)


_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})


def _find(root: Node, path: KeyPath) -> Node:
    """Walk tables, arrays of tables, pairs, arrays and inline tables towards `path`."""
    best: tuple[int, Node] = (0, root)

    def visit(node: Node, here: KeyPath) -> None:
        nonlocal best
        if here == path[: len(here)] and len(here) > best[0]:
            best = (len(here), node)

    def value(node: Node, here: KeyPath) -> None:
        if here != path[: len(here)]:
            return
        if node.type == "array":
            items = [child for child in node.named_children if child.type != "comment"]
            for index, child in enumerate(items):
                visit(child, (*here, index))
                value(child, (*here, index))
        elif node.type == "inline_table":
            pairs(node, here)

    def pairs(node: Node, here: KeyPath) -> None:
        for child in node.named_children:
            if child.type == "pair":
                key = child.named_children[0]
                parts = _key(key)
                for depth in range(1, len(parts) + 1):
                    visit(key, (*here, *parts[:depth]))
                value(child.named_children[-1], (*here, *parts))

    counts: dict[KeyPath, int] = {}

    def resolve(parts: Sequence[str]) -> KeyPath:
        """The path of a header: a header below an array of tables means its last item."""
        here: KeyPath = ()
        for part in parts[:-1]:
            here = (*here, part)
            if here in counts:
                here = (*here, counts[here] - 1)
        return (*here, parts[-1])

    pairs(root, ())
    for table in root.named_children:
        if table.type not in {"table", "table_array_element"}:
            continue
        header = next((child for child in table.named_children if child.type in _KEYS), None)
        if header is None:
            continue
        here = resolve(_key(header))
        if table.type == "table_array_element":
            visit(header, here)
            index = counts.get(here, 0)
            counts[here] = index + 1
            here = (*here, index)
        for depth in range(1, len(here) + 1):
            visit(header, here[:depth])
        pairs(table, here)
    return best[1]
