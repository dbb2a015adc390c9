"""``gaterun fix``: shows a patch, writes only when told to, and only what the gate has read."""

from __future__ import annotations

import os
import stat
from typing import Any

import pytest

from gaterun.core import fix as core
from gaterun.model.errors import UsageError

PHASE = """\
[phase]
protected = ["phases/**", "*.lock"]
[task.1]
"""


def _phase(project: Any, *entries: str) -> None:
    table = "[[task.1.gate]]\n"
    project.phase(PHASE + "".join(f'{table}use = "mend"\n{entry}\n' for entry in entries))


def _text(project: Any, name: str = "place.txt") -> str:
    return (project.root / name).read_bytes().decode("utf-8", "surrogateescape")


def test_a_patch_is_shown_and_nothing_is_written(project: Any, golden: Any) -> None:
    project.write({"place.txt": "wrong\n"})
    _phase(project, "")
    ran = project.run("fix", "p")
    assert ran.code == 1
    assert (ran.out, ran.err) == (golden, "would change 1 file: gaterun fix p --write\n")
    assert _text(project) == "wrong\n"
    assert ran.records == ()
    assert not list((project.root / ".gaterun" / "runs").iterdir())


def test_write_changes_the_file_and_then_there_is_nothing_to_change(project: Any) -> None:
    project.write({"place.txt": "wrong\n"})
    (project.root / "place.txt").chmod(0o755)
    _phase(project, "")
    ran = project.run("fix", "p", "mend", "--write")
    assert (ran.code, ran.err) == (0, "changed 1 file\n")
    assert "+right" in ran.out
    assert _text(project) == "right\n"
    assert stat.S_IMODE((project.root / "place.txt").stat().st_mode) == 0o755
    again = project.run("fix", "p", "--write")
    assert (again.code, again.out, again.err) == (0, "", "nothing to change\n")


def test_git_takes_the_patch(project: Any) -> None:
    project.write({"place.txt": "one\nwrong\nthree"})
    _phase(project, 'after = "one\\nright\\nthree\\n"', 'id = "b"\npath = "a b/new.txt"')
    project.commit()
    ran = project.command("fix", "p")
    (project.root.parent / "patch").write_text(ran.out)
    project.git("apply", str(project.root.parent / "patch"))
    assert _text(project) == "one\nright\nthree\n"
    assert _text(project, "a b/new.txt") == "right\n"
    assert project.run("fix", "p").code == 0


def test_a_new_file_is_written_with_its_folder(project: Any) -> None:
    _phase(project, 'path = "new/place.txt"')
    assert project.run("fix", "p", "--write").code == 0
    assert _text(project, "new/place.txt") == "right\n"


def test_bytes_that_are_no_text_stay_what_they_are(project: Any) -> None:
    (project.root / "place.txt").write_bytes(b"\xef\xbb\xbfa\xff\r\n")
    before = os.fsdecode(b"\xef\xbb\xbfa\xff\r\n")
    edit = core.Edit(path="place.txt", before=before, after=f"{before}b\r\n")
    core.write(project.root, [edit])
    assert (project.root / "place.txt").read_bytes() == b"\xef\xbb\xbfa\xff\r\nb\r\n"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('path = "../place.txt"', "crashed: gate 'mend' wants to change '../place.txt', which is"),
        ('path = "a/../place.txt"', "not below the workspace root"),
        ('path = "/place.txt"', "not below the workspace root"),
        ('path = ""', "not below the workspace root"),
        ('path = "link/place.txt"', "not below the workspace root"),
        ('path = "link.txt"', "not below the workspace root"),
        ('path = ".git/hooks/pre-commit"', "which is git's or gaterun's"),
        ('path = "inner/config"', "which is git's or gaterun's"),
        ('path = ".gaterun/x"', "which is git's or gaterun's"),
        ('path = "phases/p.toml"', "which the phase protects"),
        ('path = "Cargo.lock"', "which the phase protects"),
        ('path = "alias.toml"', "which the phase protects"),
        ('before = "something else"', "tree-changed: place.txt has changed meanwhile"),
        ('path = "gone.txt"\nbefore = "something"', "tree-changed: gone.txt has changed"),
        ('other = "refuse"', "tool-missing: no such tool\n  help: install it"),
        ('other = "none"', "fix() returned: None is not a list"),
        ('other = "texts"', "fix() returned str, not an Edit"),
        ('other = "number"', "after of an edit is int, not a text"),
    ],
)
def test_what_must_not_be_changed_is_refused(project: Any, entry: str, said: str) -> None:
    outside = project.root.parent / "outside"
    outside.mkdir()
    (outside / "place.txt").write_text("theirs\n")
    project.commit()
    project.write({"place.txt": "wrong\n", "good.txt": "wrong\n", "Cargo.lock": "# locked\n"})
    (project.root / "link").symlink_to(outside)
    (project.root / "link.txt").symlink_to(outside / "place.txt")
    (project.root / "inner").symlink_to(".git")
    _phase(project, entry, 'id = "good"\npath = "good.txt"')
    (project.root / "alias.toml").symlink_to("phases/p.toml")
    ran = project.run("fix", "p", "--write")
    assert ran.code == 7
    assert said in ran.err
    # The other gate's file is mended all the same.
    assert _text(project, "good.txt") == "right\n"
    assert _text(project) == "wrong\n"
    assert (outside / "place.txt").read_text() == "theirs\n"
    assert sorted(path.name for path in outside.iterdir()) == ["place.txt"]


def test_a_crash_is_told_with_a_log_that_is_there(project: Any) -> None:
    _phase(project, 'other = "raise"')
    ran = project.run("fix", "p")
    assert ran.code == 7
    assert "gate 'mend' raised RuntimeError: boom" in ran.err
    log = ran.err.partition("its traceback is in ")[2].strip()
    with open(log) as traceback:
        assert "RuntimeError: boom" in traceback.read()


def test_a_link_stays_a_link_and_what_it_points_to_is_changed(project: Any) -> None:
    project.write({"docs/place.txt": "wrong\n"})
    (project.root / "place.txt").symlink_to("docs/place.txt")
    _phase(project, "")
    assert project.run("fix", "p", "--write").code == 0
    assert (project.root / "place.txt").is_symlink()
    assert _text(project, "docs/place.txt") == "right\n"


def test_two_gates_that_want_the_same_are_one_and_others_take_turns(project: Any) -> None:
    project.write({"place.txt": "wrong\n"})
    _phase(project, 'id = "a"', 'id = "b"', 'id = "c"\nafter = "otherwise\\n"')
    ran = project.run("fix", "p", "--write")
    assert ran.out.count("+++") == 1
    assert ran.err == "1::c changes place.txt too: ask again once this is written\nchanged 1 file\n"
    assert ran.code == 1
    assert _text(project) == "right\n"


def test_nothing_is_written_when_one_file_has_changed(project: Any) -> None:
    project.write({"a.txt": "a\n", "b.txt": "b\n"})
    edits = [
        core.Edit(path="a.txt", before="a\n", after="x\n"),
        core.Edit(path="b.txt", before="old\n", after="x\n"),
    ]
    with pytest.raises(core.CannotMeasure, match=r"b\.txt has changed meanwhile"):
        core.write(project.root, edits)
    assert (_text(project, "a.txt"), _text(project, "b.txt")) == ("a\n", "b\n")


def test_a_file_that_cannot_be_written_is_a_usage_error(project: Any) -> None:
    project.write({"folder": "a file\n"})
    project.phase(PHASE + '[[task.1.gate]]\nuse = "mend"\npath = "folder/place.txt"\n')
    ran = project.run("fix", "p", "--write")
    assert ran.code in {4, 7}
    assert "Traceback" not in ran.err
    assert "folder/place.txt" in ran.err


def test_gates_that_mend_nothing_are_not_asked(project: Any) -> None:
    _phase(project, "")
    project.phase((project.root / "phases/p.toml").read_text() + '[[task.1.gate]]\nuse = "pass"\n')
    ran = project.run("fix", "p", "pass")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == "error: no chosen gate mends anything\n  help: these do: mend\n"
    project.gates("pass", name="q")
    assert "no gate of this phase does" in project.run("fix", "q").err
    _phase(project, 'skip = "not now"')
    assert project.run("fix", "p").code == 5


def test_a_resource_that_no_plugin_offers_is_said_before_anything_runs() -> None:
    import gaterun
    from gaterun.core.bind import requirement

    gate = gaterun.Gate(
        name="g",
        title="g",
        metrics=(gaterun.Metric(name="n"),),
        measure=lambda ctx: None,
        fix=lambda ctx, absent: [],
    )
    with pytest.raises(UsageError, match="asks for a resource 'absent'"):
        requirement(gate, {"require": "n == 0"}, {})
