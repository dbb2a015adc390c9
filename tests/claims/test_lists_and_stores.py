"""Claims in ``memory/memory-store.json`` and in task lists in Markdown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gaterun import Claim, Said, Unread
from gaterun_claims import memory_store, task_list


def store(root: Path, content: object) -> None:
    (root / "memory").mkdir()
    text = content if isinstance(content, str) else json.dumps(content)
    (root / memory_store.FILE).write_text(text)


def test_the_json_store(tmp_path: Path, phase: Any) -> None:
    entry = {"key": "phase7/code_quality/status", "value": "completed", "namespace": "phase7"}
    store(tmp_path, {"phase7": [{**entry, "timestamp": 1764000000500, "redacted": False}]})
    assert list(memory_store.gaterun_claims(tmp_path, phase)) == [
        Claim(
            key="phase7/code_quality/status",
            said=Said.COMPLETED,
            source="memory/memory-store.json",
            place="namespace phase7",
            time=1764000000.5,
            raw="completed",
        )
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"phase7": [{"key"', "it is no JSON, or only half written: "),
        ("[" * 100_000, "it is no JSON, or only half written: "),
        ([], "it holds no namespaces"),
        ({"a": {}}, "1 entries of namespace a have no key"),
        ({"a": [{"value": "done"}, 3]}, "2 entries of namespace a have no key"),
    ],
)
def test_a_store_that_is_not_one(tmp_path: Path, phase: Any, content: Any, why: str) -> None:
    store(tmp_path, content)
    (item,) = memory_store.gaterun_claims(tmp_path, phase)
    assert isinstance(item, Unread)
    assert item.why.startswith(why)


def test_no_store_is_no_claim(tmp_path: Path, phase: Any) -> None:
    assert list(memory_store.gaterun_claims(tmp_path, phase)) == []


LIST = """\
# Tasks
- [x] 7.3 Code quality
- [X] **Task 7.3**: again
* [ ] 7.4 Release
  1. [~] 7.4: release notes
- [x] 7.3.1 is another task
- [x] 17.3 and another
- [x] something else
- 7.3 without a box
```text
- [x] 7.4 in an example
```
- [x] [7.4](docs/release.md) linked
"""


def test_a_task_list(tmp_path: Path, phase: Any) -> None:
    (tmp_path / "TASKS.md").write_text(LIST)
    os.utime(tmp_path / "TASKS.md", (1764000000, 1764000000))
    found = list(task_list.gaterun_claims(tmp_path, phase))
    assert [
        (item.task, item.said.value, item.place) for item in found if isinstance(item, Claim)
    ] == [
        ("7.3", "completed", "line 2"),
        ("7.3", "completed", "line 3"),
        ("7.4", "in-progress", "line 5"),
        ("7.4", "completed", "line 13"),
    ]
    first = found[0]
    assert isinstance(first, Claim)
    assert (first.raw, first.time) == ("- [x] 7.3 Code quality", 1764000000.0)


def test_where_lists_are_looked_for(tmp_path: Path, phase: Any) -> None:
    names = ("docs/COMPREHENSIVE-ROADMAP.md", "specs/001-x/tasks.md", "TODO.md", "docs/PLAN.md")
    for name in (*names, "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("- [x] 7.3\n")
    found = {item.source for item in task_list.gaterun_claims(tmp_path, phase)}
    assert found == set(names)


def test_a_list_that_cannot_be_read_is_said(tmp_path: Path, phase: Any) -> None:
    (tmp_path / "TODO.md").mkdir()
    assert list(task_list.gaterun_claims(tmp_path, phase)) == [
        Unread(source="TODO.md", why="it is no file")
    ]
    (tmp_path / "PLAN.md").write_bytes(b"- [x] 7.3 caf\xe9\n")
    assert isinstance(list(task_list.gaterun_claims(tmp_path, phase))[-1], Claim)
