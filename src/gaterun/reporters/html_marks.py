"""The signs of verdicts in the HTML report: a shape and a colour, always with words beside them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from gaterun.model.record import GateResult
from gaterun.model.verdict import Outcome, Reason
from gaterun.reporters import standing
from gaterun.reporters.html_text import Html, tag
from gaterun.reporters.standing import (
    ADVISORY,
    BLOCKED,
    FAILED,
    NO_VERDICT,
    PASSED,
    SKIPPED,
    STANDINGS,
    WAIVED,
    Standing,
)


class Mark(Struct, frozen=True, kw_only=True):
    """How a standing is drawn.

    Attributes:
        name: as class in the style sheet.
        colour: where there is no style sheet.
        shape: strokes in a square of 16.
    """

    name: str
    colour: str
    shape: str


#: Red, green and the others differ in shape as well, for whoever does not see colours.
MARKS = {
    FAILED.word: Mark(name="failed", colour="#c4232f", shape="M5 5l6 6M11 5l-6 6"),
    NO_VERDICT.word: Mark(
        name="unknown",
        colour="#7a4fc0",
        shape="M5.8 6.2a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.8-1.1 1.6M8 11.7v.2",
    ),
    BLOCKED.word: Mark(name="blocked", colour="#8f5e00", shape="M4.8 8h6.4"),
    ADVISORY.word: Mark(name="advisory", colour="#8f5e00", shape="M8 4.3v4.6M8 11.5v.2"),
    WAIVED.word: Mark(name="waived", colour="#8f5e00", shape="M5.8 12V4.5h5L9.6 6.4l1.2 1.9h-5"),
    SKIPPED.word: Mark(name="skipped", colour="#5b6570", shape="M5.5 5l3 3-3 3M10.5 5v6"),
    PASSED.word: Mark(name="passed", colour="#1a7a3c", shape="M4.6 8.3l2.4 2.4 4.4-5"),
}

#: Why there is no verdict, for who does not know the reason codes.
REASONS = {
    Reason.TOOL_MISSING: "a program that it needs is not installed",
    Reason.TOOL_VERSION: "a program that it needs has an unsuitable version",
    Reason.TIMEOUT: "it ran out of time",
    Reason.CRASHED: "the gate, or a program that it ran, crashed",
    Reason.BUILD_FAILED: "the code does not build",
    Reason.INCOMPLETE: "not everything could be looked at",
    Reason.NO_INPUT: "there was nothing to look at",
    Reason.BELOW_FLOOR: "less was looked at than the phase file asks for",
    Reason.UNDECIDED: "what was seen does not decide it",
    Reason.NOT_COMPARABLE: "the values cannot be compared",
    Reason.NOISE: "the measurement is too noisy to decide it",
    Reason.BASELINE_MISSING: "there is no baseline to compare with",
    Reason.BASELINE_STALE: "the baseline is of another commit",
    Reason.DIRTY_TREE: "the working tree has uncommitted changes",
    Reason.TREE_CHANGED: "the working tree changed during the run",
    Reason.PARSE_ERROR: "a program's output could not be read",
    Reason.WORKER_LOST: "the worker that measured it is lost",
    Reason.WRONG_TREE: "the worker that was to measure it has another tree",
}

_MEANING = {
    FAILED.word: "a condition does not hold",
    NO_VERDICT.word: "it is neither pass nor fail: {reason}",
    BLOCKED.word: "not measured, as what it waits for has not passed",
    ADVISORY.word: "it fails, and does not fail the run yet",
    WAIVED.word: "it fails, and a waiver covers the failure",
    SKIPPED.word: "not measured, switched off by name",
    PASSED.word: "every condition holds",
}


def mark(kind: Standing) -> Mark:
    """How a standing is drawn."""
    return MARKS[kind.word]


def meaning(result: GateResult) -> str:
    """What the standing of a gate means, in words."""
    reason = REASONS[result.verdict.reason] if result.verdict.reason else "nobody can say why"
    return _MEANING[standing.standing(result).word].format(reason=reason)


def sprite() -> Html:
    """All signs, drawn once; the others refer to them."""
    symbols = [
        tag("symbol", _drawn(sign), id=f"mark-{sign.name}", viewBox="0 0 16 16")
        for sign in MARKS.values()
    ]
    return tag("svg", symbols, width=0, height=0, aria_hidden="true", class_="sprite")


def icon(kind: Standing, size: int = 16, *, x: float | None = None, y: float | None = None) -> Html:
    """The sign of a standing, without words; a group of it inside of a drawing."""
    use = tag("use", href=f"#mark-{mark(kind).name}", width=size, height=size, x=x, y=y)
    if x is not None:
        return use
    square = f"0 0 {size} {size}"
    drawn = tag(
        "svg", use, width=size, height=size, viewBox=square, aria_hidden="true", class_="icon"
    )
    return Html(drawn.rstrip("\n"))


def badge(kind: Standing) -> Html:
    """The sign and the word."""
    name = mark(kind).name
    return tag("span", icon(kind), " ", kind.word.capitalize(), class_=f"badge t-{name}")


def worst(results: Sequence[GateResult]) -> Standing:
    """The standing of several gates together: the worst that keeps them from being done."""
    kinds = {standing.standing(result).word for result in results}
    if any(result.outcome is Outcome.PASS for result in results):
        kinds.discard(SKIPPED.word)
    return next((kind for kind in STANDINGS if kind.word in kinds), SKIPPED)


def _drawn(sign: Mark) -> list[Html]:
    return [
        tag("circle", cx=8, cy=8, r=8, fill=sign.colour, class_=f"f-{sign.name}"),
        tag(
            "path",
            d=sign.shape,
            fill="none",
            stroke="#fff",
            stroke_width=1.6,
            stroke_linecap="round",
            stroke_linejoin="round",
        ),
    ]
