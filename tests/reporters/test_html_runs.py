"""What the HTML report takes from the folder of runs: parts of logs, and courses of metrics."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from gaterun.core.record_file import write_record
from gaterun.model.binding import Reused
from gaterun.model.command import Evidence
from gaterun.model.metric import Unit
from gaterun.model.record import GateResult, RunRecord
from gaterun.reporters import html, html_evidence, html_trends
from gaterun.reporters.html_chart import Chart, chart, sparkline
from gaterun.reporters.html_evidence import Logs
from gaterun.reporters.html_trends import Point, trends_of

from .page import Element, check, read
from .sample import CLIPPY, LOC, RECORD, metric


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / RECORD.id / "logs"
    folder.mkdir(parents=True)
    return folder


def shown(tmp_path: Path, *results: GateResult) -> Element:
    return check(html.render(replace(RECORD, results=results), tmp_path))


def test_a_short_log_is_shown_whole(tmp_path: Path, logs: Path) -> None:
    (logs / "clippy-1.out").write_bytes(b"\x1b[1mwarning\x1b[0m: <b>1 & 2</b>\n  second line\n")
    evidence = shown(tmp_path, CLIPPY).one("details", class_="evidence")
    assert evidence.one("pre", class_="log").raw == "warning: <b>1 & 2</b>\n  second line\n"
    assert "clippy-1.out, 44 B" in evidence.text
    assert "$ cargo clippy --workspace --message-format=json" in evidence.text
    assert "in . · exit status 0 · 11.9s" in evidence.text


def test_both_streams_are_shown_and_an_empty_one_is_said_to_be(tmp_path: Path, logs: Path) -> None:
    (logs / "a.out").write_bytes(b"")
    (logs / "a.err").write_bytes(b"caf\xc3\xa9 \xff\n")
    command = Evidence(argv=("a",), cwd=".", exit_status=1, seconds=1, log="logs/a")
    text = shown(tmp_path, replace(CLIPPY, evidence=(command,))).text
    assert "a.out: empty" in text
    assert "a.err, 8 B café \ufffd" in text


def test_a_long_log_is_cut_in_the_middle_and_says_where_the_whole_is(
    tmp_path: Path, logs: Path
) -> None:
    with (logs / "clippy-1.out").open("wb") as stream:
        stream.write(b"the beginning\n")
        stream.truncate(10 << 30)  # ten gigabytes that take no room
        stream.seek(0, 2)
        stream.write(b"\nthe end\n")
    text = shown(tmp_path, CLIPPY).one("details", class_="evidence").text
    size = (10 << 30) + 9
    assert f"… {size - html_evidence.EXCERPT:,} of {size:,} bytes are left out here …" in text
    assert "the beginning" in text
    assert "the end" in text
    assert f"The whole log is {logs / 'clippy-1.out'}" in text


def test_all_logs_together_are_bounded(tmp_path: Path, logs: Path) -> None:
    (logs / "clippy-1.out").write_bytes(b"line of a log\n" * 100_000)
    results = tuple(replace(CLIPPY, node_id=f"7.3::c{n}", findings=()) for n in range(400))
    page = html.render(replace(RECORD, results=results), tmp_path)
    assert page.count("line of a log") * 14 < html_evidence.TOTAL * 1.01
    assert page.count("The whole log is") == 400


@pytest.mark.parametrize("name", ["../../secret", "/etc/hostname", "logs/../../../secret", "logs"])
def test_a_record_cannot_make_the_page_show_another_file(
    tmp_path: Path, logs: Path, name: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "runs" / "secret").write_text("secret")
    assert Logs(tmp_path / "runs").excerpt(logs.parent, name, 100) is None


def test_nor_can_a_link_or_the_id_of_a_run(tmp_path: Path, logs: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (logs / "link").symlink_to(tmp_path / "secret")
    kept = Logs(tmp_path / "runs")
    assert kept.excerpt(logs.parent, "logs/link", 100) is None
    assert [kept.folder(run) for run in ("..", ".", "", "a/b", "a\0")] == [None] * 5


def test_a_log_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    text = shown(tmp_path, CLIPPY).one("details", class_="evidence").text
    assert "The log logs/clippy-1.out is not here any more." in text


def test_a_reused_measurement_has_the_logs_of_its_run(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "earlier" / "logs"
    folder.mkdir(parents=True)
    (folder / "clippy-1.out").write_text("from the earlier run")
    reused = replace(CLIPPY, reused=Reused(run="earlier", measured=1.0))
    assert "from the earlier run" in shown(tmp_path, reused).text


def test_a_command_that_a_signal_ended(tmp_path: Path) -> None:
    command = Evidence(argv=("sh", "-c", "a b"), cwd="x", exit_status=-9, seconds=1, log="")
    text = shown(tmp_path, replace(CLIPPY, evidence=(command,))).text
    assert "$ sh -c 'a b'" in text
    assert "ended by signal 9" in text


def recorded(tmp_path: Path, *values: object, phase: str = "phase7") -> list[RunRecord]:
    """Runs, an hour apart, in which `lines` was each of `values`."""
    found = []
    for number, value in enumerate(values):
        run = replace(
            RECORD,
            id=f"20260921T13{number:02}00-000000abcd",
            phase=phase,
            started=RECORD.started + 3600 * number,
            results=(replace(LOC, metrics={"lines": metric(value)}),),  # type: ignore[arg-type]
        )
        folder = tmp_path / "runs" / run.id
        folder.mkdir(parents=True)
        write_record(folder, run, {})
        found.append(run)
    return found


def test_a_metric_is_followed_over_the_runs_up_to_this_one(tmp_path: Path) -> None:
    runs = recorded(tmp_path, 100, 90, None, 80, 70)
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "record.json").write_text("{")
    points = trends_of(runs[3], tmp_path)["7.2::loc", "lines"]
    assert [point.value for point in points] == [100, 90, None, 80]
    page = check(html.render(runs[3], tmp_path))
    (figure,) = page.one("section", aria_labelledby="trends").all("figure")
    assert figure.one("figcaption").text == (
        "loc.lines 4 runs, from 100 to 80: −20 (−20 %) better; not measured in 1 of them. "
        "Dashed: lines <= 12000, ratchet lines."
    )
    assert len(figure.all("polyline")) == 1
    assert len(figure.all("circle")) == 3
    assert [row.all("td")[-1].text for row in figure.one("tbody").all("tr")] == [
        "100",
        "90",
        "not measured",
        "80",
    ]
    assert len(page.all("svg", class_="spark")) == 1


def test_no_more_is_read_than_can_be_afforded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = recorded(tmp_path, 1, 2, 3, 4, 5)
    size = max(path.stat().st_size for path in tmp_path.glob("runs/*/record.json"))
    monkeypatch.setattr(html_trends, "READ", 3 * size)
    points = trends_of(runs[-1], tmp_path)["7.2::loc", "lines"]
    assert [point.value for point in points] == [3, 4, 5]


def test_other_phases_are_not_mixed_in(tmp_path: Path) -> None:
    recorded(tmp_path / "other", 1, 2, phase="other")
    (tmp_path / "other" / "runs").rename(tmp_path / "runs")
    assert len(trends_of(RECORD, tmp_path)["7.2::loc", "lines"]) == 1


def test_one_run_has_no_trends(tmp_path: Path) -> None:
    (run,) = recorded(tmp_path, 5)
    page = check(html.render(run, tmp_path))
    assert not page.all("section", aria_labelledby="trends")
    assert "Trends" not in page.one("nav").text


def test_what_never_changed_is_named_and_not_drawn(tmp_path: Path) -> None:
    runs = recorded(tmp_path, 5, 5, 5)
    trends = check(html.render(runs[-1], tmp_path)).one("section", aria_labelledby="trends")
    assert not trends.all("figure")
    assert "1 metric with the same value in every run" in trends.text


def drawn(*values: float | None, limit: float | None = None) -> Element:
    points = [Point(run=str(n), started=float(n), value=value) for n, value in enumerate(values)]
    metric = Chart(anchor="a", name="n", points=points, unit=Unit.COUNT, limit=limit, wanted="n")
    text = f"<!doctype html>\n<html>{chart(metric)}{sparkline(metric)}</html>"
    return read(text)


@pytest.mark.parametrize(
    "values",
    [(1.0,), (3.0, 3.0), (-1e308, 1e308), (0.0, 1e-320), (None, 2.0, None), (5.0, None, 6.0, 7.0)],
)
def test_every_point_is_inside_of_the_drawing(values: tuple[float | None, ...]) -> None:
    page = drawn(*values, limit=2.0)
    (figure,) = page.all("svg", class_="chart")
    for circle in figure.all("circle"):
        assert 0 <= float(circle.attributes["cx"] or "") <= 320
        assert 0 <= float(circle.attributes["cy"] or "") <= 120
    assert len(figure.all("circle")) == len([value for value in values if value is not None])


def test_a_gap_is_no_line() -> None:
    lines = drawn(5.0, 6.0, None, 7.0, 8.0).all("svg", class_="chart")[0].all("polyline")
    assert [len((line.attributes["points"] or "").split()) for line in lines] == [2, 2]


def test_the_limit_is_part_of_the_scale() -> None:
    page = drawn(10.0, 12.0, limit=20.0)
    (limit,) = page.all("line", class_="limit")
    assert float(limit.attributes["y1"] or "") == 14
