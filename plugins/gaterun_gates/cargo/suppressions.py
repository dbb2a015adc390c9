"""Counts where sources and manifests switch lints off: ``allow`` and ``expect``, lint by lint."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

# Only a filter for speed: most files have no such attribute and need not be parsed.
_MAYBE = re.compile(rb"#\s*!?\s*\[[^\]]*\b(?:allow|expect|clippy)\b")
_ATTRIBUTES = "[(attribute_item) (inner_attribute_item) (token_tree)] @attribute"
_LEVELS = frozenset({"allow", "expect"})
#: Stands for ``cfg(clippy)`` in any form: code that the lints do not get to see.
CFG_CLIPPY = "cfg(clippy)"


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _tokens(node: Node) -> list[Node]:
    """The tokens of a bracketed group; groups in it stay whole."""
    return [child for child in node.children if "comment" not in child.type]


def _lints(group: Node) -> Iterator[str]:
    """The lint paths of ``(a, clippy::b, reason = "...")``."""
    path = ""
    for token in _tokens(group)[1:-1]:
        text = _text(token)
        if text == ",":
            if path:
                yield path
            path = ""
        elif text == "=":  # reason = "..."
            return
        else:
            path += text
    if path and path != "reason":
        yield path


def _content(tokens: list[Node]) -> Iterator[str]:
    """What the tokens inside ``#[...]`` switch off."""
    if not tokens:
        return
    name = _text(tokens[0])
    group = next((token for token in tokens[1:2] if token.type == "token_tree"), None)
    if group is None:
        return
    if name in _LEVELS:
        yield from _lints(group)
    elif name in {"cfg", "cfg_attr"}:
        inner = _tokens(group)[1:-1]
        ends = [n for n, token in enumerate(inner) if _text(token) == ","]
        condition = inner[: ends[0]] if name == "cfg_attr" and ends else inner
        if any(_mentions_clippy(token) for token in condition):
            yield CFG_CLIPPY
        if name == "cfg_attr":
            for start, end in zip(ends, [*ends[1:], len(inner)], strict=True):
                yield from _content(inner[start + 1 : end])


def _mentions_clippy(token: Node) -> bool:
    if token.type == "token_tree":
        return any(_mentions_clippy(child) for child in token.children)
    return token.type == "identifier" and token.text == b"clippy"


def _attribute_tokens(node: Node) -> list[Node] | None:
    """The tokens inside the brackets, if it is an attribute."""
    if node.type == "token_tree":
        # In a macro's body an attribute is only the tokens `#` `[...]` or `#` `!` `[...]`.
        before = node.prev_sibling
        if before is not None and before.text == b"!":
            before = before.prev_sibling
        if before is None or before.text != b"#" or not (node.text or b"").startswith(b"["):
            return None
        return _tokens(node)[1:-1]
    attribute = next((child for child in node.children if child.type == "attribute"), None)
    return None if attribute is None else _tokens(attribute)


class Suppression(NamedTuple):
    """A lint that an attribute switches off.

    Attributes:
        lint: its path, or `CFG_CLIPPY`.
        line: 1-based line of the attribute.
        whole_file: it is an inner attribute of the file, ``#![allow(...)]``.
    """

    lint: str
    line: int
    whole_file: bool


class SuppressionCounter:
    """Finds and counts suppressions in Rust sources; makes its parser once."""

    def __init__(self) -> None:
        import tree_sitter_rust
        from tree_sitter import Language, Parser, Query, QueryCursor

        language = Language(tree_sitter_rust.language())
        self._parser = Parser(language)
        self._cursor = QueryCursor(Query(language, _ATTRIBUTES))

    def find(self, source: bytes) -> Iterator[Suppression]:
        """Every lint that an attribute allows or expects, and every ``cfg(clippy)``.

        ``#[allow(a, b)]`` gives two, so that merging attributes changes nothing.
        Attributes in macro bodies count; comments, strings and documentation do not.

        Args:
            source: a Rust file.
        """
        if not _MAYBE.search(source):
            return
        tree = self._parser.parse(source)
        for node in self._cursor.captures(tree.root_node).get("attribute", ()):
            tokens = _attribute_tokens(node)
            if tokens is None:
                continue
            inner = node.type == "inner_attribute_item"
            whole_file = inner and node.parent is not None and node.parent.type == "source_file"
            for lint in _content(tokens):
                yield Suppression(lint, node.start_point[0] + 1, whole_file)

    def count(self, source: bytes) -> Counter[str]:
        """How often each lint is allowed or expected by an attribute of a Rust file."""
        return Counter(each.lint for each in self.find(source))


def allowed_in_manifest(manifest: dict[str, Any]) -> Counter[str]:
    """The lints that ``[lints]`` or ``[workspace.lints]`` of a manifest allow."""
    counts: Counter[str] = Counter()
    workspace = manifest.get("workspace")
    for holder in (manifest, workspace if isinstance(workspace, dict) else {}):
        tools = holder.get("lints")
        for tool, lints in (tools if isinstance(tools, dict) else {}).items():
            for lint, level in (lints if isinstance(lints, dict) else {}).items():
                value = level.get("level") if isinstance(level, dict) else level
                if value == "allow":
                    counts[lint if tool == "rust" else f"{tool}::{lint}"] += 1
    return counts
