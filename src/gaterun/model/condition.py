"""Conditions: the small language of ``require``, ``improve``, ``ratchet`` and ``floor``.

::

    comparison = metric operator operand
    operand    = number [unit] | "true" | "false" | string | metric
    operator   = "<" | "<=" | "==" | "!=" | ">=" | ">"
    unit       = "%" | "s" "ms" "m" "h" "d" | "B" "kB" "MB" "GB" "KiB" "MiB" "GiB" "TiB"

``improve`` takes a comparison whose operand is a percentage and whose operator is ``>=``
or ``>``; it is read as "better than the baseline by". ``ratchet`` takes metric names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from gaterun.model.metric import Better, Metric, Unit, Value


class ConditionError(ValueError):
    """A condition that cannot be read; points at the character.

    Attributes:
        text: the condition.
        position: 0-based index into it.
        message: what is wrong.
        hint: what to write instead; may be empty.
    """

    def __init__(self, text: str, position: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.text = text
        self.position = position
        self.message = message
        self.hint = hint


class Operator(StrEnum):
    """How a metric is compared."""

    LT = "<"
    LE = "<="
    EQ = "=="
    NE = "!="
    GE = ">="
    GT = ">"


class Comparison(Struct, frozen=True, kw_only=True):
    """``metric operator operand``.

    Attributes:
        operand: the value compared with, in the metric's unit; a metric's name when
            `operand_is_metric`.
        text: as written.
    """

    metric: str
    operator: Operator
    operand: Value
    operand_is_metric: bool
    text: str


class Improvement(Struct, frozen=True, kw_only=True):
    """Better than the baseline by at least (or more than) a fraction of it."""

    metric: str
    operator: Operator
    by: float
    text: str


class Tolerance(Struct, frozen=True, kw_only=True):
    """How much of a difference is noise.

    Attributes:
        by: in the metric's unit, or a fraction of the baseline.
        relative: whether it is a fraction of the baseline.
        text: as written.
    """

    by: float
    relative: bool
    text: str

    def around(self, value: float) -> float:
        """The tolerance around `value`, in its unit."""
        return self.by * abs(value) if self.relative else self.by


_WORD = r"""\s*(?:
        (?P<op><=|>=|==|!=|<|>|=)
      | (?P<string>"[^"]*"|'[^']*')
      | (?P<number>-?(?:\d[\d_]*)(?:\.\d+)?(?:e-?\d+)?)\s*(?P<unit>%|[A-Za-z]+)?
      | (?P<name>[A-Za-z_][\w-]*)
    )"""

#: Unit of measure, and what a number in it is multiplied with; below 1 it is divided by the
#: whole number instead, which gives the float nearest to what was written.
_SCALE: dict[str, tuple[Unit, float]] = {
    "%": (Unit.RATIO, -100),
    "ms": (Unit.SECONDS, -1000),
    "s": (Unit.SECONDS, 1),
    "m": (Unit.SECONDS, 60),
    "min": (Unit.SECONDS, 60),
    "h": (Unit.SECONDS, 3600),
    "d": (Unit.SECONDS, 86400),
    "B": (Unit.BYTES, 1),
    "kB": (Unit.BYTES, 10**3),
    "MB": (Unit.BYTES, 10**6),
    "GB": (Unit.BYTES, 10**9),
    "TB": (Unit.BYTES, 10**12),
    "KiB": (Unit.BYTES, 2**10),
    "MiB": (Unit.BYTES, 2**20),
    "GiB": (Unit.BYTES, 2**30),
    "TiB": (Unit.BYTES, 2**40),
}

_ORDERED = frozenset({Operator.LT, Operator.LE, Operator.GE, Operator.GT})


class _Token(Struct, frozen=True):
    kind: str
    text: str
    unit: str
    start: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    pattern = re.compile(_WORD, re.VERBOSE)  # compiled once, where a condition is read at all
    position = 0
    while text[position:].strip():
        match = pattern.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            raise ConditionError(text, start, f"unexpected character {text[start]!r}")
        kind = match.lastgroup or ""
        if kind == "unit":
            kind = "number"
        tokens.append(_Token(kind, match.group(kind), match.group("unit") or "", match.start(kind)))
        position = match.end()
    return tokens


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint that names the nearest of `known`, or lists them when none is near.

    >>> nearest("warnigs", ["warnings", "errors"])
    "did you mean 'warnings'?"
    """
    import difflib  # takes longer than the rest of this module, and few names are wrong

    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known: {', '.join(sorted(known))}" if known else ""


def _metric(text: str, token: _Token, metrics: Mapping[str, Metric]) -> Metric:
    name = token.text
    if name not in metrics:
        raise ConditionError(
            text, token.start, f"unknown metric '{name}'", nearest(name, list(metrics))
        )
    return metrics[name]


def _three(text: str) -> tuple[_Token, Operator, _Token]:
    tokens = _tokens(text)
    wanted = ("a metric", "an operator", "a value")
    for index, what in enumerate(wanted):
        if index >= len(tokens):
            raise ConditionError(text, len(text), f"{what} is missing", "write: warnings < 20")
    left, middle, right = tokens[:3]
    if left.kind != "name":
        raise ConditionError(text, left.start, "a condition starts with a metric's name")
    if middle.text == "=":
        raise ConditionError(text, middle.start, "'=' does not compare", "write '=='")
    if middle.kind != "op":
        raise ConditionError(text, middle.start, "expected one of < <= == != >= >")
    if len(tokens) > 3:
        raise ConditionError(
            text, tokens[3].start, "nothing may follow the value", "write one condition a string"
        )
    return left, Operator(middle.text), right


def _number(text: str, token: _Token, unit: Unit) -> float | int:
    number = float(token.text.replace("_", ""))
    if token.unit:
        if token.unit not in _SCALE:
            raise ConditionError(
                text,
                token.start + len(token.text),
                f"unknown unit '{token.unit}'",
                nearest(token.unit, list(_SCALE)),
            )
        found, scale = _SCALE[token.unit]
        if found is not unit:
            raise ConditionError(
                text,
                token.start,
                f"the unit '{token.unit}' does not fit a metric in {unit.name.lower()}",
            )
        number = number * scale if scale > 0 else number / -scale
    if not math.isfinite(number):
        raise ConditionError(text, token.start, "the number is too great")
    return int(number) if number.is_integer() else number


def parse_comparison(text: str, metrics: Mapping[str, Metric]) -> Comparison:
    """Read a ``require`` condition.

    Args:
        text: such as ``warnings < 20`` or ``cap <= 10GiB``.
        metrics: the gate's declared metrics by name.

    Raises:
        ConditionError: it is not of the grammar, names an unknown metric or unit, or
            compares what cannot be compared.

    >>> spec = {"cap": Metric(name="cap", unit=Unit.BYTES)}
    >>> parse_comparison("cap <= 10GiB", spec).operand
    10737418240
    """
    left, operator, right = _three(text)
    metric = _metric(text, left, metrics)
    operand: Value
    operand_is_metric = False
    if right.kind == "name" and right.text in {"true", "false"}:
        if metric.unit is not Unit.BOOLEAN:
            raise ConditionError(text, right.start, f"'{metric.name}' is not true or false")
        operand = right.text == "true"
    elif right.kind == "name":
        other = _metric(text, right, metrics)
        if other.unit is not metric.unit:
            raise ConditionError(
                text, right.start, f"'{metric.name}' and '{other.name}' differ in unit"
            )
        operand, operand_is_metric = other.name, True
    elif right.kind == "string":
        if metric.unit is not Unit.TEXT:
            raise ConditionError(text, right.start, f"'{metric.name}' is not a text")
        operand = right.text[1:-1]
    elif right.kind == "number":
        if metric.unit in {Unit.BOOLEAN, Unit.TEXT}:
            raise ConditionError(
                text, right.start, f"'{metric.name}' is {metric.unit.value}, not a number"
            )
        operand = _number(text, right, metric.unit)
    else:
        raise ConditionError(text, right.start, "a value is missing")
    if operator in _ORDERED and metric.unit in {Unit.BOOLEAN, Unit.TEXT}:
        raise ConditionError(
            text, text.index(operator.value), f"'{metric.name}' can only be == or !="
        )
    return Comparison(
        metric=metric.name,
        operator=operator,
        operand=operand,
        operand_is_metric=operand_is_metric,
        text=text.strip(),
    )


def _directed(text: str, start: int, metric: Metric) -> None:
    if metric.better is Better.NEITHER or metric.unit in {Unit.BOOLEAN, Unit.TEXT}:
        raise ConditionError(text, start, f"'{metric.name}' has no better direction")


def parse_improvement(text: str, metrics: Mapping[str, Metric]) -> Improvement:
    """Read an ``improve`` condition such as ``clean >= 25%``.

    Raises:
        ConditionError: as `parse_comparison`; also when the operator is not ``>=`` or
            ``>``, or the value is not a percentage.
    """
    left, operator, right = _three(text)
    metric = _metric(text, left, metrics)
    _directed(text, left.start, metric)
    if operator not in {Operator.GE, Operator.GT}:
        raise ConditionError(text, text.index(operator.value), "an improvement takes >= or >")
    if right.kind != "number" or right.unit != "%":
        raise ConditionError(text, right.start, "an improvement is a percentage", "write 25%")
    by = float(_number(text, right, Unit.RATIO))
    return Improvement(metric=metric.name, operator=operator, by=by, text=text.strip())


def parse_ratchet(text: str, metrics: Mapping[str, Metric]) -> str:
    """Read a ``ratchet`` entry, the name of a metric with a better direction.

    Raises:
        ConditionError: it is no such name.
    """
    tokens = _tokens(text)
    if len(tokens) != 1 or tokens[0].kind != "name":
        raise ConditionError(text, 0, "a ratchet is the name of a metric")
    metric = _metric(text, tokens[0], metrics)
    _directed(text, tokens[0].start, metric)
    return metric.name


def parse_tolerance(text: str, metric: Metric) -> Tolerance:
    """Read a tolerance such as ``2%`` or ``0.5s``.

    A percentage is a share of the baseline; for a metric that is a percentage itself it is
    percentage points.

    Raises:
        ConditionError: it is no number of the metric's unit, or negative.

    >>> parse_tolerance("2%", Metric(name="n")).around(50)
    1.0
    """
    tokens = _tokens(text)
    if len(tokens) != 1 or tokens[0].kind != "number":
        raise ConditionError(text, 0, "a tolerance is a number", 'write "2%" or "0.5s"')
    _directed(text, tokens[0].start, metric)
    relative = tokens[0].unit == "%" and metric.unit is not Unit.RATIO
    by = float(_number(text, tokens[0], Unit.RATIO if relative else metric.unit))
    if by < 0:
        raise ConditionError(text, tokens[0].start, "a tolerance is not negative")
    return Tolerance(by=by, relative=relative, text=text.strip())
