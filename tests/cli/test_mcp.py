"""``gaterun mcp``: a real client of the SDK asks, in this process and over standard input."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from gaterun.cli import desk
from gaterun.cli.apart import Apart
from gaterun.cli.mcp_server import server
from gaterun.cli.workspace import open_workspace
from gaterun.core.state import StateDb
from gaterun.core.task_history import LEASE

PHASE = """
[phase]
protected = ["phases/**"]
[task.1]
title = "One"
claims = ["one"]
files = ["src/**"]
[[task.1.gate]]
use = "bound"
[task.2]
title = "Two"
needs = ["1"]
[[task.2.gate]]
use = "fail"
"""

READING = ["check_files", "claims", "run_result", "task_list"]
SAYING = ["run_gates", "task_block", "task_done", "task_start"]

#: A phase whose task 1 fails until somebody mends a file, and lets 2 wait.
WORK = """
[phase]
title = "Work"
[task.1]
title = "One"
files = ["src/**"]
[[task.1.gate]]
use = "bound"
require = "n == 0"
[task.2]
title = "Two"
needs = ["1"]
[[task.2.gate]]
use = "pass"
"""


@pytest.fixture
def ran(project: Any) -> Any:
    project.write({"src/lib.rs": "fine\n", ".gitignore": "TODO.md\n"})
    project.phase(PHASE)
    project.commit()
    return project


@pytest.fixture
def apart(ran: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Apart]:
    # Runs are processes of their own, which look for gates where this one does.
    folders = list(filter(None, sys.path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    monkeypatch.setattr(sys, "path", ["", *folders])
    apart = Apart(ran.root)
    yield apart
    apart.close()


@pytest.fixture
def talk(ran: Any, apart: Apart) -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """Let a coroutine talk to a server in this process."""

    def talk(conversation: Callable[[Any], Awaitable[None]]) -> None:
        served = server(lambda: open_workspace(ran.root, None, "", (), ()), "p", apart)

        async def main() -> None:
            async with Client(served) as client:
                await conversation(client)

        anyio.run(main)

    return talk


@pytest.fixture
def over_stdio(ran: Any) -> Callable[[Callable[[Any], Awaitable[None]]], None]:
    """Let a coroutine talk to a server that it starts as a host does."""

    def talk(conversation: Callable[[Any], Awaitable[None]]) -> None:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "gaterun", "mcp", "p"],
            env={**os.environ, "PYTEST_CURRENT_TEST": ""},
            cwd=ran.root,
        )

        async def main() -> None:
            async with Client(parameters) as client:
                await conversation(client)

        anyio.run(main)

    return talk


async def call(client: Any, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return answer.structured_content


async def finished(client: Any, answer: Any) -> Any:
    while answer["state"] == "running":
        answer = await call(client, "run_result", run=answer["run"], wait_s=30)
    return answer


def test_what_is_offered(talk: Any) -> None:
    async def conversation(client: Any) -> None:
        listed = await client.list_tools()
        reads = sorted(tool.name for tool in listed.tools if tool.annotations.read_only_hint)
        says = sorted(tool.name for tool in listed.tools if not tool.annotations.read_only_hint)
        assert (reads, says) == (READING, SAYING)  # and none that waives
        assert not any(tool.annotations.destructive_hint for tool in listed.tools)
        assert all(tool.description for tool in listed.tools)
        resources = await client.list_resources()
        assert [str(item.uri) for item in resources.resources] == ["gaterun://dashboard"]
        assert (
            "A task is complete only when task_done\nreturns state verified" in client.instructions
        )

    talk(conversation)


async def drive_a_task(client: Any, root: Path) -> None:
    """From nothing to verified, by tools alone but for the edit."""
    before = await call(client, "task_list")
    assert (before["phase"], before["complete"]) == ("p", False)
    assert [(task["task"], task["state"]) for task in before["tasks"]] == [
        ("1", "ready"),
        ("2", "todo"),
    ]
    refused = await client.call_tool("task_start", {"task": "2"})
    assert refused.is_error
    assert "task 2 needs 1, which is not verified on this tree (ready)" in refused.content[0].text

    brief = await call(client, "task_start", task="1")
    assert brief == {
        "task": "1",
        "title": "One",
        "claim": 1,
        "files": ["src/**"],
        "needs": [],
        "waiting": ["2"],
        "gates": [{"node_id": "1::bound", "conditions": ["n == 0"], "blocking": True}],
    }
    held = (await call(client, "task_list"))["tasks"][0]
    assert (held["state"], held["held_here"], held["missing"]) == (
        "in-progress",
        True,
        ["1::bound"],
    )

    done = await finished(client, await call(client, "task_done", task="1"))
    assert (done["state"], done["exit_code"]) == ("claimed", 1)
    assert done["missing"] == ["1::bound"]
    assert done["gates"] == [{"node_id": "1::bound", "outcome": "fail", "why": "n 2 (== 0)"}]
    assert (await call(client, "task_list"))["tasks"][0]["state"] == "claimed"

    (root / "src/lib.rs").write_text("fine\n")
    done = await finished(client, await call(client, "task_done", task="1"))
    assert (done["state"], done["exit_code"], done["missing"]) == ("verified", 0, [])
    after = await call(client, "task_list")
    assert [(task["task"], task["state"]) for task in after["tasks"]] == [
        ("1", "verified"),
        ("2", "ready"),
    ]
    shown = await client.read_resource("gaterun://dashboard")
    assert shown.contents[0].mime_type == "text/markdown"
    assert "| 1 | One | verified |" in shown.contents[0].text

    blocked = await call(client, "task_block", task="2", why="no access")
    assert blocked == {"task": "2", "state": "blocked"}
    assert (await call(client, "task_list"))["tasks"][1]["blocked"] == "no access"


def to_be_done(project: Any) -> None:
    project.phase(WORK)
    project.write({"src/lib.rs": "bad bad\n"})
    project.commit()


def test_a_whole_task_in_this_process(ran: Any, talk: Any) -> None:
    to_be_done(ran)
    talk(lambda client: drive_a_task(client, ran.root))


def test_a_whole_task_over_standard_input(ran: Any, over_stdio: Any) -> None:
    to_be_done(ran)
    over_stdio(lambda client: drive_a_task(client, ran.root))


def test_measurements_that_take_long_are_polled(ran: Any, over_stdio: Any) -> None:
    ran.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "lane"\nwait = true\n')
    ran.commit()

    async def conversation(client: Any) -> None:
        first = await call(client, "task_done", task="1", wait_s=0)
        assert first["state"] == "running"
        assert (await call(client, "task_done", task="1", wait_s=0))["run"] == first["run"]
        assert (await call(client, "run_result", run=first["run"]))["state"] == "running"
        (ran.signals / "go").touch()
        done = await finished(client, first)
        assert (done["state"], done["task"]) == ("verified", "1")
        # It is remembered, and says the same again.
        assert await call(client, "run_result", run=first["run"]) == done

    over_stdio(conversation)


def test_what_others_hold(ran: Any, talk: Any) -> None:
    ran.phase(PHASE.replace('needs = ["1"]', 'files = ["docs/**"]'))
    ran.commit()
    folder = ran.root.parent / "wt-ada"
    ran.git("worktree", "add", "-q", str(folder), "-b", "ada")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATERUN_ACTOR", "ada")
        assert ran.run("start", "1", "-C", str(folder)).code == 0

    async def conversation(client: Any) -> None:
        answer = await client.call_tool("task_start", {"task": "1"})
        assert answer.is_error
        assert f"task 1 is held by ada in {folder}" in answer.content[0].text
        done = await finished(client, await call(client, "task_done", task="1"))
        assert (done["state"], done["exit_code"]) == ("refused", 1)
        assert "task 1 is held by ada" in done["error"]
        (file,) = (await call(client, "check_files", paths=["src/lib.rs"]))["result"]
        assert (file["advice"], file["tasks"]) == ("ask", ["1"])
        assert f"one of 1 (ada in {folder})" in file["why"]
        task = (await call(client, "task_list"))["tasks"][0]
        assert (task["held_by"], task["held_here"]) == (f"ada in {folder}", False)

    talk(conversation)


def test_asking_is_a_sign_of_life(ran: Any, talk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran.run("start", "1").code == 0
    monkeypatch.setattr(desk, "clock", lambda: time.time() + LEASE - 1)

    async def conversation(client: Any) -> None:
        await call(client, "check_files", paths=["src/lib.rs"])

    talk(conversation)
    with StateDb(ran.root / ".gaterun/state.db") as db:
        assert [event.kind for event in db.events("p")] == ["start", "heartbeat"]


def test_what_is_said_elsewhere_is_claimed(ran: Any, talk: Any) -> None:
    ran.write({"TODO.md": "- [x] 1 One\n"})

    async def conversation(client: Any) -> None:
        task = (await call(client, "task_list"))["tasks"][0]
        assert task["state"] == "claimed"
        assert task["said"][0].startswith("TODO.md, line 1, ")

    talk(conversation)


def test_gates_are_measured_without_a_word_about_the_task(ran: Any, talk: Any) -> None:
    async def conversation(client: Any) -> None:
        before = await call(client, "task_list")
        assert {gate["freshness"] for gate in before["gates"]} == {"missing"}
        run = await finished(client, await call(client, "run_gates", selectors=["1"]))
        assert (run["exit_code"], run["error"]) == (0, "")
        assert run["gates"] == [{"node_id": "1::bound", "outcome": "pass", "why": "n 0 (<= 3)"}]
        assert run["record"] == ran.record_now().id

    talk(conversation)


def test_what_fails_is_told_and_completes_nothing(ran: Any, talk: Any) -> None:
    ran.command("p")

    async def conversation(client: Any) -> None:
        run = await finished(client, await call(client, "run_gates", selectors=["2::fail"]))
        assert run["exit_code"] == 1
        assert run["gates"][-1] == {
            "node_id": "2::fail",
            "outcome": "fail",
            "why": "ok false (== true)",
        }
        status = await call(client, "task_list")
        assert {gate["node_id"]: gate["holds"] for gate in status["gates"]}["2::fail"] is False
        assert {task["task"]: task["state"] for task in status["tasks"]}["2"] == "ready"
        assert status["complete"] is False

    talk(conversation)


def test_what_takes_long_is_polled(ran: Any, talk: Any) -> None:
    ran.phase('[phase]\n[task.1]\n[[task.1.gate]]\nuse = "sleepy"\nseconds = 1.5\n')

    async def conversation(client: Any) -> None:
        first = await call(client, "run_gates", wait_s=0)
        assert (first["state"], first["run"]) == ("running", "r1")
        again = await call(client, "run_gates", wait_s=0)
        assert again["run"] == "r1"  # the same run is not made twice
        assert (await call(client, "run_result", run="r1"))["state"] == "running"
        assert (await finished(client, first))["exit_code"] == 0

    talk(conversation)


def test_closing_ends_what_is_running(ran: Any, apart: Apart, eventually: Any) -> None:
    ran.gates("hang")
    apart.start("p", [])
    pids = [int(pid) for pid in ran.await_file("pids").split()]
    apart.close()

    def gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    eventually(lambda: all(map(gone, pids)))


def test_claims(ran: Any, talk: Any) -> None:
    ran.write({"TODO.md": "- [x] 2 Two\n"})

    async def conversation(client: Any) -> None:
        document = await call(client, "claims")
        assert document["claimed"] == ["2"]
        assert document["claims"][0]["evidence"] == "not measured"

    talk(conversation)


def test_files(talk: Any) -> None:
    async def conversation(client: Any) -> None:
        answer = await call(
            client, "check_files", paths=["./src/../src/lib.rs", "phases/p.toml", ".gaterun/x"]
        )
        assert [(file["advice"], file["tasks"]) for file in answer["result"]] == [
            ("edit", ["1"]),
            ("ask", []),
            ("deny", []),
        ]

    talk(conversation)


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("run_result", {"run": "r9"}, "there is no run 'r9' here (none was started)"),
        ("run_gates", {"selectors": ["--exit-zero"]}, "'--exit-zero' is no selector"),
        ("task_start", {"task": "3"}, "phase 'p' has no task '3'"),
        ("task_done", {"task": "--help"}, "phase 'p' has no task '--help'"),
        ("task_block", {"task": "1", "why": " "}, "an empty text says nothing"),
    ],
)
def test_a_mistake_is_told_readably(
    talk: Any, tool: str, arguments: dict[str, Any], message: str
) -> None:
    async def conversation(client: Any) -> None:
        answer = await client.call_tool(tool, arguments)
        assert answer.is_error
        assert message in answer.content[0].text

    talk(conversation)


def test_a_selector_that_fits_nothing_is_an_error_of_the_run(talk: Any) -> None:
    async def conversation(client: Any) -> None:
        run = await finished(client, await call(client, "run_gates", selectors=["nope"]))
        assert run["exit_code"] in {4, 5}
        assert "nope" in run["error"]
        assert run["gates"] == []

    talk(conversation)


def test_a_broken_phase_file_is_told_and_mended(ran: Any, talk: Any) -> None:
    async def conversation(client: Any) -> None:
        ran.phase("[phase]\nnonsense = 1\n")
        answer = await client.call_tool("task_list", {})
        assert answer.is_error
        assert "unknown key 'nonsense'" in answer.content[0].text
        ran.phase(PHASE)
        assert (await call(client, "task_list"))["phase"] == "p"

    talk(conversation)


def test_without_the_extra_it_says_how_to_get_it(ran: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaterun.cli import mcp

    monkeypatch.setattr(mcp, "find_spec", lambda name: None)
    done = ran.run("mcp", "p")
    assert done.code == 4
    assert "pip install 'gaterun[mcp]'" in done.err
