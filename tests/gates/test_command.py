from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.command import GATE, CommandOptions
from gaterun_gates.parsers.json_path import parse_path, read_number
from gaterun_gates.parsers.junit_xml import read_junit
from gaterun_gates.parsers.sarif import read_sarif
from gaterun_gates.parsers.text_pattern import (
    LONGEST_LINE,
    compile_pattern,
    search_lines,
    to_number,
)

# --- JSON paths -------------------------------------------------------------------------------

DOCUMENT = {
    "summary": {"failed": 3, "rate": "81.5", "ok": True, "none": None, "name": "x"},
    "files": [{"errors": [1, 2]}, {"errors": []}, {"other": 1}],
    "empty": [],
    "a.b": {"c": 7},
    "0": 9,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("summary.failed", 3.0),
        ("$.summary.failed", 3.0),
        ("summary.rate", 81.5),
        ("summary.ok", 1.0),
        ("files[0].errors[1]", 2.0),
        ("files[-2].errors[*]", 0.0),
        ("files[*]", 3.0),
        ("files[*].errors[*]", 2.0),
        ("files[*].other", 1.0),
        ("empty[*]", 0.0),
        ("empty[*].errors", 0.0),
        ("summary[*]", 5.0),
        ('["a.b"].c', 7.0),
        ('["0"]', 9.0),
    ],
)
def test_numbers_at_json_paths(path: str, value: float) -> None:
    assert read_number(json.dumps(DOCUMENT).encode(), path) == (value, "")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("summary.passed", "there is no 'passed'"),
        ("files[9]", "there is no '9'"),
        ("files[*].nothing", "there is no 'nothing'"),
        ("summary.failed[*]", "has no elements"),
        ("files", "files[*] counts"),
        ("summary", "an object"),
        ("summary.none", "null"),
        ("summary.name", "text"),
    ],
)
def test_no_number_says_why_and_is_never_zero(path: str, why: str) -> None:
    value, said = read_number(json.dumps(DOCUMENT).encode(), path)

    assert value is None
    assert why in said


@pytest.mark.parametrize(
    "path", ["", "$", ".a", "a.", "a..b", "a[", "a[x]", "a]", "a[*]b", "a b[]"]
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(path)


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": NaN}', b"\xff\xfe{", b"[" * 100_000, b"1 2"])
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_number(data, "a")


@given(st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,5}", fullmatch=True), min_size=1))
def test_names_round_trip(names: list[str]) -> None:
    assert parse_path(".".join(names)) == tuple(names)
    assert parse_path("".join(f'["{name}"]' for name in names)) == tuple(names)


@given(st.text(max_size=20))
def test_any_path_is_read_or_refused(text: str) -> None:
    try:
        steps = parse_path(text)
    except ValueError:
        return
    assert steps


# --- patterns ---------------------------------------------------------------------------------


def _search(pattern: str, *lines: bytes) -> tuple[float | None, str]:
    found = search_lines(lines, compile_pattern(pattern))
    return found.value, found.why


def test_value_by_name_or_first_group() -> None:
    assert _search(r"(\w+): (?P<value>\d+)", b"errors: 12\n") == (12.0, "")
    assert _search(r"errors: (\d+)", b"x\n", b"errors: 12\r\n", b"errors: 12\n") == (12.0, "")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "matched nothing"),
        ([b"all good\n"], "matched nothing"),
        ([b"errors: 1\n", b"errors: 2\n"], "different numbers: 1, 2"),
        ([b"errors: many\n"], "'many' is no number"),
    ],
)
def test_no_value_says_why(lines: list[bytes], why: str) -> None:
    value, said = _search(r"errors: (\w+)", *lines)

    assert value is None
    assert why in said


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12.0), ("-3.5", -3.5), ("1,234,567", 1234567.0), ("1_000.5", 1000.5), ("1,23", None),
     ("", None), ("1e3", None), ("12%", None), ("nan", None)],
)  # fmt: skip
def test_numbers(text: str, number: float | None) -> None:
    assert to_number(text) == number


def test_matches_with_places_are_findings() -> None:
    pattern = compile_pattern(r"^(?P<path>\S+):(?P<line>\d+): (?P<message>.*)$")

    found = search_lines([b"a.rs:3: no\n", b"b.rs:99999999999: \xff\n", b"done\n"], pattern)

    assert [(match.path, match.line, match.message) for match in found.matches] == [
        ("a.rs", 3, "no"),
        ("b.rs", 0, "\ufffd"),
    ]
    assert found.value is None
    assert found.lines == 3


def test_long_lines_are_cut() -> None:
    line = b"x" * LONGEST_LINE + b" errors: 1"

    assert _search(r"errors: (\d+)", line)[0] is None


@pytest.mark.parametrize("pattern", ["(", "no group", "(?:a)"])
def test_patterns_that_cannot_give_anything(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        compile_pattern(pattern)


# --- JUnit ------------------------------------------------------------------------------------


def test_junit_counts_cases_and_not_totals() -> None:
    data = b"""<?xml version="1.0"?>
    <testsuites tests="3" failures="0"><testsuite name="a" tests="3">
      <testcase classname="m" name="ok"/>
      <testcase classname="m" name="bad" file="t.py" line="7">
        <failure message="one &lt; two"/></testcase>
      <testcase name="skip"><skipped/></testcase>
      <testsuite name="inner"><testcase name="boom"><error>line 1
      line 2</error></testcase></testsuite>
    </testsuite></testsuites>"""

    result = read_junit(data)

    assert (result.tests, result.failures, result.errors, result.skipped) == (4, 1, 1, 1)
    assert [(case.kind, case.name, case.message, case.path, case.line) for case in result.bad] == [
        ("failure", "m::bad", "one < two", "t.py", 7),
        ("error", "boom", "line 1", "", 0),
    ]
    assert result.announced == 3


def test_junit_with_a_namespace_and_a_retry() -> None:
    data = (
        b'<testsuite xmlns="urn:x" tests="1"><testcase name="a"><flakyFailure/></testcase>'
        b"<system-out>&lt;testcase/&gt;</system-out></testsuite>"
    )

    assert (read_junit(data).tests, read_junit(data).failures) == (1, 0)


@pytest.mark.parametrize(
    "data",
    [b"", b"ok", b"<html/>", b"<testsuite>", b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>',
     '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>'.encode("utf-16"),
     b'<?xml version="1.0" encoding="no-such"?><testsuite/>'],
)  # fmt: skip
def test_what_is_no_junit(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\bits?\b"):
        read_junit(data)


# --- SARIF ------------------------------------------------------------------------------------


def _sarif(*results: dict[str, Any], **run: Any) -> bytes:
    rules = [{"id": "r2", "defaultConfiguration": {"level": "error"}}]
    driver = {"tool": {"driver": {"name": "t", "rules": rules}}}
    return json.dumps(
        {"version": "2.1.0", "runs": [{**driver, "results": results, **run}]}
    ).encode()


def test_sarif_results_with_levels_and_places() -> None:
    place = {
        "physicalLocation": {
            "artifactLocation": {"uri": "src/a%20b.rs"},
            "region": {"startLine": 3, "startColumn": 7},
        }
    }
    log = read_sarif(
        _sarif(
            {"ruleId": "r1", "level": "note", "message": {"text": "a"}, "locations": [place]},
            {"ruleId": "r2", "message": {"text": "b"}},
            {"ruleId": "r3", "message": {"text": "c"}},
        )
    )

    assert [(f.rule, f.level, f.message, f.path, f.line, f.column) for f in log.findings] == [
        ("r1", "note", "a", "src/a b.rs", 3, 7),
        ("r2", "error", "b", "", 0, 0),
        ("r3", "warning", "c", "", 0, 0),
    ]


def test_sarif_leaves_out_what_is_no_problem() -> None:
    log = read_sarif(
        _sarif(
            {"ruleId": "a", "kind": "pass"},
            {"ruleId": "b", "baselineState": "absent"},
            {"ruleId": "c", "suppressions": [{"kind": "inSource"}]},
            {"ruleId": "d", "suppressions": [{"kind": "external", "status": "rejected"}]},
        )
    )

    assert [finding.rule for finding in log.findings] == ["d"]
    assert log.suppressed == 1


def test_sarif_of_a_run_that_failed_is_told() -> None:
    failed = [{"executionSuccessful": False, "exitCodeDescription": "out of memory"}]

    assert read_sarif(_sarif(invocations=failed)).broken == "out of memory"
    assert read_sarif(_sarif(results=None)).broken


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"version": "2.1.0"}', b'{"runs": []}', b"x"])
def test_what_is_no_sarif(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_sarif(data)


# --- the gate ---------------------------------------------------------------------------------


def _measure(root: Path, *argv: str, **options: object) -> gaterun.Measurement:
    return measure_gate(GATE, root, options={"argv": list(argv), **options})


def _reason(root: Path, *argv: str, **options: object) -> gaterun.Reason:
    with pytest.raises(gaterun.CannotMeasure) as error:
        _measure(root, *argv, **options)
    return error.value.reason


def _value(measurement: gaterun.Measurement, name: str) -> object:
    value = measurement.metrics[name]
    return value.value if isinstance(value, gaterun.Measured) else value


def test_exit_status_of_any_code(tmp_path: Path) -> None:
    assert _measure(tmp_path, "sh", "-c", "exit 3").metrics == {"exit_status": 3}


def test_nothing_is_given_to_a_shell(tmp_path: Path) -> None:
    _measure(tmp_path, "echo", "a; touch pwned", "$(touch pwned)")

    assert not (tmp_path / "pwned").exists()


def test_cwd_and_env(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()

    measurement = _measure(
        tmp_path, "sh", "-c", 'echo "$(basename "$PWD") $N"', cwd="sub", env={"N": "42"},
        parse="regex", pattern=r"sub (\d+)",
    )  # fmt: skip

    assert _value(measurement, "value") == 42.0


def test_standard_error_on_request(tmp_path: Path) -> None:
    options = {"parse": "regex", "pattern": r"n=(\d+)"}
    script = ("sh", "-c", "echo n=1; echo n=2 >&2")

    assert _value(_measure(tmp_path, *script, **options), "value") == 1.0
    assert _value(_measure(tmp_path, *script, stderr=True, **options), "value") == 2.0


def test_reasons_for_no_verdict(tmp_path: Path) -> None:
    json_options = {"parse": "json", "path": "a"}

    assert _reason(tmp_path, "gaterun-no-such-program") is gaterun.Reason.TOOL_MISSING
    assert _reason(tmp_path, "sh", "-c", "kill -11 $$") is gaterun.Reason.CRASHED
    assert _reason(tmp_path, "echo", "{", **json_options) is gaterun.Reason.PARSE_ERROR
    assert _reason(tmp_path, "true", **json_options) is gaterun.Reason.NO_INPUT
    assert _reason(tmp_path, "false", **json_options) is gaterun.Reason.CRASHED
    assert _reason(tmp_path, "true", cwd="gone") is gaterun.Reason.NO_INPUT
    assert _reason(tmp_path, "true", file="gone") is gaterun.Reason.INCOMPLETE


def test_error_quotes_what_was_written_and_what_was_said(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure, match=r"begins with b'<html>"):
        _measure(tmp_path, "echo", "<html>", parse="json", path="a")
    with pytest.raises(gaterun.CannotMeasure, match="exited with 4: no config"):
        _measure(tmp_path, "sh", "-c", "echo no config >&2; exit 4", parse="lines")


def test_ok_exit_lets_output_be_believed(tmp_path: Path) -> None:
    script = ("sh", "-c", "echo a; echo; echo b; exit 1")

    measurement = _measure(tmp_path, *script, parse="lines", ok_exit=[0, 1])

    assert _value(measurement, "findings") == 2
    assert _value(measurement, "exit_status") == 1
    assert [finding.message for finding in measurement.findings] == ["a", "b"]


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, None)])
def test_no_findings_need_exit_0(tmp_path: Path, status: int, expected: int | None) -> None:
    script = ("sh", "-c", f"exit {status}")

    measurement = _measure(tmp_path, *script, parse="lines", ok_exit=[0, 1])

    assert _value(measurement, "findings") == expected


def test_a_file_that_the_program_did_not_write(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text('{"a": 1}')
    options = {"parse": "json", "path": "a", "file": "report.json"}

    assert _reason(tmp_path, "true", **options) is gaterun.Reason.INCOMPLETE
    assert _reason(tmp_path, "cat", "report.json", **options) is gaterun.Reason.INCOMPLETE

    script = ("sh", "-c", """echo '{"a": 2}' > report.json""")
    assert _value(_measure(tmp_path, *script, **options), "value") == 2.0

    os.utime(report, (1, 1))
    assert _value(_measure(tmp_path, *script, **options), "value") == 2.0


def test_many_findings_are_counted_and_some_listed(tmp_path: Path) -> None:
    measurement = _measure(tmp_path, "seq", "3000", parse="lines")

    assert _value(measurement, "findings") == 3000
    assert len(measurement.findings) == 1000


def test_announced_tests_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text('<testsuite tests="630"><testcase name="a"/></testsuite>')

    assert _reason(tmp_path, "cat", "r.xml", parse="junit") is gaterun.Reason.INCOMPLETE


def test_a_real_junit_report_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n@pytest.mark.skip\n"
        "def test_c(): pass\n@pytest.fixture\ndef f(): raise OSError\ndef test_d(f): pass\n"
    )

    measurement = _measure(
        tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "--junit-xml=r.xml", "test_x.py", parse="junit", file="r.xml", ok_exit=[0, 1],
    )  # fmt: skip

    assert {
        name: _value(measurement, name) for name in ("tests", "failures", "errors", "skipped")
    } == {"tests": 4, "failures": 1, "errors": 1, "skipped": 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"argv": ()}, "argv"),
        ({"argv": ("",)}, "argv"),
        ({"argv": ("a",), "parse": "yaml"}, "parse is one of"),
        ({"argv": ("a",), "parse": "regex"}, "pattern"),
        ({"argv": ("a",), "pattern": "(a)"}, "pattern"),
        ({"argv": ("a",), "parse": "json"}, "path"),
        ({"argv": ("a",), "parse": "json", "path": "a["}, "character 2"),
        ({"argv": ("a",), "parse": "regex", "pattern": "("}, "pattern"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_the_run(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        CommandOptions(**options)


def test_plain_command_imports_no_parser() -> None:
    code = (
        "import sys; from gaterun_gates import command; "
        "command.CommandOptions(argv=('true',)); "
        "print([m for m in sys.modules if m.startswith('gaterun_gates.') or m in"
        " ('json', 'xml.etree.ElementTree', 'markdown_it', 'tomlkit', 'subprocess')])"
    )

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "['gaterun_gates.command']"
