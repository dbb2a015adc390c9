"""Draws which task waits for which: a row a task, lines from what comes first to what waits.

Rows instead of boxes side by side, so that the drawing is as readable on a phone as on a desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from gaterun.reporters.html_marks import icon
from gaterun.reporters.html_text import Html, brief, joined, tag
from gaterun.reporters.standing import Standing

_ROW, _LANE, _MARGIN, _RADIUS = 56, 26, 14, 10
_BEND = 8


class Node(Struct, frozen=True, kw_only=True):
    """A task to be drawn.

    Attributes:
        name: the id with its title.
        words: how its gates stand.
        needs: ids of the tasks that it waits for; others than those drawn are left out.
    """

    id: str
    name: str
    kind: Standing
    words: str
    needs: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """How it stands and what it waits for, in words."""
        return f"{self.words}, {waits_for(self.needs)}" if self.needs else self.words


def waits_for(needs: Sequence[str]) -> str:
    """What is waited for, in words.

    >>> waits_for(["7.1", "7.2", "7.3"])
    'waits for 7.1, 7.2 and 7.3'
    """
    *first, last = needs
    return f"waits for {', '.join(first)} and {last}" if first else f"waits for {last}"


def graph(nodes: Sequence[Node]) -> Html:
    """The drawing, with everything that it shows in words for who cannot see it."""
    ordered = in_order(nodes)
    rows = {node.id: row for row, node in enumerate(ordered)}
    lanes = lanes_of(ordered)
    text_at = _MARGIN + _LANE * max(lanes.values(), default=0) + 28
    spoken = " ".join(f"{brief(node.name, 80)}: {node.told}." for node in ordered)
    return tag(
        "svg",
        tag("title", "Which task waits for which", id="graph-title"),
        tag("desc", spoken, id="graph-words"),
        [
            _line(lanes[need], rows[need], lanes[node.id], rows[node.id])
            for node in ordered
            for need in _drawn_needs(node, rows)
        ],
        [_row(node, rows[node.id], lanes[node.id], text_at) for node in ordered],
        class_="graph",
        width="100%",
        height=_ROW * len(ordered),
        role="img",
        aria_labelledby="graph-title graph-words",
        font_family="system-ui, sans-serif",
    )


def in_order(nodes: Sequence[Node]) -> list[Node]:
    """What is waited for before what waits, otherwise as given; circles stay as they are."""
    waiting = list(nodes)
    ordered: list[Node] = []
    while waiting:
        left = {node.id for node in waiting}
        ready = next((node for node in waiting if not left & set(node.needs)), waiting[0])
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def lanes_of(ordered: Sequence[Node]) -> dict[str, int]:
    """A column for each task, to the right of what it waits for.

    From a task a line goes straight down as far as the last that waits for it, so its column
    is free for others only after that.
    """
    rows = {node.id: row for row, node in enumerate(ordered)}
    last_use: dict[str, int] = {}
    for row, node in enumerate(ordered):
        for need in _drawn_needs(node, rows):
            last_use[need] = row
    lanes: dict[str, int] = {}
    busy: dict[int, int] = {}
    for row, node in enumerate(ordered):
        lane = max((lanes[need] + 1 for need in _drawn_needs(node, rows)), default=0)
        while busy.get(lane, -1) >= row:
            lane += 1
        lanes[node.id] = lane
        busy[lane] = last_use.get(node.id, row)
    return lanes


def _drawn_needs(node: Node, rows: Mapping[str, int]) -> list[str]:
    """The needs that stand above a task; in a circle of tasks some do not."""
    return [need for need in node.needs if rows.get(need, len(rows)) < rows[node.id]]


def _line(from_lane: int, from_row: int, to_lane: int, to_row: int) -> Html:
    x1, y1 = _place(from_lane, from_row)
    x2, y2 = _place(to_lane, to_row)
    end = x2 - _RADIUS - 2
    bend = min(_BEND, end - x1)
    path = f"M{x1} {y1 + _RADIUS + 2}V{y2 - bend}Q{x1} {y2} {x1 + bend} {y2}H{end}"
    return joined(
        tag("path", d=path, fill="none", stroke="#8a949e", stroke_width=1.5, class_="edge"),
        tag("path", d=f"M{end + 1} {y2}l-6 -3.5v7z", fill="#8a949e", class_="head"),
    )


def _row(node: Node, row: int, lane: int, text_at: int) -> Html:
    x, y = _place(lane, row)
    size = 2 * _RADIUS
    return tag(
        "g",
        icon(node.kind, size, x=x - _RADIUS, y=y - _RADIUS),
        tag(
            "text",
            brief(node.name, 60),
            x=text_at,
            y=y - 3,
            font_size=15,
            font_weight=600,
            fill="currentColor",
        ),
        tag(
            "text",
            brief(node.told, 90),
            x=text_at,
            y=y + 15,
            font_size=13,
            fill="currentColor",
            class_="soft",
        ),
    )


def _place(lane: int, row: int) -> tuple[int, int]:
    return _MARGIN + _LANE * lane, _ROW * row + _ROW // 2
