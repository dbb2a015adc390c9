"""Texts that are being edited: read once, changed in memory, and given back byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import gaterun

_MARK = "\ufeff"


@dataclass(slots=True)
class _Draft:
    """A file as it is, and its text with plain line ends as it is to be."""

    raw: str
    text: str

    @property
    def after(self) -> str:
        body = self.text.replace("\n", "\r\n") if "\r\n" in self.raw else self.text
        return f"{_MARK}{body}" if self.raw.startswith(_MARK) else body


class Drafts:
    """The files below `root` that are being edited.

    A file whose line ends are mixed is left alone: nobody can say what a new line should have.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._drafts: dict[str, _Draft] = {}

    def text(self, path: str) -> str:
        """The text as it is to be so far, without mark and with plain line ends; empty if none."""
        if path not in self._drafts:
            try:
                raw = (self._root / path).read_bytes().decode("utf-8", "surrogateescape")
            except OSError:
                return ""
            plain = raw.removeprefix(_MARK).replace("\r\n", "\n")
            draft = _Draft(raw, plain)
            if draft.after != raw or "\0" in raw:
                return ""
            self._drafts[path] = draft
        return self._drafts[path].text

    def put(self, path: str, text: str) -> None:
        """Say what a file, whose text was asked for, is to be."""
        self._drafts[path].text = text

    def replace(self, path: str, places: Iterable[tuple[int, int, str]]) -> None:
        """Put other texts in places of a file, given by first character and end."""
        text = self.text(path)
        for start, end, new in sorted(set(places), reverse=True):
            text = text[:start] + new + text[end:]
        if path in self._drafts:
            self.put(path, text)

    def edits(self) -> list[gaterun.Edit]:
        """What differs from the files, by path."""
        return [
            gaterun.Edit(path=path, before=draft.raw, after=draft.after)
            for path, draft in sorted(self._drafts.items())
            if draft.after != draft.raw
        ]
