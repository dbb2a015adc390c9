"""Find the module declarations and inclusions of a Rust file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gaterun_gates.rust.outline import Declaration
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.test_code import attributes
from gaterun_gates.rust.tokens import Token, tokens

#: What declares a file begins with this: modules, inclusions, folders of modules.
_CANDIDATE = re.compile(
    rb"\bmod\b(?:\s|//[^\n]*\n|/\*)[^{};]*;|\binclude\s*!|\bautomod\b",
)
#: The same without the edge of a word before it: with a first letter to look for, Python's
#: expressions are some ten times as fast.
_QUICK = (
    re.compile(rb"mod\b(?:\s|//[^\n]*\n|/\*)[^{};]*;"),
    re.compile(rb"include\s*!"),
    re.compile(rb"automod\b"),
)

#: What most files that declare others begin with: comments, attributes and declarations without
#: anything in them that could hide where they end.
_HEAD = re.compile(
    rb"(?:\s+|//[^\n]*\n|#!?\[(?:[^\[\]\"'/]|\"[^\"\\\n]*\")*\]"
    rb"|(?:pub(?:\([a-z: ]*\))?\s+)?"
    rb"(?:use\s[\w\s:]*(?:\{[\w\s:,*{}]*\}|\*)?;|(?:mod|extern\s+crate)\s+\w+\s*;))*"
)
_INNER_ATTRIBUTE = re.compile(rb"#\s*!")


def _paths_in(items: Sequence[Token], first: int, last: int) -> Iterable[str]:
    for index in range(first, last - 2):
        if (
            items[index].text == "path"
            and items[index + 1].kind == "="
            and items[index + 2].is_string
        ):
            yield items[index + 2].string


def declarations(source: Source) -> list[Declaration]:
    """The files that `source` declares to be part of its crate."""
    data = source.data
    if not any(pattern.search(data) for pattern in _QUICK):
        return []
    head = _HEAD.match(data)
    end = head.end() if head is not None else 0
    if any(pattern.search(data, end) for pattern in (*_QUICK, _INNER_ATTRIBUTE)):
        return declarations_in(source)
    # Code after it declares nothing, and says nothing of what stands before: it is not parsed.
    return declarations_in(Source(source.path, data[:end]))


def declarations_in(source: Source) -> list[Declaration]:
    """The same, from the syntax of all of `source`."""
    items = tokens(source.tree.root_node, source.data, only=_CANDIDATE)
    found: list[Declaration] = []
    inline: list[tuple[int, str]] = []  # index of the closing brace, folder
    at = {attribute.first: attribute for attribute in attributes(items) if not attribute.inner}
    paths: list[str] = []
    conditional = False
    first_of_item = -1
    index = 0
    while index < len(items):
        token = items[index]
        while inline and index > inline[-1][0]:
            inline.pop()
        if token.kind == "#" and index + 2 in at:
            attribute = at[index + 2]
            first_of_item = index if first_of_item < 0 else first_of_item
            named = list(_paths_in(items, attribute.first, attribute.last))
            paths += named
            conditional |= bool(named) and items[attribute.first].text == "cfg_attr"
            index = attribute.last + 1
            continue
        following = items[index + 1 : index + 3]
        if token.kind == "mod" and len(following) == 2 and following[0].is_name:
            folders = tuple(folder for _, folder in inline)
            start = items[first_of_item].start if first_of_item >= 0 else token.start
            if following[1].kind == ";":
                test = source.is_test_at(token.start) or source.is_test_at(start)
                found.append(
                    Declaration(
                        name=following[0].name,
                        paths=tuple(paths),
                        inside=folders,
                        test=test,
                        conditional=conditional,
                    )
                )
            elif following[1].pair > index:
                inline.append((following[1].pair, paths[0] if paths else following[0].name))
        elif (
            token.text == "include"
            and len(following) == 2
            and following[0].kind == "!"
            and following[1].pair == index + 4
            and items[index + 3].is_string
        ):
            found.append(
                Declaration(
                    name="",
                    paths=(items[index + 3].string,),
                    inside=(),
                    test=source.is_test_at(token.start),
                )
            )
        elif token.text == "dir" and items[index - 2].text == "automod":
            closing = following[1].pair if len(following) == 2 else -1
            last = items[closing - 1] if closing > index else token
            if last.is_string:
                found.append(
                    Declaration(
                        name="",
                        paths=(last.string,),
                        inside=(),
                        test=source.is_test_at(token.start),
                        folder=True,
                    )
                )
        if token.kind == "(" and token.pair > index and items[index - 1].kind == "pub":
            index = token.pair + 1
            continue
        if token.kind not in {"pub", "visibility_modifier", "crate", "unsafe"}:
            paths, conditional, first_of_item = [], False, -1
        index += 1
    return found
