"""Read a ``.env.example``: documented variables, commented defaults and what is wrong in it."""

from __future__ import annotations

import io
import re

import msgspec

# Upper case only: `# database=…` and `# Format = …` in a comment are prose.
_COMMENTED = re.compile(r"[ \t]*#+[ \t]*(?:export[ \t]+)?([A-Z_][A-Z0-9_]*)([ \t]*)=(?!=)(.*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A documented variable.

    Attributes:
        value: as a parser of such files reads it; ``None`` for a key without ``=``.
        line: 1-based.
        commented: it is a default that is shown in a comment.
    """

    name: str
    value: str | None
    line: int
    commented: bool


class DotenvFile(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed file.

    Attributes:
        entries: in order.
        errors: lines that no parser of such files understands.
        bad_names: entries whose name no shell accepts.
    """

    entries: tuple[Entry, ...]
    errors: tuple[int, ...] = ()
    bad_names: tuple[Entry, ...] = ()

    @property
    def names(self) -> dict[str, Entry]:
        """The first entry of each name; an active one before a commented one."""
        found: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.name not in found or (found[entry.name].commented and not entry.commented):
                found[entry.name] = entry
        return found

    @property
    def duplicates(self) -> list[Entry]:
        """Active entries whose name an earlier active entry has already."""
        seen: set[str] = set()
        again: list[Entry] = []
        for entry in self.entries:
            if entry.commented:
                continue
            if entry.name in seen:
                again.append(entry)
            seen.add(entry.name)
        return again


def parse_dotenv(text: str) -> DotenvFile:
    r"""Read the text of a ``.env`` file without interpolation.

    A comment counts as a documented default when it is an assignment and nothing else:
    ``# PORT=8080`` does, ``# Set PORT=8080 to …`` does not.

    >>> [e.name for e in parse_dotenv("A=1\n# B=2\n# say C=3\n").entries]
    ['A', 'B']
    """
    from dotenv.parser import parse_stream

    entries: list[Entry] = []
    errors: list[int] = []
    bad: list[Entry] = []
    text = text.removeprefix("\ufeff")
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original
        # A binding's text starts with the blank lines before it.
        shift = len(original.string) - len(original.string.lstrip("\r\n"))
        line = original.line + original.string[:shift].count("\n")
        if binding.error:
            errors.append(line)
        elif binding.key is not None:
            entry = Entry(name=binding.key, value=binding.value, line=line, commented=False)
            (entries if _NAME.fullmatch(binding.key) else bad).append(entry)
        else:
            for number, comment in enumerate(original.string.splitlines()):
                match = _COMMENTED.fullmatch(comment.rstrip())
                if match is not None and not _is_prose(match.group(2), match.group(3)):
                    entries.append(
                        Entry(
                            name=match.group(1),
                            value=_commented_value(match.group(3)),
                            line=original.line + number,
                            commented=True,
                        )
                    )
    entries.sort(key=lambda entry: entry.line)
    return DotenvFile(entries=tuple(entries), errors=tuple(errors), bad_names=tuple(bad))


def _is_prose(space: str, value: str) -> bool:
    """Whether ``# NOTE = the words of a sentence`` was read, not a default."""
    words = value.strip()
    return bool(space) and words[:1] not in {"'", '"'} and len(words.split()) > 2


def _commented_value(text: str) -> str:
    text = text.strip()
    if text[:1] in {"'", '"'} and text[1:].find(text[0]) >= 0:
        return text[1 : 1 + text[1:].find(text[0])]
    return re.split(r"\s+#", text, maxsplit=1)[0].strip()
