"""Draws one metric over runs: a chart with its table, or a line the size of a word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from gaterun.model.metric import Better, Unit
from gaterun.reporters.figures import change, figure, plural
from gaterun.reporters.html_text import Html, joined, tag
from gaterun.reporters.html_trends import Point

_WIDTH, _HEIGHT = 320, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 312, 14, 96
_BLUE = "#2f6fb2"


class Chart(Struct, frozen=True, kw_only=True):
    """A metric to be drawn.

    Attributes:
        anchor: the id of the chart on its page.
        limit: the value that it is compared with, where that is a number.
        wanted: what is asked of it, in words.
    """

    anchor: str
    name: str
    points: Sequence[Point]
    unit: Unit = Unit.COUNT
    better: Better = Better.NEITHER
    limit: float | None = None
    wanted: str = ""

    @property
    def values(self) -> list[float]:
        """What was measured, without gaps."""
        return [point.value for point in self.points if point.value is not None]

    @property
    def told(self) -> str:
        """The course in words."""
        if not self.values:
            return f"not measured in {plural(len(self.points), 'run')}"
        first, last = self.values[0], self.values[-1]
        words = f"{plural(len(self.points), 'run')}, from {figure(first, self.unit)} to "
        words += f"{figure(last, self.unit)}: {change(first, last, self.unit, self.better)}"
        gaps = len(self.points) - len(self.values)
        return f"{words}; not measured in {gaps} of them" if gaps else words


def chart(metric: Chart) -> Html:
    """A figure with the curve, its limit, what it says in words, and a table of the runs."""
    values = metric.values
    low, high = _range(metric)
    labels = {figure(value, metric.unit) for value in (low, high)}
    gutter = min(110, round(6.4 * max(map(len, labels)))) + _LEFT
    scale = _Scale(low, high, len(metric.points), left=gutter + 6)
    limit = metric.limit
    legend = joined(
        metric.told[:1].upper() + metric.told[1:],
        "." if limit is None else f". Dashed: {metric.wanted}.",
    )
    head = f"{metric.anchor}.t"
    return tag(
        "figure",
        tag("figcaption", tag("strong", metric.name), tag("br"), legend),
        tag(
            "svg",
            tag("title", f"{metric.name} over runs", id=head),
            _grid(scale, metric.unit),
            None if limit is None else _level(scale, limit),
            _curve(metric.points, scale),
            _dates(metric.points, scale),
            viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
            width="100%",
            role="img",
            aria_labelledby=head,
            class_="chart",
            font_family="system-ui, sans-serif",
        )
        if values
        else None,
        tag("details", tag("summary", "The runs as a table"), _table(metric)),
        id=metric.anchor,
    )


def sparkline(metric: Chart) -> Html:
    """The course in the size of a word, told in words as well."""
    low, high = _range(metric, with_limit=False)
    scale = _Scale(low, high, len(metric.points), left=3, right=93, top=4, bottom=16)
    return Html(
        tag(
            "svg",
            _curve(metric.points, scale, dots=False),
            width=96,
            height=20,
            viewBox="0 0 96 20",
            role="img",
            aria_label=metric.told,
            class_="spark",
        ).rstrip("\n")
    )


class _Scale:
    """From runs and values to places in the drawing."""

    def __init__(
        self,
        low: float,
        high: float,
        count: int,
        *,
        left: int = _LEFT,
        right: int = _RIGHT,
        top: int = _TOP,
        bottom: int = _BOTTOM,
    ) -> None:
        self.low, self.high, self.count = low, high, count
        self.left, self.right, self.top, self.bottom = left, right, top, bottom

    def x(self, index: int) -> float:
        if self.count == 1:
            return (self.left + self.right) / 2
        return round(self.left + index * (self.right - self.left) / (self.count - 1), 1)

    def y(self, value: float) -> float:
        if self.high == self.low:
            return (self.top + self.bottom) / 2
        # Halves first: the difference of two great numbers may be beyond all floats.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return round(self.bottom - share * (self.bottom - self.top), 1)


def _range(metric: Chart, *, with_limit: bool = True) -> tuple[float, float]:
    shown = metric.values
    if with_limit and metric.limit is not None:
        shown = [*shown, metric.limit]
    return min(shown, default=0.0), max(shown, default=0.0)


def _curve(points: Sequence[Point], scale: _Scale, *, dots: bool = True) -> list[Html]:
    """A line through each stretch of runs that measured it, and a dot at its last value."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for index, point in enumerate(points):
        if point.value is None:
            stretches.append([])
        else:
            stretches[-1].append((scale.x(index), scale.y(point.value)))
    drawn = []
    for stretch in stretches:
        if len(stretch) > 1:
            places = " ".join(f"{x:g},{y:g}" for x, y in stretch)
            drawn.append(
                tag(
                    "polyline",
                    points=places,
                    fill="none",
                    stroke=_BLUE,
                    stroke_width=2 if dots else 1.5,
                    stroke_linejoin="round",
                    class_="curve",
                )
            )
    # A value between two gaps has no line, so it needs its dot in any case.
    ends = {stretch[-1] for stretch in stretches if stretch}
    marked = [
        place
        for stretch in stretches
        for place in stretch
        if place in ends or (dots and len(points) <= 30)
    ]
    last = next((stretch[-1] for stretch in reversed(stretches) if stretch), None)
    drawn += [
        tag("circle", cx=x, cy=y, r=_size(dots=dots, last=(x, y) == last), fill=_BLUE, class_="dot")
        for x, y in marked
    ]
    return drawn


def _size(*, dots: bool, last: bool) -> float:
    if not dots:
        return 2.5
    return 4 if last else 2.2


def _grid(scale: _Scale, unit: Unit) -> Html:
    """The greatest value and the least, each with its line."""
    levels = [scale.low] if scale.low == scale.high else [scale.high, scale.low]
    return tag(
        "g",
        [
            joined(
                tag("line", **_across(scale, value), stroke="#8a949e", stroke_opacity=0.35),
                _label(figure(value, unit), scale.left - 6, scale.y(value) + 4, anchor="end"),
            )
            for value in levels
        ],
    )


def _level(scale: _Scale, value: float) -> Html:
    return tag(
        "line",
        **_across(scale, value),
        stroke="#8f5e00",
        stroke_dasharray="5 4",
        class_="limit",
    )


def _across(scale: _Scale, value: float) -> dict[str, float]:
    y = scale.y(value)
    return {"x1": scale.left, "x2": scale.right, "y1": y, "y2": y}


def _dates(points: Sequence[Point], scale: _Scale) -> list[Html]:
    if len(points) < 2:
        return []
    first, last = moment(points[0].started), moment(points[-1].started)
    if first[:10] == last[:10]:
        last = last[11:]
    return [
        _label(first, scale.left, _HEIGHT - 6),
        _label(last, scale.right, _HEIGHT - 6, anchor="end"),
    ]


def _label(text: str, x: float, y: float, *, anchor: str = "start") -> Html:
    return tag(
        "text",
        text,
        x=x,
        y=y,
        font_size=11,
        text_anchor=anchor,
        fill="currentColor",
        class_="soft",
    )


def _table(metric: Chart) -> Html:
    head = tag("tr", [tag("th", name, scope="col") for name in ("Run", "Started", "Value")])
    rows = [
        tag(
            "tr",
            tag("td", tag("code", point.run), data_label="Run"),
            tag("td", moment(point.started), data_label="Started"),
            tag("td", figure(point.value, metric.unit), class_="n", data_label="Value"),
        )
        for point in metric.points
    ]
    return tag("table", tag("thead", head), tag("tbody", rows), class_="stack")


def moment(seconds: float) -> str:
    """A time in UTC to the minute.

    >>> moment(0.0)
    '1970-01-01 00:00'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"
