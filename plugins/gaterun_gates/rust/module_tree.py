"""Walk the module declarations of a crate from its root file.

Source of the path rules: the Rust reference, "Modules", section "Module source filenames",
and "The path attribute".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from gaterun_gates.rust.source import Source
from gaterun_gates.rust.test_code import attributes
from gaterun_gates.rust.tokens import Token, tokens

#: A cheap test on bytes: a file without a match declares no file of its own.
_CANDIDATE = re.compile(rb"\bmod\b(?:\s|//[^\n]*\n|/\*)[^{};]*;|\binclude\s*!|\bautomod\b")


class Declaration(NamedTuple):
    """``mod name;`` or ``include!("path")``.

    Attributes:
        name: the module's name; empty for an inclusion.
        paths: of ``path`` attributes, or the included path.
        conditional: they stand in a ``cfg_attr``, so that other files are meant elsewhere.
        inside: names (or ``path`` attributes) of the inline modules around it.
        test: whether only test builds have it.
        folder: ``automod::dir!("path")``: every file of that folder is a module.
    """

    name: str
    paths: tuple[str, ...]
    inside: tuple[str, ...]
    test: bool
    folder: bool = False
    conditional: bool = False


class Outline(NamedTuple):
    """What a file says about other files.

    Attributes:
        declarations: the files that it declares to be part of its crate.
        is_utf8: whether rustc would accept its encoding.
    """

    declarations: tuple[Declaration, ...]
    is_utf8: bool


def outline(source: Source) -> Outline:
    """What `source` says, by its bytes alone."""
    return Outline(tuple(declarations(source)), source.is_utf8)


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
    if not _CANDIDATE.search(source.data):
        return []
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


def _candidates(
    path: str, declaration: Declaration, *, owns_folder: bool
) -> list[tuple[str, bool]]:
    """Files that a declaration may mean, with "owns its folder", the first that exists counts."""
    folder, _, name = path.rpartition("/")
    folder += "/" if folder else ""
    own = folder if owns_folder else folder + posixpath.splitext(name)[0] + "/"
    if not declaration.name:
        return [(posixpath.normpath(posixpath.join(folder, declaration.paths[0])), True)]
    nested = posixpath.join(own, *declaration.inside, "") if declaration.inside else own
    beside = nested if declaration.inside else folder
    found = [(posixpath.join(beside, other), True) for other in declaration.paths]
    found.append((f"{nested}{declaration.name}.rs", False))
    found.append((f"{nested}{declaration.name}/mod.rs", True))
    if declaration.paths or declaration.inside:
        found = [(posixpath.normpath(name), owns) for name, owns in found]
    return found


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a crate compiles.

    Attributes:
        test: reached only under ``cfg(test)``.
    """

    path: str
    test: bool


def _in_folder(path: str, folder: str, listing: Callable[[str], Sequence[str]]) -> list[str]:
    """The files that ``automod::dir!`` means; its path starts at the package's folder."""
    above = posixpath.dirname(path)
    while True:
        found = listing(posixpath.normpath(posixpath.join(above, folder)))
        if found or not above:
            return [name for name in found if name != path]
        above = posixpath.dirname(above)


def _nothing(folder: str) -> Sequence[str]:
    del folder
    return ()


def walk(
    root: str,
    read: Callable[[str], Source | None],
    *,
    test: bool = False,
    listing: Callable[[str], Sequence[str]] = _nothing,
    outlined: Callable[[Source], Outline] = outline,
) -> tuple[set[Reached], list[str]]:
    """Every file that the crate with the root file `root` compiles.

    Args:
        root: path of the root file as `read` understands it.
        read: gives a file, or ``None`` when there is none.
        test: the whole crate is for tests.
        listing: gives the ``.rs`` files that lie directly in a folder.
        outlined: gives the outline of a file, perhaps from an earlier run.

    Returns:
        The files, and the declarations for which no file is there (of modules behind
        features that generate them, for other platforms, or in macros).
    """
    reached: set[Reached] = set()
    missing: list[str] = []
    pending = [(root, True, test)]
    seen: set[tuple[str, bool, bool]] = set()
    while pending:
        path, owns_folder, for_test = pending.pop()
        if (path, owns_folder, for_test) in seen:
            continue
        seen.add((path, owns_folder, for_test))
        source = read(path)
        if source is None:
            continue
        reached.add(Reached(path=path, test=for_test))
        for declaration in outlined(source).declarations:
            if declaration.folder:
                names = _in_folder(path, declaration.paths[0], listing)
                pending += [(name, False, for_test or declaration.test) for name in names]
                continue
            options = _candidates(path, declaration, owns_folder=owns_folder)
            there = (option for option in options if read(option[0]) is not None)
            # With cfg_attr several files are meant, one for each configuration.
            taken = list(there if declaration.conditional else islice(there, 1))
            if not taken:
                missing.append(f"{path}: {declaration.name or declaration.paths[0]}")
            for name, owns in taken:
                pending.append((name, owns, for_test or declaration.test))
    return reached, missing
