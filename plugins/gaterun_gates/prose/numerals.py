"""Numbers as people write them in sentences, and whether a measured value agrees with one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gaterun import Unit

#: The number words, in the order of what they mean.
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen", "twenty"),
)
#: What separates groups of three digits somewhere in the world.
_GROUPS = ",._'\u2019 \u00a0\u2009\u202f"
_DIGITS = rf"(?:\d{{1,3}}(?:[{_GROUPS}]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?)"
_SUFFIX = r"(?:[ \u00a0\u202f]?%|[kKM](?![A-Za-z])|[ \u00a0\u202f]?(?:[KMGT]i?B|kB|bytes|ms|min|h|s|B)(?!\w))"
_ONE = rf"(?:{_DIGITS}{_SUFFIX}?|(?:{'|'.join(_WORDS)})(?![\w-]))"

_TO = r"(?:[ ]?(?:-|\u2013|\u2014|\.\.)[ ]?|[ ]to[ ])"
#: A number, or a range of two, with what belongs to it; without groups.
NUMBER = rf"[-\u2212]?{_ONE}(?:{_TO}{_ONE})?\+?"

_MORE, _LESS = r"more than|over|above|upwards of|beyond|>", r"fewer than|less than|under|below|<"
_LEAST = r"at least|no fewer than|no less than|not fewer than|>=|\u2265|=>"
_MOST = r"at most|up to|no more than|not more than|<=|\u2264"
_ABOUT = (
    r"about|around|approximately|approx\.?|roughly|some|nearly|almost|circa|ca\.|~|\u2248|\u223c"
)
_THEN = (
    r"from|was|were|had|previously|formerly|originally|before:?|instead of|rather than|"
    r"compared (?:to|with)|used to be|used to have|baseline:?|target(?: is| of|:)?|goal(?: is| of|:)?|"
    r"limit(?: is| of|:)?"
)
_PIECE = re.compile(
    rf"(?P<sign>[-\u2212]?)(?:(?P<digits>{_DIGITS})(?P<suffix>{_SUFFIX})?|(?P<word>[a-z]+))(?P<plus>\+?)",
    re.IGNORECASE,
)
_RANGE = re.compile(rf"({_ONE}){_TO}({_ONE})", re.IGNORECASE)

_BYTES = {"B": 1, "BYTES": 1, "KB": 1000, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BYTES |= {"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}
_SECONDS = {"s": Decimal(1), "ms": Decimal("0.001"), "min": Decimal(60), "h": Decimal(3600)}


class Relation(StrEnum):
    """What a sentence says of a number."""

    EQUAL = "is"
    MORE = "more than"
    LESS = "fewer than"
    LEAST = "at least"
    MOST = "at most"
    ABOUT = "about"
    THEN = "then"  # it speaks of another time, or of what is wanted


#: The longest first, so that "no more than" is not read as "more than".
_RELATIONS = tuple(
    (re.compile(rf"(?:(?<!\w)(?:{words})|(?<=\W)(?:{words}))\s*$", re.IGNORECASE), relation)
    for words, relation in (
        (_MOST, Relation.MOST),
        (_LEAST, Relation.LEAST),
        (_MORE, Relation.MORE),
        (_LESS, Relation.LESS),
        (_ABOUT, Relation.ABOUT),
        (_THEN, Relation.THEN),
    )
)
#: How many characters before a number are looked at.
_BEFORE = 24
#: How far "about" may be off.
_NEAR = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number in a text.

    Attributes:
        text: as written, with the words before it that matter.
        low, high: what it can mean, each with half of its last digit; the same number of both.
    """

    text: str
    relation: Relation
    low: tuple[tuple[Decimal, Decimal], ...]
    high: tuple[tuple[Decimal, Decimal], ...]

    def agrees(self, value: float) -> bool:
        """Whether a measured value is what the text says.

        Of what it can mean one reading that agrees is enough; a bound has to hold for all.
        """
        measured = Decimal(repr(value))
        enough = any if self.relation in {Relation.EQUAL, Relation.ABOUT} else all
        return enough(
            self._holds(measured, low, high) for low, high in zip(self.low, self.high, strict=True)
        )

    def _holds(
        self, value: Decimal, low: tuple[Decimal, Decimal], high: tuple[Decimal, Decimal]
    ) -> bool:
        (least, below), (most, above) = low, high
        match self.relation:
            case Relation.MORE:
                return value > least
            case Relation.LEAST:
                return value >= least - below
            case Relation.LESS:
                return value < most
            case Relation.MOST:
                return value <= most + above
            case Relation.ABOUT:
                return least - abs(least) * _NEAR <= value <= most + abs(most) * _NEAR
            case _:
                return least - below <= value <= most + above


def amount(text: str, start: int, end: int, unit: Unit) -> Amount | None:
    """Read the number that `NUMBER` has found; ``None`` where its unit is another one.

    Args:
        text: what stands before the number says how it is meant.
        unit: of the metric that it is compared with; percent and units of time and size are
            converted to it.

    >>> said = "more than 1,200 tests"
    >>> amount(said, 10, 15, Unit.COUNT).agrees(1200), amount(said, 10, 15, Unit.COUNT).agrees(1201)
    (False, True)
    """
    written = text[start:end]
    head = text[max(0, start - _BEFORE) : start]
    relation, words = Relation.EQUAL, ""
    for pattern, meaning in _RELATIONS:
        if found := pattern.search(head):
            relation, words = meaning, found[0]
            break
    both = _RANGE.fullmatch(written)
    pieces = [both[1], both[2]] if both else [written]
    if both and not _suffix(pieces[0]):
        pieces[0] += _suffix(pieces[1])
    sides = [_readings(piece, unit) for piece in pieces]
    if not all(sides):
        return None
    if written.endswith("+") and relation is Relation.EQUAL:
        relation = Relation.LEAST
    low, high = sides[0], sides[-1]
    shared = min(len(low), len(high))
    return Amount(
        text=(words + written).strip(),
        relation=relation,
        low=low if not both else low[:shared],
        high=high if not both else high[:shared],
    )


def _suffix(piece: str) -> str:
    match = _PIECE.fullmatch(piece)
    return (match["suffix"] or "") if match else ""


def _readings(piece: str, unit: Unit) -> tuple[tuple[Decimal, Decimal], ...]:
    match = _PIECE.fullmatch(piece)
    if match is None:
        return ()
    if match["word"]:
        word = match["word"].lower()
        return ((Decimal(_WORDS.index(word)), Decimal(0)),) if word in _WORDS else ()
    factor = _factor((match["suffix"] or "").strip(), unit)
    if factor is None:
        return ()
    sign = -1 if match["sign"] else 1
    return tuple(
        (sign * number * factor, half * factor)
        for number, half in _numbers(match["digits"], whole=unit is Unit.COUNT)
    )


def _factor(suffix: str, unit: Unit) -> Decimal | None:
    """By what a number is multiplied; ``None`` where the suffix is one of another unit."""
    if suffix in {"k", "K"}:
        return Decimal(1000)
    if suffix == "M":
        return Decimal(10**6)
    if unit is Unit.RATIO:
        return Decimal("0.01") if suffix in {"%", ""} else None
    if suffix == "%":
        return None
    if suffix.upper() in _BYTES:
        return Decimal(_BYTES[suffix.upper()]) if unit is Unit.BYTES else None
    if suffix in _SECONDS:
        return _SECONDS[suffix] if unit is Unit.SECONDS else None
    return Decimal(1)


def _numbers(digits: str, *, whole: bool) -> Iterator[tuple[Decimal, Decimal]]:
    """Everything that digits with separators can mean, each with half of its last digit.

    Args:
        whole: it counts something, so that three digits behind a dot are thousands.

    >>> [str(number) for number, _ in _numbers("1,234", whole=False)]
    ['1234', '1.234']
    """
    groups = re.fullmatch(rf"(\d{{1,3}})((?:[{_GROUPS}]\d{{3}})+)(?:([.,])(\d+))?", digits)
    if groups:
        separators = set(re.findall(r"\D", groups[2]))
        if len(separators) == 1 and groups[3] not in separators and groups[1] != "0":
            joined = re.sub(r"\D", "", groups[1] + groups[2])
            yield _exact(f"{joined}.{groups[4]}" if groups[4] else joined)
            if whole and " " not in separators:
                return
    plain = digits.replace(",", ".")
    if re.fullmatch(r"\d+(?:\.\d+)?", plain):
        yield _exact(plain)
    elif " " in digits:
        # The last number of two that stand beside each other: "phase 7 630 tests".
        yield _exact(digits.rpartition(" ")[2].replace(",", "."))


def _exact(text: str) -> tuple[Decimal, Decimal]:
    places = len(text.partition(".")[2])
    return Decimal(text), Decimal(5).scaleb(-places - 1) if places else Decimal(0)


def shown(value: object, unit: Unit) -> str:
    """A measured value as a sentence has it.

    >>> shown(0.25, Unit.RATIO), shown(1234, Unit.COUNT), shown(True, Unit.BOOLEAN)
    ('25 %', '1234', 'true')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if unit is Unit.RATIO:
        return f"{value * 100:.6g} %"
    suffix = {Unit.SECONDS: " s", Unit.BYTES: " bytes"}.get(unit, "")
    return f"{value:.6g}{suffix}" if isinstance(value, float) else f"{value}{suffix}"
