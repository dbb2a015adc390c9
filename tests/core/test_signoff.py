"""Manual gates: a person's word for files as they are, and no verdict without it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

PHASE = """
[task.1]
[[task.1.gate]]
id = "sign"
mode = "manual"
file = "docs/x.md"
"""


@pytest.fixture
def manual(project: Any) -> Any:
    project.phase(PHASE)
    project.write({"docs/x.md": "text\n"})
    return project


def signed(project: Any, digest: str, **keys: str) -> None:
    given = {"phase": "p", "gate": "1::sign", "name": "Ann", "reason": "read", **keys}
    lines = "".join(f"{key} = {value!r}\n" for key, value in given.items())
    today = datetime.now(UTC).date().isoformat()
    project.write({"waivers.toml": f'[[signoff]]\n{lines}date = {today}\ndigest = "{digest}"\n'})


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_unsigned_is_no_verdict(manual: Any) -> None:
    ran = manual.run("p")
    assert (ran.code, ran.outcomes) == (7, {"1::sign": "undecided"})
    verdict = ran.results["1::sign"].verdict
    assert verdict.message == "nobody has signed docs/x.md"
    assert "gaterun waivers sign 1::sign" in verdict.help


def test_signed_as_it_is(manual: Any) -> None:
    signed(manual, sha256("text\n"))
    ran = manual.run("p")
    assert (ran.code, ran.outcomes) == (0, {"1::sign": "pass"})
    result = ran.results["1::sign"]
    assert result.notes[0].startswith("signed by Ann on ")
    assert result.recipe == {"digest": sha256("text\n")}
    # Sign-offs are no waivers.
    assert manual.run("p", "--no-waivers").code == 0


def test_a_changed_file_makes_it_stale(manual: Any) -> None:
    signed(manual, sha256("text\n"))
    manual.write({"docs/x.md": "text \n"})
    ran = manual.run("p")
    assert ran.outcomes == {"1::sign": "undecided"}
    assert "docs/x.md changed since Ann signed it" in ran.results["1::sign"].verdict.message


@pytest.mark.parametrize("keys", [{"gate": "1::other"}, {"phase": "q"}, {"gate": "sign"}])
def test_a_sign_off_is_of_one_gate_of_one_phase(manual: Any, keys: dict[str, str]) -> None:
    signed(manual, sha256("text\n"), **keys)
    assert manual.run("p").outcomes == {"1::sign": "undecided"}


def test_a_file_that_is_not_there_cannot_be_signed_for(manual: Any) -> None:
    signed(manual, sha256("text\n"))
    (manual.root / "docs/x.md").unlink()
    assert manual.run("p").outcomes == {"1::sign": "no-input"}
    (manual.root / "docs/x.md").mkdir()
    assert manual.run("p").outcomes == {"1::sign": "no-input"}


def test_several_files_are_signed_as_sha256sum_tells_them(manual: Any) -> None:
    manual.phase(PHASE.replace('"docs/x.md"', '["docs/x.md", "docs/a.md"]'))
    manual.write({"docs/a.md": "a\n"})
    text = f"{sha256('a' + chr(10))}  docs/a.md\n{sha256('text' + chr(10))}  docs/x.md\n"
    signed(manual, sha256(text))
    assert manual.run("p").code == 0
    manual.write({"docs/a.md": "b\n"})
    assert manual.run("p").outcomes == {"1::sign": "undecided"}


def test_a_waiver_is_no_signature(manual: Any) -> None:
    manual.write(
        {
            "waivers.toml": '[[waiver]]\ngate = "1::sign"\ncondition = "signed == true"\n'
            'instead = "signed == false"\nreason = "r"\nowner = "o"\n'
            f"expires = {datetime.now(UTC).date()}\n"
        }
    )
    assert manual.run("p").outcomes == {"1::sign": "undecided"}


def test_a_signature_that_is_taken_back_is_none(manual: Any) -> None:
    """Nothing of it is used again: what decides is in the waiver file, not in the tree's inputs."""
    manual.commit()
    signed(manual, sha256("text\n"))
    assert manual.run("p").outcomes == {"1::sign": "pass"}
    (manual.root / "waivers.toml").unlink()
    assert manual.run("p").outcomes == {"1::sign": "undecided"}


def test_status_counts_manual_gates(manual: Any) -> None:
    manual.commit()
    manual.run("p")
    assert manual.run("status", "p").code == 1
    signed(manual, sha256("text\n"))
    manual.run("p")
    assert manual.run("status", "p").code == 0
    (manual.root / "waivers.toml").unlink()
    assert manual.run("status", "p").code == 1


def test_the_baseline_leaves_it_out(manual: Any) -> None:
    manual.phase(PHASE + '[[task.1.gate]]\nuse = "pass"\n')
    manual.commit()
    ran = manual.run("baseline", "p", "--at", "HEAD")
    assert (ran.code, "1::sign" in ran.out) == (0, False)


def test_it_is_listed_like_any_gate(manual: Any) -> None:
    ran = manual.run("list", "p")
    assert (ran.code, "1::sign" in ran.out) == (0, True)
    assert manual.run("p", "--co").code == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('file = "docs/x.md"\n', "", "names the file that is signed"),
        ('"docs/x.md"', '"/etc/passwd"', "names the file that is signed"),
        ('"docs/x.md"', '"../x"', "names the file that is signed"),
        ('"docs/x.md"', '""', "names the file that is signed"),
        ('"docs/x.md"', "[]", "names the file that is signed"),
        ('"docs/x.md"', "3", "expected str | array, got int"),
        ("file =", 'use = "pass"\nfile =', "a manual gate uses no plugin"),
        ("file =", "fil =", "names the file that is signed"),
        ("file =", "more = 1\nfile =", "has no option 'more'"),
        ("file =", 'inputs = ["docs/**"]\nfile =', "a manual gate depends on its file"),
        ("file =", "enforce_after = 2027-01-01\nfile =", "has no such date"),
        ("file =", 'ratchet = "signed"\nfile =', "has no better direction"),
        ('id = "sign"\n', "", "does not say what it uses"),
        ('"manual"', '"manuel"', "invalid enum value 'manuel'"),
    ],
)
def test_mistakes_in_an_entry(manual: Any, old: str, new: str, message: str) -> None:
    manual.phase(PHASE.replace(old, new))
    ran = manual.run("p")
    assert (ran.code, ran.records) == (4, ())
    assert message in ran.err
    assert "phases/p.toml:" in ran.err
