"""What clippy does not see: path dependencies outside, and code behind features that are off."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import gaterun

if TYPE_CHECKING:
    from gaterun_gates.rust.test_code import Attribute
    from gaterun_gates.rust.tokens import Token

#: What no file without a match can have.
_GATED = re.compile(rb"\bcfg\s*\([^\]]*\bfeature\s*=")


def outside_folders(package_ids: Iterable[str], members: Iterable[str]) -> dict[str, Path]:
    """Names and folders of packages on this disk that are no members.

    Args:
        package_ids: of everything that was compiled; cargo has two forms of them,
            ``path+file:///a/b#0.1.0`` and ``path+file:///a/b#name@0.1.0``.
        members: those of the members.
    """
    found: dict[str, Path] = {}
    for package_id in set(package_ids) - set(members):
        if package_id.startswith("path+file://"):
            parts = urlsplit(package_id.removeprefix("path+"))
            folder = Path(unquote(parts.path))
            name, at, _ = parts.fragment.partition("@")
            found[name if at else folder.name] = folder
    return found


def outside_lines(folders: Mapping[str, Path], members: Sequence[Path]) -> Counter[str]:
    """Lines of Rust code in each of `folders`, those of members and of targets left out."""
    from gaterun_gates.rust.line_count import count
    from gaterun_gates.rust.source import Source

    lines: Counter[str] = Counter()
    for name, folder in sorted(folders.items()):
        lines[name] = 0
        for path in _sources(folder, frozenset(members)):
            counted = count(Source(str(path), file=str(path)))
            lines[name] += counted.code + counted.test_code
    return lines


def _sources(folder: Path, members: frozenset[Path]) -> Iterator[Path]:
    """The Rust files of the package in `folder`, without those of packages below it."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for path in entries:
        if path.is_symlink():
            continue
        if path.is_dir():
            other = path in members or (path / "Cargo.toml").exists()
            if not other and path.name != "target" and not path.name.startswith("."):
                yield from _sources(path, members)
        elif path.suffix == ".rs":
            yield path


def features_off(data: bytes, features: frozenset[str]) -> Iterator[str]:
    """Names of the features that keep something in a Rust file from being compiled.

    One for each ``cfg`` attribute that does not hold with these features, whatever else holds.

    Args:
        data: the file.
        features: those that are on.
    """
    if not _GATED.search(data):
        return
    from gaterun_gates.rust.source import Source
    from gaterun_gates.rust.test_code import attributes, path_at

    items = Source("", data).tokens
    for attribute in attributes(items):
        path, index = path_at(items, attribute.first, attribute.last)
        if path != ["cfg"] or index >= attribute.last or items[index].kind != "(":
            continue
        if holds(items, index + 1, items[index].pair, features) is False:
            yield _first_feature(items, attribute)


def holds(items: Sequence[Token], first: int, last: int, features: frozenset[str]) -> bool | None:
    """Whether a ``cfg`` predicate holds with `features`; ``None`` when other settings decide."""
    from gaterun_gates.rust.tokens import split_arguments

    if last - first == 3 and items[first].name == "feature" and items[first + 2].is_string:
        return items[first + 2].string in features
    if last - first < 3 or items[first + 1].kind != "(" or items[first + 1].pair < 0:
        return None
    parts = [
        holds(items, begin, end, features)
        for begin, end in split_arguments(items, first + 2, items[first + 1].pair)
    ]
    name = items[first].name
    if name == "not" and len(parts) == 1:
        return None if parts[0] is None else not parts[0]
    if name == "all":
        return False if False in parts else None if None in parts else True
    if name == "any":
        return True if True in parts else None if None in parts else False
    return None


def _first_feature(items: Sequence[Token], attribute: Attribute) -> str:
    for index in range(attribute.first, attribute.last - 2):
        if items[index].name == "feature" and items[index + 2].is_string:
            return items[index + 2].string
    return ""


def count_features_off(
    files: Iterable[tuple[gaterun.Package, bytes]], enabled: Mapping[str, frozenset[str]]
) -> Counter[str]:
    """How often each feature keeps something out, as ``package/feature``.

    Args:
        files: members' sources.
        enabled: the features that are on, by package id.
    """
    counts: Counter[str] = Counter()
    for package, data in files:
        features = enabled.get(package.id, frozenset())
        counts.update(f"{package.name}/{name}" for name in features_off(data, features))
    return counts
