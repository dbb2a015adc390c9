"""``gaterun waivers``: what a person reads, and what happens to the file."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gaterun.cli.waivers import render
from gaterun.core.source import Source
from gaterun.core.waiver_edit import with_entry, without
from gaterun.core.waiver_file import read
from gaterun.core.waiver_states import states
from gaterun.model.errors import UsageError

PHASE = """
[task.1]
[[task.1.gate]]
use = "places"
places = ["style src/a.rs long", "style src/b.rs long", "todo src/a.rs later"]
require = ["places == 0", "others <= 3"]
[[task.1.gate]]
id = "sign"
mode = "manual"
file = "docs/x.md"
"""


def day(away: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=away)).isoformat()


def entry(**keys: str) -> str:
    given = {"gate": "places", "reason": "later", "owner": "ann", "expires": day(9), **keys}
    lines = [
        f"{key} = {value if key in {'expires', 'limit'} else json.dumps(value)}\n"
        for key, value in given.items()
    ]
    return f"[[waiver]]\n{''.join(lines)}"


@pytest.fixture
def ours(project: Any, monkeypatch: Any) -> Any:
    monkeypatch.setenv("GATERUN_PLUGINS", f"finding_gates,{os.environ['GATERUN_PLUGINS']}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(project.root.parent / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (project.root.parent / "gitconfig").write_text("[user]\nname = Ann B.\n")
    project.phase(PHASE)
    project.write({"docs/x.md": "text\n"})
    return project


def text_of(ours: Any) -> str:
    return (ours.root / "waivers.toml").read_bytes().decode()


@pytest.mark.parametrize("command", ["list", "check", "add", "prune", "sign"])
def test_help(ours: Any, golden: Any, command: str) -> None:
    ran = ours.run("waivers", command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == golden
    assert max(map(len, ran.out.splitlines())) <= 100


# --- list and check --------------------------------------------------------------------------


def test_how_decisions_stand(ours: Any, golden: Any) -> None:
    """The day is given, so that the text is the same on every day."""
    text = (
        entry(rule="style", expires="2026-12-31", issue="https://x.y/88")
        + entry(rule="gone", expires="2026-11-28", limit="3")
        + entry(path="src/**", expires="2026-11-27", owner="bob")
        + entry(condition="places == 0", instead="places <= 3", expires="2026-11-29")
    )
    for phase, gate in (("p", "1::sign"), ("p", "1::other"), ("q", "1::sign")):
        text += (
            f'[[signoff]]\nphase = "{phase}"\ngate = "{gate}"\nname = "Ann"\nreason = "read"\n'
            'date = 2026-11-20\ndigest = "00"\n'
        )
    today = date(2026, 11, 28)
    decisions, errors = read(Source("waivers.toml", text), today=today, longest=90)
    assert errors == []
    ran = ours.run("p")
    from gaterun.cli.workspace import open_workspace

    phase = open_workspace(ours.root, None, "", (), ()).phase("p")
    found = states(decisions, today=today, root=ours.root, phases=[phase], runs={"p": ran.record})
    assert render(found) == golden


def test_list_and_check_when_all_is_in_order(ours: Any) -> None:
    assert ours.run("waivers").out == "nothing is waived or signed\n"
    assert ours.run("waivers", "check").out == "0 waivers, 0 sign-offs: all in order\n"
    ours.write({"waivers.toml": entry(rule="style")})
    ran = ours.run("waivers", "list")
    assert ran.code == 0
    assert ran.out.startswith("waivers.toml:1  places  live, 9 days left\n")
    (state,) = json.loads(ours.run("waivers", "list", "--format", "json").out)
    assert (state["gate"], state["wrong"], state["place"]) == ("places", False, "waivers.toml:1")
    assert ours.run("waivers", "check").code == 0
    assert ours.run("-C", str(ours.root), "waivers", "check").code == 0


def test_unused_according_to_the_latest_run(ours: Any) -> None:
    ours.write({"waivers.toml": entry(rule="style") + entry(rule="gone")})
    assert "unused" not in ours.run("waivers").out
    ours.run("p", "sign")  # the gate itself did not run
    assert "unused" not in ours.run("waivers").out
    ours.run("p")
    assert "live, 9 days left, unused\n    findings of rule gone" in ours.run("waivers").out
    ran = ours.run("waivers", "check")
    assert (ran.code, "rule gone" in ran.out, "rule style" in ran.out) == (1, True, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (entry(rule="style", expires=day(-1)), "expired 1 day ago"),
        (entry(rule="style", expires=day(91)), "91 days left, the longest is 90"),
        (entry(rule="style", expires="2026-02-30"), "waivers.toml"),
        (entry(rule="style", gate="nope"), "no gate 'nope'"),
        (entry(rule="style", owner=""), "who answers for it"),
    ],
)
def test_check_fails(ours: Any, text: str, said: str) -> None:
    ours.write({"waivers.toml": text})
    ran = ours.run("waivers", "check")
    assert said in ran.out + ran.err
    assert ran.code == (4 if "02-30" in text else 1)


def test_check_tells_all_that_is_wrong(ours: Any) -> None:
    ours.write({"waivers.toml": entry(rule="a", gate="x") + entry(rule="a", gate="y")})
    ran = ours.run("waivers", "check")
    assert ("no gate 'x'" in ran.out, "no gate 'y'" in ran.out) == (True, True)
    ran = ours.run("waivers")
    assert (ran.code, ran.err.count("warning: waivers.toml:")) == (0, 2)
    assert ran.out.count("live, 9 days left") == 2
    assert len(json.loads(ours.run("waivers", "list", "--format", "json").out)) == 2


def test_an_unknown_gate_is_told_once_for_all_phases(ours: Any) -> None:
    ours.gates("pass", name="a")
    ours.gates("pass", name="z")
    ours.write({"waivers.toml": entry(rule="a", gate="place") + entry(rule="a", gate="x")})
    ran = ours.run("waivers", "check")
    assert ran.out.count("the phases here have no gate 'place', and no plugin offers it") == 1
    assert ran.out.count("help: did you mean 'places'?") == 1
    assert ran.out.count("the phases here have no gate 'x'") == 1
    ours.write({"waivers.toml": entry(rule="a", gate="x", phase="p")})
    assert "phase 'p' has no gate 'x'" in ours.run("waivers", "check").out


# --- add -------------------------------------------------------------------------------------


def test_add_writes_an_entry_and_keeps_the_rest(ours: Any) -> None:
    before = "# Ours.\n\n# Why.\n" + entry(rule="style") + "# The end."
    ours.write({"waivers.toml": before})
    ours.run("p")
    ran = ours.run("waivers", "add", "1::places", "--rule", "todo", "--reason", 'say "why"')
    assert ran.code == 0
    assert ran.err == f"until {day(30)}; covers 1 finding today\n"
    assert ran.out == (
        '[[waiver]]\ngate = "1::places"\nrule = "todo"\nreason = "say \\"why\\""\n'
        f'owner = "Ann B."\nexpires = {day(30)}\n'
    )
    assert text_of(ours) == f"{before}\n\n{ran.out}"
    assert ours.run("p").outcomes["1::places"] == "waived"


def test_add_makes_the_file(ours: Any) -> None:
    ran = ours.run(
        *("waivers", "add", "places", "--path", "src/**", "--reason", "r", "--owner", "o"),
        *("--expires", day(5), "--limit", "3", "--issue", "https://x.y/1", "--phase", "p"),
    )
    assert (ran.code, text_of(ours)) == (0, ran.out)
    assert ran.err == f"until {day(5)}; no recorded run says what it covers\n"
    assert ours.run("p").outcomes["1::places"] == "waived"


def test_add_accepts_what_was_measured_and_nothing_worse(ours: Any) -> None:
    argv = ("waivers", "add", "places", "--condition", "places == 0", "--reason", "r")
    ran = ours.run(*argv)
    assert (ran.code, "no recorded run has measured" in ran.err) == (4, True)
    ours.run("p")
    assert ours.run(*argv).code == 0
    assert 'instead = "places <= 3"\n' in text_of(ours)
    assert ours.run("p").outcomes["1::places"] == "waived"
    ours.phase(PHASE.replace('"todo src/a.rs later"', '"a b c", "d e f"'))
    assert ours.run("p").outcomes["1::places"] == "fail"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["places"], "does not say what it covers"),
        (["places", "--rule", "*"], "covers every finding"),
        (["plases", "--rule", "a"], "no gate 'plases'"),
        (["places", "--rule", "a", "--days", "91"], "the longest is 90"),
        (["places", "--rule", "a", "--expires", "2026-02-30"], "no day of the calendar"),
        (["places", "--rule", "a", "--expires", day(1), "--days", "3"], "both say when it ends"),
        (["places", "--condition", "n == 0", "--instead", "n < 3"], "has no condition 'n == 0'"),
        (["places", "--instead", "places < 3"], "there is no condition"),
        (["sign", "--rule", "a"], "no metric of gate 'sign' counts findings"),
    ],
)
def test_add_writes_nothing_that_is_wrong(ours: Any, argv: list[str], message: str) -> None:
    ran = ours.run("waivers", "add", *argv, "--reason", "r")
    assert (ran.code, message in ran.err) == (4, True)
    assert not (ours.root / "waivers.toml").exists()


def test_add_does_not_write_into_a_file_that_is_wrong(ours: Any) -> None:
    for text in ("[[waiver", entry(rule="a", ownr="b"), "waiver = []\n"):
        ours.write({"waivers.toml": text})
        ran = ours.run("waivers", "add", "places", "--rule", "a", "--reason", "r")
        assert (ran.code, text_of(ours)) == (4, text)


def test_nobody_is_no_owner(ours: Any) -> None:
    (ours.root.parent / "gitconfig").write_text("")
    ran = ours.run("waivers", "add", "places", "--rule", "a", "--reason", "r")
    assert (ran.code, "git knows no user.name" in ran.err) == (4, True)


def test_line_ends_stay_as_they_are(ours: Any) -> None:
    raw = entry(rule="style").replace("\n", "\r\n").encode()
    (ours.root / "waivers.toml").write_bytes(raw)
    ours.run("waivers", "add", "places", "--rule", "todo", "--reason", "r")
    assert "\n" not in text_of(ours).replace("\r\n", "")


# --- prune -----------------------------------------------------------------------------------

LIVE, OVER, GONE = (
    "# Of the live one.\n" + entry(rule="style"),
    "# Of the one that is over.\n" + entry(rule="todo", expires=day(-1)),
    entry(rule="gone") + "# About what follows.\n",
)


def test_prune_takes_out_what_is_over(ours: Any) -> None:
    ours.write({"waivers.toml": f"# Ours.\n\n{LIVE}\n{OVER}\n# --- more ---\n\n{GONE}"})
    before = text_of(ours)
    ran = ours.run("waivers", "prune", "--dry-run")
    assert (ran.code, ran.err, text_of(ours)) == (0, "would take out 1 waiver\n", before)
    assert "-# Of the one that is over.\n" in ran.out
    ran = ours.run("waivers", "prune")
    assert (ran.code, ran.err) == (0, "took out 1 waiver\n")
    assert text_of(ours) == f"# Ours.\n\n{LIVE}\n# --- more ---\n\n{GONE}"
    assert ours.run("waivers", "prune").err == "nothing to prune\n"


def test_prune_takes_out_what_is_over_although_its_gate_is_gone(ours: Any) -> None:
    over = entry(rule="a", gate="gone", expires=day(-1))
    ours.write({"waivers.toml": f"{LIVE}\n{over}"})
    assert ours.run("waivers", "prune").err == "took out 1 waiver\n"
    assert text_of(ours).strip() == LIVE.strip()
    # A live one of a gate that is not there is for somebody to look at.
    ours.write({"waivers.toml": entry(rule="a", gate="gone")})
    assert ours.run("waivers", "prune").err == "nothing to prune\n"


def test_prune_unused(ours: Any) -> None:
    ours.write({"waivers.toml": f"{LIVE}\n{GONE}\n"})
    assert ours.run("waivers", "prune", "--unused").err == "nothing to prune\n"
    ours.run("p")
    assert ours.run("waivers", "prune", "--unused").err == "took out 1 waiver\n"
    assert text_of(ours) == f"{LIVE}\n# About what follows.\n\n"


def test_prune_of_all_leaves_no_waiver(ours: Any) -> None:
    ours.write({"waivers.toml": OVER})
    ours.run("waivers", "prune")
    assert text_of(ours) == ""
    assert ours.run("waivers", "check").code == 0


@pytest.mark.parametrize(
    "text",
    [
        "waiver = [{ gate = 'a' }, { gate = 'b' }]\n",
        "[[waiver]]\ngate = '''\n[[waiver]]\n'''\n[[waiver]]\ngate = 'b'\n",
    ],
)
def test_what_cannot_be_found_is_left_alone(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be changed"):
        without(Source("w", text), "waiver", {1})


def test_an_entry_cannot_be_added_to_an_inline_list() -> None:
    with pytest.raises(UsageError, match="cannot be changed"):
        with_entry(Source("w", "waiver = [{ gate = 'a' }]\n"), '[[waiver]]\ngate = "b"\n')


# --- sign ------------------------------------------------------------------------------------


def test_sign_and_sign_again(ours: Any) -> None:
    ours.write({"waivers.toml": f"# Ours.\n{entry(rule='style')}"})
    ran = ours.run("waivers", "sign", "sign", "--reason", "read it")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Ann B. signed 1::sign: docs/x.md, sha256 ")
    assert ours.run("p", "sign").outcomes == {"1::sign": "pass"}
    ours.write({"docs/x.md": "other\n"})
    assert ours.run("p", "sign").outcomes == {"1::sign": "undecided"}
    assert "stale: docs/x.md changed since" in ours.run("waivers").out
    assert ours.run("waivers", "check").code == 1
    assert ours.run("waivers", "sign", "1::sign", "--reason", "again", "--phase", "p").code == 0
    ours.run("waivers", "sign", "1::sign", "--reason", "I too", "--name", "Bob")
    assert text_of(ours).count("[[signoff]]") == 2
    assert text_of(ours).startswith("# Ours.\n[[waiver]]\n")
    ran = ours.run("p", "sign")
    assert [note.partition(" on ")[0] for note in ran.results["1::sign"].notes] == [
        "signed by Ann B.",
        "signed by Bob",
    ]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sgin"], "did you mean"),
        (["places"], "there is no manual gate 'places'"),
        (["sign", "--phase", "nope"], "there is no phase 'nope'"),
    ],
)
def test_what_cannot_be_signed(ours: Any, argv: list[str], message: str) -> None:
    ran = ours.run("waivers", "sign", *argv, "--reason", "r")
    assert (ran.code, message in ran.err) == (4, True)
    assert not (ours.root / "waivers.toml").exists()


def test_a_file_that_is_not_there_is_not_signed(ours: Any) -> None:
    (ours.root / "docs/x.md").unlink()
    ran = ours.run("waivers", "sign", "sign", "--reason", "r")
    assert (ran.code, "docs/x.md, which is to be signed, cannot be read" in ran.err) == (4, True)


def test_which_of_two_phases(ours: Any) -> None:
    ours.phase(PHASE, "q")
    ran = ours.run("waivers", "sign", "sign", "--reason", "r")
    assert (ran.code, "add --phase" in ran.err) == (4, True)
    assert ours.run("waivers", "sign", "sign", "--reason", "r", "--phase", "q").code == 0
    assert ours.run("q", "sign").code == 0
    assert ours.run("p", "sign").code == 7


def test_two_at_once_lose_nothing(ours: Any) -> None:
    running = [
        ours.start("waivers", "add", "places", "--rule", f"r{n}", "--reason", "r") for n in range(4)
    ]
    assert [process.communicate()[1] is not None for process in running] == [True] * 4
    assert [process.returncode for process in running] == [0] * 4
    assert text_of(ours).count("[[waiver]]") == 4
