"""What libtest, nextest and rustdoc print, and whether it is all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaterun
from gaterun_gates.cargo import doctest, libtest, nextest
from gaterun_gates.cargo.binaries import binary_id, has_harness, read_test_build
from gaterun_gates.cargo.known_failures import compare, findings
from gaterun_gates.cargo.metadata import decode_workspace
from gaterun_gates.cargo.outcome import CaseOutcome, Status
from gaterun_gates.cargo.panics import find_panic

DATA = Path(__file__).parent / "data" / "tests"


def _events(name: str) -> list[bytes]:
    return (DATA / name).read_bytes().splitlines(keepends=True)


def _line(**fields: object) -> bytes:
    return json.dumps(fields).replace('{"', '{ "', 1).encode() + b"\n"


FAILED = _events("libtest-failed.jsonl")
FAILED_LIST = libtest.read_list((DATA / "libtest-failed.list").read_text())


def test_recorded_events_are_complete():
    suite = libtest.read_events(FAILED)
    assert {name: status for name, (status, _) in suite.results.items()} == {
        "tests::bad": Status.FAILED,
        "tests::good": Status.PASSED,
        "tests::noisy": Status.PASSED,
        "tests::res": Status.FAILED,
        "tests::sp": Status.PASSED,
    }
    assert libtest.incompleteness(suite, FAILED_LIST) == ""


def test_a_program_that_a_test_ended_is_not_complete():
    suite = libtest.read_events(_events("libtest-exit.jsonl"))
    listed = libtest.read_list((DATA / "libtest-exit.list").read_text())
    why = libtest.incompleteness(suite, listed)
    assert why == "1 of 3 tests have a result, running when it stopped: b_exit, c"


@pytest.mark.parametrize("lost", range(len(FAILED)))
def test_no_event_but_a_beginning_can_be_lost(lost):
    suite = libtest.read_events([*FAILED[:lost], *FAILED[lost + 1 :]])
    began = b'"test", "event": "started"' in FAILED[lost]
    assert (libtest.incompleteness(suite, FAILED_LIST) == "") is began


def test_events_behind_raw_output_on_the_same_line_are_found():
    noisy = [b"raw \xff { " + line if b'"ok"' in line else line for line in FAILED]
    suite = libtest.read_events([b"\xfe\n", b"test x ... ok\n", b'{ "type": "no\n', *noisy])
    assert libtest.incompleteness(suite, FAILED_LIST) == ""


def test_forged_events_are_contradictions():
    forged = _line(type="test", name="tests::bad", event="ok")
    other = _line(type="test", name="tests::other", event="ok")
    end = _line(type="suite", event="ok", passed=5, filtered_out=0)
    for extra in (forged, other, end, FAILED[0]):
        suite = libtest.read_events([FAILED[0], extra, *FAILED[1:]])
        assert libtest.incompleteness(suite, FAILED_LIST)


def test_filtered_and_unlisted_tests_are_not_complete():
    lines = [*FAILED[:-1], FAILED[-1].replace(b'"filtered_out": 0', b'"filtered_out": 2')]
    assert "2 tests were filtered out" in libtest.incompleteness(
        libtest.read_events(lines), FAILED_LIST
    )
    assert "differ: more" in libtest.incompleteness(
        libtest.read_events(FAILED), FAILED_LIST | {"more"}
    )
    assert libtest.incompleteness(libtest.read_events([]), frozenset())


def test_ignored_tests_are_results():
    suite = libtest.read_events(
        [
            _line(type="suite", event="started", test_count=1),
            _line(type="test", event="ignored", name="a", message="slow"),
            _line(type="suite", event="ok", filtered_out=0),
        ]
    )
    assert suite.results["a"][0] is Status.IGNORED
    assert libtest.incompleteness(suite, frozenset({"a"})) == ""


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_are_read_without_complaint(lines):
    libtest.read_events(lines)


@pytest.mark.parametrize(
    ("output", "message", "place"),
    [
        (
            "\nthread 'b' (12) panicked at crates/a/src/lib.rs:12:24:\none is\nnot two\n  left: 1\nnote: x",
            "one is not two left: 1",
            ("crates/a/src/lib.rs", 12, 24),
        ),
        (
            "thread 't' panicked at 'old, style', src/lib.rs:3:5\nnote: run",
            "old, style",
            ("src/lib.rs", 3, 5),
        ),
        (
            "thread 't' panicked at ./src\\win.rs:3:5:\nx\nstack backtrace:\n 0: y",
            "x",
            ("src/win.rs", 3, 5),
        ),
        ("thread 't' panicked at src/a b.rs:1:2:\n", "panicked", ("src/a b.rs", 1, 2)),
        (
            "noise\nError: ParseIntError { kind: X }\n",
            "Error: ParseIntError { kind: X }",
            ("", 0, 0),
        ),
        ("\nfirst\nsignal 6\n\n", "signal 6", ("", 0, 0)),
        ("", "", ("", 0, 0)),
    ],
)
def test_what_a_failed_test_said(output, message, place):
    panic = find_panic(output)
    assert panic.message == message
    assert (panic.path, panic.line, panic.column) == place


def test_a_recorded_report_of_nextest():
    cases = {case.outcome.id: case for case in nextest.read_junit(DATA / "nextest.xml")}
    assert cases["a$tests::good"].outcome.status is Status.PASSED
    assert cases["a$tests::good"].proven
    assert cases["b::fl$flaky"].outcome.flaky
    assert cases["b::fl$flaky"].proven
    assert cases["b::fl$never_ends"].timed_out
    # exit(0) looks like success to nextest, but libtest never said so.
    assert cases["b::fl$leaves"].outcome.status is Status.PASSED
    assert not cases["b::fl$leaves"].proven
    bad = find_panic(cases["a$tests::bad"].outcome.output)
    assert (bad.path, bad.line) == ("crates/a/src/lib.rs", 12)
    assert "a::it$ign" not in cases


def test_a_recorded_list_of_nextest():
    listed = nextest.read_list((DATA / "nextest-list.json").read_bytes())
    assert "a::h" not in listed.binaries
    assert {"a", "a::it", "b", "b::bin/b"} <= listed.binaries
    assert listed.ignored == {"a::it$ign"}
    assert "a$tests::bad" in listed.run
    assert not listed.held_back
    hidden = (DATA / "nextest-list.json").read_text().replace('"matches"', '"mismatch"', 1)
    assert len(nextest.read_list(hidden).held_back) == 1


def test_a_report_that_is_cut_off_is_a_value_error(tmp_path):
    (tmp_path / "j.xml").write_bytes((DATA / "nextest.xml").read_bytes()[:3000])
    with pytest.raises(ValueError):
        list(nextest.read_junit(tmp_path / "j.xml"))
    with pytest.raises(ValueError):
        nextest.read_list("[]")


def test_setup_scripts_are_no_tests(tmp_path):
    (tmp_path / "j.xml").write_text(
        '<testsuites><testsuite name="@setup-script:db"><testcase name="db"/></testsuite>'
        "</testsuites>"
    )
    assert list(nextest.read_junit(tmp_path / "j.xml")) == []


def test_wrappers_in_nextests_configuration_are_seen():
    wrapped = {"profile": {"default": {"scripts": [{"filter": "all()", "run-wrapper": "x"}]}}}
    assert nextest.wraps_tests(wrapped)
    assert not nextest.wraps_tests({"profile": {"default": {"scripts": [{"setup": "x"}]}}})
    assert not nextest.wraps_tests({"profile": {"default": 3}})
    assert not nextest.wraps_tests({})


def test_recorded_documentation_tests():
    tests = doctest.read_doctests((DATA / "doctests.stdout").read_text())
    assert tests.incomplete == ""
    assert tests.blocks == 2
    assert doctest.read_headers((DATA / "doctests.stderr").read_text()) == ["a", "b"]
    by_name = {example.name: example for example in tests.examples}
    assert len(by_name) == 9
    first = by_name["crates/b/src/lib.rs - w #1"]
    assert (first.status, first.line) == (Status.FAILED, 22)
    assert "left == right" in first.output
    assert "E0308" in by_name["crates/b/src/lib.rs - w #2"].output
    assert by_name["crates/b/src/lib.rs - k #4"].status is Status.IGNORED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("test crates/a/src/lib.rs - one (line 3) ... ok\n", ""),
        ("running 8 tests", "running 9 tests"),
        ("0 filtered out; finished in 0.1", "3 filtered out; finished in 0.1"),
        ("5 passed; 2 failed", "7 passed; 0 failed"),
        ("test result: FAILED. 5", "test resul"),
    ],
)
def test_documentation_tests_that_do_not_add_up(before, after):
    text = (DATA / "doctests.stdout").read_text()
    assert before in text
    assert doctest.read_doctests(text.replace(before, after)).incomplete


def test_results_in_the_output_of_a_failed_example_do_not_count():
    text = (DATA / "doctests.stdout").read_text()
    forged = text.replace("stderr:\n", "stdout:\ntest src/x.rs - y (line 1) ... ok\n", 1)
    assert forged != text
    assert len(doctest.read_doctests(forged).examples) == 9


def test_identity_of_an_example_has_no_line_number():
    head = "running 1 test\ntest src/lib.rs - (line {}) ... ok\n\n"
    end = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n"
    names = [doctest.read_doctests(head.format(n) + end).examples[0].name for n in (3, 30)]
    assert names == ["src/lib.rs - (file) #1"] * 2


@given(st.text(max_size=300))
def test_any_text_is_read_without_complaint(text):
    doctest.read_doctests("running 1 test\n" + text)
    find_panic("panicked at " + text)


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        ("lib", "one", "one"),
        ("proc-macro", "one", "one"),
        ("cdylib", "one", "one"),
        ("test", "it", "one::it"),
        ("bin", "tool", "one::bin/tool"),
        ("example", "ex", "one::example/ex"),
        ("bench", "b", "one::bench/b"),
    ],
)
def test_binary_ids_are_those_of_nextest(kind, target, expected):
    assert binary_id("one", kind, target) == expected


def test_harness_is_read_from_the_manifest():
    manifest = {"lib": {"harness": False}, "test": [{"name": "h", "harness": False}, {"name": "i"}]}
    assert not has_harness(manifest, "lib", "one")
    assert not has_harness(manifest, "test", "h")
    assert has_harness(manifest, "test", "i")
    assert has_harness(manifest, "bin", "h")
    assert has_harness({"test": 3}, "test", "h")


def _completed(lines: bytes, folder: Path, status: int = 0) -> gaterun.Completed:
    (folder / "out").write_bytes(lines)
    (folder / "err").write_text("")
    return gaterun.Completed(
        argv=("cargo", "test"),
        cwd=folder,
        exit_status=status,
        seconds=0.1,
        cpu_seconds=0.1,
        max_rss=0,
        stdout=folder / "out",
        stderr=folder / "err",
    )


def test_recorded_test_binaries(tmp_path):
    workspace = decode_workspace((DATA.parent / "cargo" / "metadata.json").read_bytes())
    recorded = (DATA / "no-run.jsonl").read_bytes()
    binaries = read_test_build(_completed(recorded, tmp_path), workspace).binaries
    assert [binary.id for binary in binaries] == ["a", "a::h", "a::it", "b", "b::bin/b"]
    with pytest.raises(gaterun.CannotMeasure) as caught:
        read_test_build(_completed(recorded[: len(recorded) // 2], tmp_path, 101), workspace)
    assert caught.value.reason is gaterun.Reason.INCOMPLETE


def _outcome(name: str, status: Status, output: str = "") -> CaseOutcome:
    return CaseOutcome(binary="one", name=name, status=status, output=output)


def test_known_failures_are_compared_by_name():
    outcomes = [
        _outcome("new", Status.FAILED, "thread 't' panicked at src/lib.rs:7:9:\nno\n"),
        _outcome("old", Status.FAILED),
        _outcome("fixed", Status.PASSED),
        _outcome("off", Status.IGNORED),
        _outcome("good", Status.PASSED),
    ]
    known = ["one old", "one$fixed", " one off ", "one::it gone", ""]
    compared = compare(outcomes, known)
    assert compared.new == ("one$new",)
    assert compared.known == ("one$old",)
    assert compared.fixed == ("one$fixed",)
    assert compared.missing == ("one$off", "one::it$gone")
    found = {finding.rule: finding for finding in findings(outcomes, compared)}
    assert set(found) == {"test-failed", "known-failure-passes", "known-failure-missing"}
    by_message = {f.message: f for f in findings(outcomes, compared)}
    new = by_message["one$new: no"]
    assert (new.place, new.severity) == ("src/lib.rs:7:9", gaterun.Severity.ERROR)
    assert by_message["known failure one$old"].severity is gaterun.Severity.NOTE


def test_the_fingerprint_of_a_failed_test_is_its_name():
    prints = set()
    for output in ("panicked at src/lib.rs:1:1:\na", "panicked at src/lib.rs:2:1:\nb"):
        outcomes = [_outcome("t", Status.FAILED, output)]
        prints |= {f.fingerprint for f in findings(outcomes, compare(outcomes, ()))}
    assert len(prints) == 1


def test_a_panic_outside_the_workspace_is_no_place_of_a_finding():
    outcomes = [_outcome("t", Status.FAILED, "panicked at /rustc/abc/library/x.rs:1:1:\nno")]
    assert findings(outcomes, compare(outcomes, ()))[0].path == ""
