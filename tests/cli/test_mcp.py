"""``gaterun mcp``: a real client of the SDK asks, in this process and over standard input."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from gaterun.cli.apart import Apart
from gaterun.cli.mcp_server import server
from gaterun.cli.workspace import open_workspace

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

TOOLS = ["check_files", "claims", "gate_status", "run_gates", "run_result"]


@pytest.fixture
def ran(project: Any) -> Any:
    project.write({"src/lib.rs": "fine\n", ".gitignore": "TODO.md\n"})
    project.phase(PHASE)
    project.commit()
    return project


@pytest.fixture
def apart(ran: Any) -> Iterator[Apart]:
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
        assert sorted(tool.name for tool in listed.tools) == TOOLS  # and none that waives
        reads = {tool.name for tool in listed.tools if tool.annotations.read_only_hint}
        assert reads == {*TOOLS} - {"run_gates"}
        assert all(tool.description for tool in listed.tools)

    talk(conversation)


def test_a_task_from_nothing_to_complete(ran: Any, talk: Any) -> None:
    async def conversation(client: Any) -> None:
        before = await call(client, "gate_status")
        assert before["complete"] is False
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
        status = await call(client, "gate_status")
        assert {gate["node_id"]: gate["holds"] for gate in status["gates"]}["2::fail"] is False
        assert {task["task"]: task["complete"] for task in status["tasks"]}["2"] is False
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
    import os

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
            client, "check_files", paths=["src/lib.rs", "phases/p.toml", ".gaterun/x"]
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
        answer = await client.call_tool("gate_status", {})
        assert answer.is_error
        assert "unknown key 'nonsense'" in answer.content[0].text
        ran.phase(PHASE)
        assert (await call(client, "gate_status"))["phase"] == "p"

    talk(conversation)


def test_over_standard_input(ran: Any) -> None:
    import os

    async def main() -> None:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "gaterun", "mcp", "p"],
            env={**os.environ, "PYTEST_CURRENT_TEST": ""},
            cwd=ran.root,
        )
        async with Client(parameters) as client:
            run = await finished(client, await call(client, "run_gates", selectors=["1"]))
            assert run["exit_code"] == 0
            status = await call(client, "gate_status")
            assert {task["task"]: task["complete"] for task in status["tasks"]} == {
                "1": True,
                "2": False,
            }

    anyio.run(main)


def test_without_the_extra_it_says_how_to_get_it(ran: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaterun.cli import mcp

    monkeypatch.setattr(mcp, "find_spec", lambda name: None)
    done = ran.run("mcp", "p")
    assert done.code == 4
    assert "pip install 'gaterun[mcp]'" in done.err
