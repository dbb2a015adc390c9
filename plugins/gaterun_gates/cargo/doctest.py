"""The text that documentation tests print: results by file and item, and proof that it is all.

Source: rust-lang/rust, library/test/src/formatters/pretty.rs and src/librustdoc/doctest.rs.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from gaterun_gates.cargo.outcome import Status, cut

_BEGIN = re.compile(r"running (\d+) tests?")
_RESULT = re.compile(
    r"test (?P<file>\S.*?) - (?:(?P<item>.*?) )?\(line (?P<line>\d+)\)"
    r"(?: - (?:compile fail|compile|should panic))* \.\.\. (?P<result>ok|FAILED|ignored)\b.*"
)
_LISTED = re.compile(r"(?P<file>\S.*?) - (?:(?P<item>.*?) )?\(line (?P<line>\d+)\).*: test")
_END = re.compile(
    r"test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored; "
    r"(\d+) measured; (\d+) filtered out.*"
)
_OUTPUT = re.compile(r"---- (?P<name>.+ \(line \d+\)) stdout ----")
_HEADER = re.compile(r"^\s*Doc-tests (\S+)", re.MULTILINE)

_STATUS = {"ok": Status.PASSED, "FAILED": Status.FAILED, "ignored": Status.IGNORED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One documentation example.

    Attributes:
        file: as printed, relative to the workspace root.
        item: path of the item that it documents; empty for a whole file.
        ordinal: 1 for the first example of that item, and so on; lines may move.
    """

    file: str
    item: str
    line: int
    ordinal: int
    status: Status
    output: str = ""

    @property
    def name(self) -> str:
        """File, item and ordinal: an identity without line numbers."""
        return f"{self.file} - {self.item or '(file)'} #{self.ordinal}"


@dataclass(slots=True)
class _Block:
    announced: int
    found: list[tuple[str, str, int, Status]] = field(default_factory=list)
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctests:
    """Every example, the number of blocks of results, and why that cannot be all (or empty)."""

    examples: tuple[Example, ...]
    blocks: int
    incomplete: str = ""


def _why_not(block: _Block, summary: tuple[int, ...]) -> str:
    counts = Counter(status for _, _, _, status in block.found)
    counted = (counts[Status.PASSED], counts[Status.FAILED], counts[Status.IGNORED])
    if len(block.found) != block.announced:
        return f"{len(block.found)} of {block.announced} documentation tests have a result"
    if summary[4]:
        return f"{summary[4]} documentation tests were filtered out"
    if counted != summary[:3]:
        return "the results of documentation tests and their summary differ"
    return ""


def read_doctests(stdout: str) -> Doctests:
    """Read the standard output of ``cargo test --doc``.

    One crate may have several blocks: examples of the 2024 edition are merged into one
    program as far as possible, and the others follow.
    """
    blocks: list[_Block] = []
    outputs: dict[str, list[str]] = {}
    lines_of: list[str] | None = None
    why = ""
    for text in stdout.splitlines():
        if match := _OUTPUT.fullmatch(text):
            lines_of = outputs.setdefault(match["name"], [])
            continue
        if lines_of is not None and text != "failures:" and not text.startswith("test result: "):
            lines_of.append(text)
            continue
        lines_of = None
        block = blocks[-1] if blocks and not blocks[-1].ended else None
        if block is None:
            if match := _BEGIN.fullmatch(text):
                blocks.append(_Block(int(match[1])))
        elif match := _RESULT.fullmatch(text):
            block.found.append(
                (match["file"], match["item"] or "", int(match["line"]), _STATUS[match["result"]])
            )
        elif match := _END.fullmatch(text):
            block.ended = True
            why = why or _why_not(block, tuple(int(number) for number in match.groups()))
    if blocks and not blocks[-1].ended:
        why = why or "a block of documentation tests has no end"
    return Doctests(examples=tuple(_examples(blocks, outputs)), blocks=len(blocks), incomplete=why)


def _examples(blocks: list[_Block], outputs: dict[str, list[str]]) -> list[Example]:
    found = sorted((test for block in blocks for test in block.found), key=lambda test: test[:3])
    ordinals: Counter[tuple[str, str]] = Counter()
    examples: list[Example] = []
    for file, item, line, status in found:
        ordinals[file, item] += 1
        printed = f"{file} - {item} (line {line})" if item else f"{file} - (line {line})"
        examples.append(
            Example(
                file=file,
                item=item,
                line=line,
                ordinal=ordinals[file, item],
                status=status,
                output=cut("\n".join(outputs.get(printed, []))),
            )
        )
    return examples


def read_listed(stdout: str) -> list[tuple[str, str]]:
    """The file and `Example.name` of each line of ``cargo test --doc -- --list --format terse``."""
    found = [
        (match["file"], match["item"] or "", int(match["line"]), Status.IGNORED)
        for line in stdout.splitlines()
        if (match := _LISTED.fullmatch(line))
    ]
    return [(example.file, example.name) for example in _examples([_Block(len(found), found)], {})]


def read_headers(stderr: str) -> list[str]:
    """The crates whose documentation tests cargo began, from its standard error."""
    return _HEADER.findall(stderr)
