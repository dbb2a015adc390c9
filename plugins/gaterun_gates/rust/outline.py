"""What a Rust file says about other files of its crate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gaterun_gates.rust.source import Source


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
    from gaterun_gates.rust.declarations import declarations

    return Outline(tuple(declarations(source)), source.is_utf8)
