"""Finds what documents state of metrics, and holds each against what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaterun import Reading, Unit, Value
from gaterun_gates.prose.numerals import Amount, Relation, amount, shown
from gaterun_gates.prose.wordings import blanks, pattern

if TYPE_CHECKING:
    from gaterun_gates.prose.running_text import Piece

#: For each blank of a phrase, the metrics that it may be about: one that agrees is enough.
Readings = tuple[tuple[Reading, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A template, and what its numbers are to be compared with.

    Attributes:
        text: the template.
        says: what a template without a blank says; else ``None``.
    """

    text: str
    readings: Readings
    unless: str = ""
    says: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Something that a document states.

    Attributes:
        text: as it stands there.
        phrase: the template that has found it; empty for a number between markers.
        then: it speaks of another time, and is compared with nothing.
        wrong: what was measured instead, in words; empty where nothing speaks against it.
        open: why it cannot be compared; empty where it can.
    """

    path: str
    line: int
    text: str
    phrase: str = ""
    then: bool = False
    wrong: str = ""
    open: str = ""


def find(
    path: str, pieces: Iterable[Piece], phrases: Sequence[Phrase], known: Mapping[str, Reading]
) -> Iterator[Statement]:
    """What a document states, in order.

    Args:
        known: every metric, by id, for the numbers between markers.
    """
    seen = set()
    for piece in pieces:
        found = [_marked(path, piece, known)] if piece.metric else _stated(path, piece, phrases)
        for statement in found:
            # A row of a table is read as a whole and by its cells.
            key = (statement.line, statement.text.casefold(), statement.wrong)
            if key not in seen:
                seen.add(key)
                yield statement


def _stated(path: str, piece: Piece, phrases: Sequence[Phrase]) -> list[Statement]:
    matches = [
        (phrase, match)
        for phrase in phrases
        for match in pattern(phrase.text, phrase.unless).finditer(piece.text)
    ]
    # The longest says most: "630 tests pass" is about those that pass.
    matches.sort(key=lambda item: (-len(item[1][0]), item[1].start()))
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, Statement]] = []
    for phrase, match in matches:
        spans = [match.span(group) for group in range(1, blanks(phrase.text) + 1)] or [match.span()]
        if any(start < end_ and start_ < end for start, end in spans for start_, end_ in taken):
            continue
        amounts = _amounts(piece.text, spans, phrase)
        if amounts is None:
            continue
        taken += spans
        then = piece.then or any(item.relation is Relation.THEN for item in amounts)
        # What stands before the number says how it is meant, so it is shown with it.
        ahead = amounts[0].text if amounts and phrase.text.startswith("{}") else ""
        text = ahead + match[0][spans[0][1] - match.start() :] if ahead else match[0]
        wrong, why = ("", "") if then else _against(phrase, amounts)
        statement = Statement(
            path=path,
            line=piece.line_of(spans[0][0]),
            text=" ".join(text.split()),
            phrase=phrase.text,
            then=then,
            wrong=wrong,
            open=why,
        )
        found.append((match.start(), statement))
    found.sort(key=lambda item: item[0])
    return [statement for _, statement in found]


def _amounts(text: str, spans: list[tuple[int, int]], phrase: Phrase) -> list[Amount] | None:
    """The numbers of a match; ``None`` where one is of another unit than what is measured."""
    if not blanks(phrase.text):
        return []
    found = []
    for (start, end), readings in zip(spans, phrase.readings, strict=True):
        unit = readings[0].unit if readings else Unit.COUNT
        number = amount(text, start, end, unit)
        if number is None:
            return None
        found.append(number)
    return found


def _against(phrase: Phrase, amounts: Sequence[Amount]) -> tuple[str, str]:
    """What speaks against a statement, and else why it cannot be compared."""
    wrong, missing = [], []
    for index, readings in enumerate(phrase.readings):
        if any(_agrees(phrase, amounts, index, reading) for reading in readings):
            continue
        without = [reading for reading in readings if reading.value is None]
        if without:
            missing += [f"{reading.id} has no value: {reading.why}" for reading in without]
        else:
            wrong.append(_measured(readings))
    return ", ".join(wrong), "" if wrong else "; ".join(missing)


def _agrees(phrase: Phrase, amounts: Sequence[Amount], index: int, reading: Reading) -> bool:
    value = reading.value
    if not amounts:
        return value == phrase.says and isinstance(value, bool) is isinstance(phrase.says, bool)
    number = _number(reading)
    return number is not None and amounts[index].agrees(number)


def _number(reading: Reading) -> float | None:
    value = reading.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def _measured(readings: Sequence[Reading]) -> str:
    return " and ".join(f"{item.id} is {shown(item.value, item.unit)}" for item in readings)


def _marked(path: str, piece: Piece, known: Mapping[str, Reading]) -> Statement:
    """What stands between the markers of `gaterun report --numbers`."""
    reading = known.get(piece.metric)
    wrong = why = ""
    if reading is None:
        why = f"no gate of this phase measures '{piece.metric}'"
    elif reading.value is None:
        why = f"{reading.id} has no value: {reading.why}"
    elif not _written(piece.text, reading):
        wrong = _measured([reading])
    return Statement(
        path=path, line=piece.line, text=piece.text, then=piece.then, wrong=wrong, open=why
    )


def _written(text: str, reading: Reading) -> bool:
    """Whether a text is the value of a metric."""
    if isinstance(reading.value, bool | str):
        return " ".join(text.split()).casefold() == shown(reading.value, reading.unit).casefold()
    number, value = amount(text, 0, len(text), reading.unit), _number(reading)
    return number is not None and value is not None and number.agrees(value)
