"""Find the module declarations and inclusions of a Rust file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gaterun_gates.rust.code_text import code_text
from gaterun_gates.rust.excerpt import excerpt
from gaterun_gates.rust.outline import Declaration
from gaterun_gates.rust.source import Source
from gaterun_gates.rust.test_code import attributes
from gaterun_gates.rust.tokens import Token

#: What declares a file begins with one of these: modules, inclusions, folders of modules. There is
#: no edge of a word before it: with a first letter to look for, Python's expressions are some ten
#: times as fast.
_QUICK = (
    re.compile(rb"mod\b(?:\s|//[^\n]*\n|/\*)[^{};]*;"),
    re.compile(rb"include\s*!(?!\s*[(\[{]\s*concat\b)"),  # what is made at build time is not there
    re.compile(rb"automod\b"),
)

#: What most files that declare others begin with: comments, attributes and declarations without
#: anything in them that could hide where they end.
_HEAD = re.compile(
    rb"(?:\s+|//[^\n]*\n|#!?\[(?:[^\[\]\"'/]|\"[^\"\\\n]*\")*\]"
    rb"|(?:pub(?:\([a-z: ]*\))?\s+)?"
    rb"(?:use\s[\w\s:]*(?:\{[\w\s:,*{}]*\}|\*)?;|(?:mod|extern\s+crate)\s+\w+\s*;))*"
)
#: What may say of all that stands before it that tests alone have it.
_INNER_ATTRIBUTE = re.compile(rb"#\s*!(?!\s*\[\s*(?:allow|deny|doc|expect|feature|forbid|warn)\b)")
#: Keywords of all editions: no module can be called so.
_NO_NAMES = frozenset(
    b"_ abstract as async await become box break const continue crate do dyn else enum extern false"
    b" final fn for gen if impl in let loop macro match mod move mut override priv pub ref return"
    b" self static struct super trait true try type typeof unsafe unsized use virtual where while"
    b" yield Self".split()
)
#: The same, one at a time.
_PART = re.compile(
    rb"\s+|//[^\n]*\n|(?P<attribute>#(?P<inner>!?)\[(?:[^\[\]\"'/]|\"[^\"\\\n]*\")*\])"
    rb"|[^;]*\bmod\s+(?P<name>\w+)\s*;|[^;]*;"
)
#: Words of attributes that have to do with where a module is, or whether tests alone have it.
_TELLING = re.compile(rb"path|test|bench|quickcheck|parameterized|fixture|ignore")


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
    if not any(pattern.search(data, end) for pattern in (*_QUICK, _INNER_ATTRIBUTE)):
        # Code after it declares nothing, and says nothing of what stands before: it is not parsed.
        plain = _in_plain_head(data, end)
        return declarations_in(Source(source.path, data[:end])) if plain is None else plain
    code = code_text(data)
    if code is None:
        return declarations_in(source)
    places = [match.start() for pattern in _QUICK for match in pattern.finditer(code)]
    return declarations_in(excerpt(source, code, sorted(places)))


def _in_plain_head(data: bytes, end: int) -> list[Declaration] | None:
    """What a head declares whose attributes say nothing of it but ``#[cfg(test)]``; else ``None``."""
    found: list[Declaration] = []
    attributed = test = False
    at = 0
    while at < end:
        part = _PART.match(data, at, end)
        if part is None:
            return None
        at = part.end()
        attribute, name = part["attribute"], part["name"]
        if attribute is not None:
            if attribute == b"#[cfg(test)]":
                test = True
            elif _TELLING.search(attribute) or (part["inner"] and attributed):
                return None
            attributed = not part["inner"]
        elif part.group().endswith(b";"):
            if name is not None:
                if name in _NO_NAMES or name[:1].isdigit():
                    return None
                found.append(Declaration(name.decode(), paths=(), inside=(), test=test))
            attributed = test = False
    return found


def declarations_in(source: Source) -> list[Declaration]:
    """The same, from the syntax of all of `source`."""
    items = source.tokens
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
