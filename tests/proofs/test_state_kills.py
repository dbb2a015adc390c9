"""The proof of `state_kills.py`, sampled: six kills, and eight racers for 16 tasks."""

from __future__ import annotations

from pathlib import Path

import pytest
import state_kills
from msgspec.structs import replace
from state_checks import NOTHING, Line, Rows, wrong_with

from gaterun.model.task_state import Kind, Participant, Said, TaskEvent


@pytest.mark.slow
def test_nothing_is_lost_or_half_after_a_kill_and_no_task_is_started_twice(tmp_path: Path) -> None:
    said: list[str] = []
    seed = 20261128
    wrong = state_kills.prove(tmp_path.resolve(), kills=6, tasks=16, seed=seed, say=said.append)
    assert wrong == [], said
    assert said[-1].startswith("8 racers, 16 tasks: 16 starts by ")
    assert said[-1].endswith(" 0 things wrong")


ADA, BOB = (Participant(actor=name, worktree=f"/{name}") for name in ("ada", "bob"))


def event(seq: int, kind: Kind, said: Said, *, who: Participant = ADA, epoch: int = 1) -> TaskEvent:
    return TaskEvent(
        seq=seq, at=float(seq), phase="p", task="1", kind=kind, who=who, epoch=epoch, said=said
    )


EVENTS = (
    event(1, Kind.START, Said(head="a-0")),
    event(2, Kind.NOTE, Said(text="a-1")),
    event(3, Kind.DONE, Said(run="a-2")),
)
ROWS = Rows(events=EVENTS, evidence={"r": 2}, leases={"1": (1, "ada")})
LINES = [
    Line(said, token, kind)
    for token, kind in (("a-0", "start"), ("a-1", "note"), ("a-2", "done"), ("r", "evidence"))
    for said in ("begin", "written")
]


def found(rows: Rows, before: Rows = NOTHING) -> list[str]:
    return wrong_with(rows, before=before, begun=LINES, written=LINES)


def test_what_is_right() -> None:
    assert found(ROWS) == []
    assert found(ROWS, ROWS) == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (replace(ROWS, events=EVENTS[:2]), "done a-2 was said to be written, and is not there"),
        (replace(ROWS, events=(*EVENTS, EVENTS[1])), "note a-1 is there 2 times, not 1"),
        (replace(ROWS, evidence={"r": 1}), "evidence r is there 1 times, not 2"),
        (replace(ROWS, evidence={}), "evidence r was said to be written, and is not there"),
        (replace(ROWS, evidence={"r": 2, "x": 2}), "nobody proved x"),
        (replace(ROWS, leases={}), "the cache says None of 1, events (1, 'ada')"),
        (
            replace(ROWS, events=(*EVENTS, event(4, Kind.NOTE, Said(text="x")))),
            "nobody wrote x",
        ),
        (
            replace(ROWS, events=(*EVENTS, event(4, Kind.START, Said(head="x"), who=BOB))),
            "claim 1 of 1 is held by ada, bob",
        ),
        (
            replace(ROWS, events=(*EVENTS, event(4, Kind.START, Said(head="x"), epoch=3))),
            "1 has claims [1, 3], and the last is 3",
        ),
    ],
)
def test_what_would_be_wrong_is_seen(rows: Rows, problem: str) -> None:
    assert problem in found(rows)


def test_a_change_of_what_was_there_is_seen() -> None:
    changed = (event(1, Kind.START, Said(head="other")), *EVENTS[1:])
    before = replace(ROWS, events=changed)
    assert "what was there before is not what it was" in found(ROWS, before)


NOTED = replace(NOTHING, events=(event(1, Kind.NOTE, Said(text=state_kills.NOTE.strip())),))


@pytest.mark.parametrize(
    ("command", "after", "code", "problem"),
    [
        ("note", NOTED, 0, ""),
        ("note", NOTED, None, ""),
        ("note", NOTHING, None, ""),
        ("note", NOTHING, 0, "note was told to be written, and is not there"),
        ("start", NOTED, 0, "note was not asked for"),
        (
            "note",
            replace(NOTHING, events=(event(1, Kind.NOTE, Said(text="as long")),)),
            None,
            "note is half",
        ),
        ("note", replace(NOTED, events=NOTED.events * 2), 0, "note is there 2 times"),
        ("done", replace(NOTHING, evidence={"r": 1}), None, "run r has 1 pieces of evidence"),
        (
            "done",
            replace(NOTHING, events=(event(1, Kind.DONE, Said(run="r", verified=True)),)),
            0,
            "run r was to prove it, and did not",
        ),
    ],
)
def test_what_one_command_leaves(command: str, after: Rows, code: int | None, problem: str) -> None:
    wrong = state_kills.wrong_after(command, NOTHING, after, code)
    assert problem in wrong if problem else wrong == []
