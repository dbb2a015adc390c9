"""Waiver files: every mistake is told with its place, and none means "no waivers"."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.source import Source
from gaterun.core.waiver_file import find_source, read
from gaterun.model.errors import UsageError

TODAY = date(2026, 11, 28)

GOOD = """\
# Why the style is as it is.
[[waiver]]
gate = "places"
rule = "style"
reason = "moved in phase 8"
owner = "ann"
expires = 2026-12-31
"""

SIGNED = """\
[[signoff]]
phase = "p"
gate = "1::sign"
name = "Ann"
reason = "read it"
date = 2026-11-28
digest = "00"
"""


def errors(text: str, *, longest: int = 90) -> list[UsageError]:
    return read(Source("waivers.toml", text), today=TODAY, longest=longest)[1]


def test_a_good_file() -> None:
    decisions, wrong = read(Source("waivers.toml", GOOD + SIGNED), today=TODAY, longest=90)
    assert wrong == []
    (waiver,) = decisions.waivers
    assert (waiver.gate, waiver.rule, waiver.expires) == ("places", "style", date(2026, 12, 31))
    assert waiver.place == "waivers.toml:2"
    (signoff,) = decisions.signoffs
    assert (signoff.name, signoff.place) == ("Ann", "waivers.toml:8")


@pytest.mark.parametrize("text", ["", "# nothing\n", "waiver = []\n"])
def test_nothing_is_waived(text: str) -> None:
    decisions, wrong = read(Source("waivers.toml", text), today=TODAY, longest=90)
    assert (decisions.waivers, decisions.signoffs, wrong) == ((), (), [])


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "help"),
    [
        ("owner", "ownr", "6:1", "unknown key 'ownr' in [[waiver]]", "did you mean 'owner'?"),
        ('owner = "ann"\n', "", "2:3", "does not say who answers for it", "add owner"),
        ('"ann"', '"  "', "6:1", "does not say who answers for it", ""),
        ('"ann"', "3", "6:1", "expected str, got int", ""),
        ('reason = "moved in phase 8"\n', "", "2:3", "does not say why", "add reason"),
        ('gate = "places"\n', "", "2:3", "does not say which gate", "add gate"),
        ("expires = 2026-12-31\n", "", "2:3", "a waiver needs an end", "2026-11-28"),
        ("2026-12-31", '"2026-02-30"', "7:1", "is no day of the calendar", ""),
        ("2026-12-31", '"soon"', "7:1", "is no day of the calendar", ""),
        ("2026-12-31", "2026-12-31T23:59:59Z", "7:1", "is no day of the calendar", ""),
        ("2026-12-31", "90", "7:1", "is no day of the calendar", ""),
        ("2026-12-31", "2027-02-27", "7:1", "91 days left, the longest is 90", "max_waiver_days"),
        ("2026-12-31", "9999-12-31", "7:1", "days left, the longest is 90", "max_waiver_days"),
        ('rule = "style"\n', "", "3:1", "does not say what it covers", "add rule"),
        ('rule = "style"', 'rule = "*"', "4:1", "covers every finding", "name a rule"),
        ('rule = "style"', 'path = "**/*"', "4:1", "covers every finding", "name a rule"),
        ('rule = "style"', 'path = "/src/a.rs"', "4:1", "fits no finding", "workspace root"),
        ('rule = "style"', 'path = "src\\\\a.rs"', "4:1", "fits no finding", "workspace root"),
        ("owner =", "limit = 0\nowner =", "6:1", "at least 1", ""),
        ("owner =", 'limit = "3"\nowner =', "6:1", "expected int, got str", ""),
        (
            "owner =",
            'condition = "places == 0"\nowner =',
            "4:1",
            "of findings or of a condition",
            "two",
        ),
        (
            'rule = "style"',
            'condition = "places == 0"',
            "4:1",
            "does not say what has to hold instead",
            'add instead = "…"',
        ),
        ("owner =", 'instead = "places < 3"\nowner =', "6:1", "there is no condition", ""),
        ("[[waiver]]", "[waiver]", "2:2", "waivers are a list", "write [[waiver]]"),
        ("[[waiver]]", "[[waivers]]", "2:3", "unknown table 'waivers'", "did you mean 'waiver'?"),
        (GOOD, "waiver = [3]", "1:11", "a waiver is a table", ""),
    ],
)
def test_every_mistake_has_its_place(
    old: str, new: str, place: str, message: str, help: str
) -> None:
    assert old in GOOD
    (wrong,) = errors(GOOD.replace(old, new, 1))
    assert wrong.message.startswith(f"waivers.toml:{place}: ")
    assert message in wrong.message
    assert help in wrong.help


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "Ann"\n', "", "the sign-off has no name"),
        ('digest = "00"\n', "", "the sign-off has no digest"),
        ('phase = "p"\n', "", "the sign-off has no phase"),
        ("date = 2026-11-28\n", "", "the sign-off has no date"),
        ("2026-11-28", "2026-11-30", "still to come"),
        ("digest", "digst", "did you mean"),
    ],
)
def test_sign_offs_have_places_too(old: str, new: str, message: str) -> None:
    (wrong,) = errors(SIGNED.replace(old, new, 1))
    assert message in f"{wrong.message} {wrong.help}"
    assert wrong.message.startswith("waivers.toml:")


def test_all_that_is_wrong_is_told() -> None:
    text = GOOD.replace("owner", "ownr") + GOOD.replace("2026-12-31", "2028-01-01") + GOOD
    decisions, wrong = read(Source("waivers.toml", text), today=TODAY, longest=90)
    assert len(wrong) == 2
    assert len(decisions.waivers) == 1


def test_the_longest_is_a_setting_and_its_last_day_counts() -> None:
    assert errors(GOOD.replace("2026-12-31", "2027-02-26")) == []
    assert errors(GOOD.replace("2026-12-31", "2027-05-01"), longest=180) == []
    assert errors(GOOD, longest=32) != []
    assert errors(GOOD, longest=33) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"[[waiver]",
        b"[[waiver]]\nexpires = 2026-02-30\n",
        b"\xff\xfe[[waiver]]",
        b"[[waiver]]\n\x00",
        b'{"waiver": []}',
        GOOD.encode()[: len(GOOD) - 4],
    ],
)
def test_a_damaged_file_is_never_taken_for_none(project: Any, raw: bytes) -> None:
    project.gates("pass")
    (project.root / "waivers.toml").write_bytes(raw)
    for extra in ([], ["--no-waivers"]):
        ran = project.run("p", *extra)
        assert (ran.code, ran.records) == (4, ())
        assert ran.err.startswith("error: waivers.toml")
        assert "Traceback" not in ran.err


def test_every_bit_flip_is_an_error_or_another_waiver() -> None:
    """No flip makes the file empty: either it is refused, or it still has its waiver."""
    raw = GOOD.encode()
    for at in range(GOOD.index("[[waiver"), len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[at] ^= 1 << bit
            try:
                source = Source("waivers.toml", flipped.decode())
                decisions, wrong = read(source, today=TODAY, longest=90)
            except (UsageError, UnicodeDecodeError):
                continue
            commented = flipped[at : at + 1] == b"#" and raw[at : at + 2] == b"[["
            assert wrong or len(decisions.waivers) == 1 or commented


def test_what_cannot_be_read_is_never_taken_for_none(project: Any) -> None:
    project.gates("pass")
    (project.root / "waivers.toml").mkdir()
    ran = project.run("p")
    assert (ran.code, ran.err.partition(":")[2].split("\n")[0]) == (
        4,
        " waivers.toml cannot be read: Is a directory",
    )
    (project.root / "waivers.toml").rmdir()
    (project.root / "waivers.toml").symlink_to("nowhere.toml")
    assert project.run("p").code == 4
    (project.root / "waivers.toml").unlink()
    assert project.run("p").code == 0
    ran = project.run("p", "--waivers", "nope.toml")
    assert (ran.code, "nope.toml cannot be read" in ran.err) == (4, True)


def test_no_file_is_no_source(tmp_path: Path) -> None:
    assert find_source(tmp_path) is None


# --- what waivers name ------------------------------------------------------------------------


def day(away: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=away)).isoformat()


def entry(**keys: str) -> str:
    given = {"gate": "places", "reason": "later", "owner": "ann", **keys}
    lines = "".join(f"{key} = {value!r}\n" for key, value in given.items())
    return f"[[waiver]]\n{lines}expires = {day(9)}\n"


@pytest.fixture
def phase(project: Any, monkeypatch: Any) -> Any:
    import os

    monkeypatch.setenv("GATERUN_PLUGINS", f"finding_gates,{os.environ['GATERUN_PLUGINS']}")
    project.phase(
        """
        [task.1]
        [[task.1.gate]]
        use = "places"
        places = ["style src/a.rs long"]
        require = ["places == 0", "others <= 1"]
        floor = { files = 1 }
        [[task.1.gate]]
        use = "value"
        number = 3
        require = "n == 3"
        """
    )
    return project


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"gate": "plases", "rule": "a"}, "no gate 'plases'"),
        ({"gate": "plases", "rule": "a"}, "did you mean 'places'?"),
        ({"gate": "2::places", "rule": "a"}, "no gate '2::places'"),
        ({"gate": "2::places", "rule": "a"}, "waivers.toml:2:1: "),
        ({"gate": "pass", "rule": "a", "phase": "p"}, "phase 'p' has no gate 'pass'"),
        ({"gate": "value", "rule": "a"}, "no metric of gate 'value' counts findings"),
        ({"condition": "places == 1", "instead": "places < 3"}, "has no condition 'places == 1'"),
        ({"condition": "places == 0", "instead": "plases < 3"}, "unknown metric 'plases'"),
        ({"condition": "places == 0", "instead": "plases < 3"}, "did you mean 'places'?"),
        ({"condition": "places == 0", "instead": "improve places"}, "an operator is missing"),
        ({"condition": "floor files 1", "instead": "places < 3"}, "a floor cannot be waived"),
    ],
)
def test_names_that_nothing_has(phase: Any, keys: dict[str, str], message: str) -> None:
    phase.write({"waivers.toml": entry(**keys)})
    ran = phase.run("p")
    assert (ran.code, ran.records) == (4, ())
    assert message in ran.err


@pytest.mark.parametrize(
    "keys",
    [
        {"rule": "style"},
        {"gate": "1::places", "rule": "style"},
        {"condition": "places == 0", "instead": "places <= 1"},
    ],
)
def test_what_names_what_is_there_waives(phase: Any, keys: dict[str, str]) -> None:
    phase.write({"waivers.toml": entry(**keys)})
    ran = phase.run("p")
    assert (ran.code, ran.outcomes["1::places"]) == (0, "waived")
    assert f"waived until {day(9)} by ann: later" in ran.out
    assert phase.run("p", "--no-waivers").outcomes["1::places"] == "fail"


def test_a_gate_of_another_phase_is_no_mistake(phase: Any) -> None:
    phase.phase('[task.9]\n[[task.9.gate]]\nuse = "pass"\nid = "elsewhere"\n', "q")
    for gate in ("elsewhere", "9::elsewhere", "crash"):
        phase.write({"waivers.toml": entry(gate=gate, rule="a")})
        assert phase.run("p").code == 1
    phase.write({"waivers.toml": entry(gate="anything", rule="a", phase="q")})
    assert phase.run("p").code == 1
    assert phase.run("q").code == 4


def test_one_more_mistake_is_mentioned(phase: Any) -> None:
    phase.write({"waivers.toml": entry(gate="x", rule="a") + entry(gate="y", rule="a")})
    assert "`gaterun waivers check` shows 1 more" in phase.run("p").err


def test_another_file_takes_the_place_of_the_usual_one(phase: Any) -> None:
    phase.write({"waivers.toml": "[[broken", "ci/waivers.toml": entry(rule="style")})
    assert phase.run("p", "--waivers", "ci/waivers.toml").code == 0


# --- when they end ---------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_end_of_a_day_is_that_of_utc(phase: Any, zone: str) -> None:
    """At any moment one of the two zones has another date than UTC."""
    waiver = entry(rule="style")
    phase.write({"waivers.toml": waiver.replace(day(9), day())})
    assert phase.command("p", TZ=zone).outcomes["1::places"] == "waived"
    phase.write({"waivers.toml": waiver.replace(day(9), day(-1))})
    ran = phase.command("p", TZ=zone)
    assert ran.outcomes["1::places"] == "fail"
    assert f"expired on {day(-1)}" in ran.out
    (warning,) = ran.record.warnings
    assert warning.startswith("waivers.toml:1: the waiver of places (ann)")


def test_an_unused_waiver_is_told_and_fails_nothing(phase: Any) -> None:
    phase.write({"waivers.toml": entry(rule="style") + entry(rule="gone", owner="bob")})
    ran = phase.run("p")
    assert ran.code == 0
    (warning,) = ran.record.warnings
    assert "(bob), findings of rule gone, is unused" in warning
    assert phase.run("p", "value").record.warnings == ()


def test_what_is_used_again_is_judged_with_the_waivers_of_today(phase: Any) -> None:
    phase.write({"src/lib.rs": "// nothing\n", "waivers.toml": entry(rule="style")})
    phase.commit()
    assert phase.run("p").outcomes["1::places"] == "waived"
    again = phase.run("p").results["1::places"]
    assert (again.outcome, again.reused is not None) == ("waived", True)
    assert again.verdict.waived[0].owner == "ann"
    phase.write({"waivers.toml": entry(rule="style").replace(day(9), day(-1))})
    over = phase.run("p").results["1::places"]
    assert (over.outcome, over.reused is not None) == ("fail", True)
    assert "expired on" in over.verdict.help
    (phase.root / "waivers.toml").unlink()
    assert phase.run("p").outcomes["1::places"] == "fail"


def test_status_knows_that_a_waiver_is_over(phase: Any) -> None:
    phase.phase('[task.1]\n[[task.1.gate]]\nuse = "places"\nplaces = ["style src/a.rs long"]\n')
    phase.write({"src/lib.rs": "// nothing\n", "waivers.toml": entry(rule="style")})
    phase.commit()
    phase.run("p")
    assert phase.run("status", "p").code == 0
    # Another waiver that covers the same is as good.
    phase.write({"waivers.toml": entry(path="src/a.rs")})
    assert phase.run("status", "p").code == 0
    for text in (entry(rule="style").replace(day(9), day(-1)), entry(rule="other"), ""):
        phase.write({"waivers.toml": text})
        ran = phase.run("status", "p")
        assert (ran.code, "its waivers have expired, or changed" in ran.out) == (1, True)
    phase.write({"waivers.toml": "[[broken"})
    assert phase.run("status", "p").code == 4
