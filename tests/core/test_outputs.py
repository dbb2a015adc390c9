from __future__ import annotations

import io
from pathlib import Path
from typing import Any, TextIO

import pytest

from gaterun.core.outputs import Outputs, Wanted
from gaterun.model.errors import UsageError
from gaterun.model.event import Event, GateStarted
from gaterun.model.report import Listener, Reporter, Style

EVENT = GateStarted(node_id="1::a", time=0.0)


def reporter(name: str = "r", error: Exception | None = None) -> Reporter:
    def start(stream: TextIO, style: Style) -> Listener:
        def listen(event: Event) -> None:
            stream.write(f"{name} {style.colour} {style.live}\n")
            if error:
                raise error

        return listen

    return Reporter(name=name, title="", filename="", start=start)


def test_files_are_plain_and_standard_output_has_style(tmp_path: Path) -> None:
    out = io.StringIO()
    outputs = Outputs(
        [Wanted(reporter=reporter("a"), path=None), Wanted(reporter=reporter("b"), path=tmp_path / "b")],
        stdout=out,
        style=Style(colour=True, live=True),
    )  # fmt: skip
    outputs(EVENT)
    assert out.getvalue() == "a True True\n"
    outputs.abandon()
    assert list(tmp_path.iterdir()) == []


def test_an_old_report_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("old")
    outputs = Outputs(
        [Wanted(reporter=reporter(error=RuntimeError("x")), path=tmp_path / "r")],
        stdout=io.StringIO(),
        style=Style(),
    )
    outputs(EVENT)
    assert outputs.problems == ["report 'r' was not written: RuntimeError: x"]
    assert (tmp_path / "r").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_one_that_raises_hears_nothing_more(tmp_path: Path) -> None:
    heard: list[Event] = []

    def start(stream: TextIO, style: Style) -> Listener:
        def listen(event: Event) -> None:
            heard.append(event)
            raise RuntimeError

        return listen

    bad = Reporter(name="bad", title="", filename="", start=start)
    out = io.StringIO()
    outputs = Outputs(
        [Wanted(reporter=bad, path=None), Wanted(reporter=reporter(), path=None)],
        stdout=out,
        style=Style(),
    )
    outputs(EVENT)
    outputs(EVENT)
    assert len(heard) == 1
    assert out.getvalue().count("\n") == 2
    assert len(outputs.problems) == 1


def test_nothing_is_left_when_a_second_report_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        Outputs(
            [
                Wanted(reporter=reporter(), path=tmp_path / "good"),
                Wanted(reporter=reporter(), path=tmp_path / "file/below"),
            ],
            stdout=io.StringIO(),
            style=Style(),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_reporter_that_raises_on_start(project: Any) -> None:
    project.gates("fail")
    project.write(
        {
            "g/bad.py": """
            import gaterun
            def start(stream, style):
                raise RuntimeError("boom")
            @gaterun.hookimpl
            def gaterun_reporters():
                return [gaterun.Reporter(name="bad", title="", filename="", start=start)]
            """
        }
    )
    assert project.run("p", "-o", "gates=g", "--report", "bad:out").code in {1, 4}


def test_a_reporter_that_raises_hides_neither_the_others_nor_the_verdict(project: Any) -> None:
    project.gates("pass", "fail")
    project.write(
        {
            "g/bad.py": """
            import gaterun
            def start(stream, style):
                def listen(event):
                    if isinstance(event, gaterun.RunFinished):
                        raise RuntimeError("boom")
                return listen
            @gaterun.hookimpl
            def gaterun_reporters():
                return [gaterun.Reporter(name="bad", title="", filename="", start=start)]
            """
        }
    )
    names = ("md", "sarif", "gitlab", "prom", "junit", "json")
    reports = [f"--report={name}:out.{name}" for name in ("bad", *names)]
    ran = project.run("p", "-o", "gates=g", *reports)
    assert ran.code == 1
    assert "1 failed" in ran.out
    assert "error: report 'bad' was not written: RuntimeError: boom" in ran.err
    assert not (project.root / "out.bad").exists()
    for name in names:
        assert (project.root / f"out.{name}").stat().st_size > 100


def test_two_reports_to_one_file_are_refused(project: Any) -> None:
    project.gates("pass")
    ran = project.run("p", "--report", "md:out", "--report", "json:out")
    assert ran.code == 4
