from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gaterun.model.finding import Finding, Severity


def finding(**more: object) -> Finding:
    values: dict[str, object] = {"rule": "r", "message": "unused `x` at line 12", "path": "a.rs"}
    return Finding(**{**values, **more})  # type: ignore[arg-type]


def test_a_moved_line_is_not_a_new_finding() -> None:
    assert finding(line=3, column=1).fingerprint == finding(line=300, column=9).fingerprint


def test_numbers_in_the_message_do_not_count() -> None:
    moved = finding(message="unused `x` at line 99")
    assert moved.fingerprint == finding().fingerprint


def test_rule_path_and_words_count() -> None:
    prints = {
        finding().fingerprint,
        finding(rule="s").fingerprint,
        finding(path="b.rs").fingerprint,
        finding(message="unused `y` at line 12").fingerprint,
    }
    assert len(prints) == 4


def test_parts_do_not_run_into_each_other() -> None:
    one = finding(rule="ab", path="c").fingerprint
    assert one != finding(rule="a", path="bc").fingerprint


def test_severity_and_help_do_not_count() -> None:
    assert finding(severity=Severity.ERROR, help="h").fingerprint == finding().fingerprint


def test_a_gate_may_give_its_own() -> None:
    assert finding(fingerprint="mine").fingerprint == "mine"
    assert replace(finding(fingerprint="mine"), line=7).fingerprint == "mine"


def test_it_is_the_same_in_every_process() -> None:
    # A stored baseline compares with it: a change here makes every finding new.
    assert finding().fingerprint == "758246ff1d0dd714"


def test_place() -> None:
    assert finding(line=3, column=4).place == "a.rs:3:4"
    assert finding(line=3).place == "a.rs:3"
    assert finding(column=4).place == "a.rs"
    assert finding(path="", line=3).place == ""


@given(st.text(), st.text(), st.text())
def test_any_text(rule: str, message: str, path: str) -> None:
    assert len(Finding(rule=rule, message=message, path=path).fingerprint) == 16


def test_names_that_are_not_utf_8() -> None:
    assert len(finding(path="src/\udcff.rs").fingerprint) == 16
