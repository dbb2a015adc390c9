"""The tree that a verdict is bound to: it changes when and only when content does."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaterun.core.git import Git
from gaterun.core.own import COMPLETION, DASHBOARD, Own
from gaterun.core.tree import digest_of, look


@pytest.fixture
def repo(project: Any) -> Any:
    project.git("init", "--quiet", "--initial-branch=main")
    project.write({"a.rs": "one\n", "docs/b.md": "two\n", ".gitignore": "ignored*\n/target\n"})
    project.commit()
    return project


def digest(project: Any, *globs: str) -> str:
    return look(Git(project.root), without=Own(paths=(".gaterun/",))).digest(globs or ("**",))


def summary(project: Any) -> str:
    return look(Git(project.root), without=Own(paths=(".gaterun/",))).summary.digest


def test_content_is_the_same_whether_committed_staged_or_lying_about(repo: Any) -> None:
    repo.write({"a.rs": "other\n", "new.rs": "new\n"})
    lying = digest(repo)
    repo.git("add", "--all")
    staged = digest(repo)
    repo.commit("more")
    assert lying == staged == digest(repo)
    assert not look(Git(repo.root)).dirty


def test_without_git_it_is_the_same_content(project: Any) -> None:
    project.write({"a.rs": "one\n"})
    without = digest(project)
    project.git("init", "--quiet")
    assert digest(project) == without
    project.write({"a.rs": "two\n"})
    assert digest(project) != without


CHANGES: dict[str, Callable[[Any], object]] = {
    "edited": lambda p: p.write({"a.rs": "xxx\n"}),
    "untracked": lambda p: p.write({"new.rs": ""}),
    "deleted": lambda p: (p.root / "a.rs").unlink(),
    "renamed": lambda p: (p.root / "a.rs").rename(p.root / "c.rs"),
    "executable": lambda p: (p.root / "a.rs").chmod(0o755),
    "a link in its place": lambda p: (
        (p.root / "a.rs").unlink(),
        (p.root / "a.rs").symlink_to("docs/b.md"),
    ),
    "staged and lost": lambda p: (
        p.write({"a.rs": "staged\n"}),
        p.git("add", "a.rs"),
        (p.root / "a.rs").unlink(),
    ),
    "hidden by assume-unchanged": lambda p: (
        p.git("update-index", "--assume-unchanged", "a.rs"),
        p.write({"a.rs": "hidden\n"}),
    ),
    "hidden by skip-worktree": lambda p: (
        p.git("update-index", "--skip-worktree", "a.rs"),
        p.write({"a.rs": "hidden\n"}),
    ),
    "hidden by the stat configuration": lambda p: (
        p.git("config", "core.checkStat", "minimal"),
        p.git("config", "core.trustctime", "false"),
        _same_stat(p.root / "a.rs", "two\n"),
    ),
    "a monitor that lies": lambda p: (
        p.write({"a.rs": "hidden\n"}),
        p.git("config", "core.fsmonitor", _liar(p.root.parent)),
    ),
    "a lone submodule-like repository": lambda p: _inner(p.root / "inner"),
}


def _same_stat(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _liar(folder: Path) -> str:
    hook = folder / "liar"
    hook.write_text("#!/bin/sh\nprintf 'token\\0'\n")
    hook.chmod(0o755)
    return str(hook)


def _inner(folder: Path) -> None:
    folder.mkdir()
    for arguments in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "x"]):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True
        )


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(repo: Any, change: str) -> None:
    repo.git("status")  # a fresh index, in which nothing is racily clean
    before, whole = digest(repo), summary(repo)
    CHANGES[change](repo)
    assert digest(repo) != before
    assert summary(repo) != whole


def test_an_edit_in_the_same_second_and_of_the_same_size(repo: Any) -> None:
    """The index says that the file is unchanged; its time of change is that of the index."""
    for number in range(12):
        repo.write({"a.rs": f"{number:04}\n"})
        repo.git("add", "a.rs")
        before = digest(repo)
        _same_stat(repo.root / "a.rs", f"{number:03}x\n")
        assert digest(repo) != before


IRRELEVANT: dict[str, Callable[[Any], object]] = {
    "touched": lambda p: os.utime(p.root / "a.rs"),
    "written again": lambda p: p.write({"a.rs": "one\n"}),
    "changed and changed back": lambda p: (p.write({"a.rs": "x\n"}), p.write({"a.rs": "one\n"})),
    "an empty folder": lambda p: (p.root / "empty").mkdir(),
    "a commit without content": lambda p: p.git("commit", "--quiet", "--allow-empty", "-m", "x"),
    "a tag": lambda p: p.git("tag", "v1"),
    "another branch": lambda p: p.git("checkout", "--quiet", "-b", "other"),
    "a refreshed index": lambda p: (os.utime(p.root / "a.rs"), p.git("status")),
    "what cargo built": lambda p: p.write(
        {"target/CACHEDIR.TAG": "Signature", "target/debug/x": "x"}
    ),
    "gaterun's own state": lambda p: p.write({".gaterun/runs/x": "x"}),
    "the mode beyond the executable bit": lambda p: (p.root / "a.rs").chmod(0o600),
}


@pytest.mark.parametrize("change", IRRELEVANT)
def test_what_is_no_change_of_content_is_none(repo: Any, change: str) -> None:
    before, whole = digest(repo), summary(repo)
    IRRELEVANT[change](repo)
    assert digest(repo) == before
    assert summary(repo) == whole


def test_only_what_matches_counts(repo: Any) -> None:
    rust, documents = digest(repo, "**/*.rs"), digest(repo, "docs/**")
    both, neither = digest(repo, "**", "!docs/**"), digest(repo, "*.toml")
    repo.write({"docs/b.md": "changed\n"})
    assert digest(repo, "**/*.rs") == rust
    assert digest(repo, "**", "!docs/**") == both
    assert digest(repo, "*.toml") == neither
    assert digest(repo, "docs/**") != documents


def test_the_history_counts_where_it_is_asked_for(repo: Any) -> None:
    def history() -> str:
        return digest(repo, "**", "@history")

    seen = {history()}
    repo.git("tag", "v1")
    seen.add(history())
    repo.git("commit", "--quiet", "--allow-empty", "-m", "x")
    seen.add(history())
    repo.git("tag", "--force", "v1")
    seen.add(history())
    assert len(seen) == 4


def test_what_git_ignores_counts_for_reuse_but_does_not_change_the_tree(repo: Any) -> None:
    before, whole = digest(repo), summary(repo)
    repo.write({"ignored.rs": "generated\n"})
    with_file = digest(repo)
    assert with_file != before
    repo.write({"ignored-too/deep/x.rs": "generated\n"})
    assert digest(repo) != with_file
    assert summary(repo) == whole
    assert digest(repo, "docs/**") == digest(repo, "docs/**")


def test_what_agents_remember_counts_for_nothing_where_git_ignores_it(repo: Any) -> None:
    before = digest(repo)
    repo.write({".swarm/memory.db": "somebody said something\n", "src/.claude/memory.db": "\n"})
    assert digest(repo) != before
    repo.write({".gitignore": "ignored*\n/target\n.swarm/\n**/.claude/memory.db*\n"})
    quiet = digest(repo)
    repo.write({".swarm/memory.db-wal": "and something else\n", "src/.claude/memory.db": "more\n"})
    assert digest(repo) == quiet


def test_what_a_link_leads_to_outside_counts(repo: Any) -> None:
    outside = repo.root.parent / "shared"
    (outside / "src").mkdir(parents=True)
    (outside / "src/lib.rs").write_text("one\n")
    (repo.root / "linked").symlink_to(outside)
    (repo.root / "file.rs").symlink_to(outside / "src/lib.rs")
    (repo.root / "dangling").symlink_to(outside / "nowhere")
    repo.commit("links")
    folder, file = digest(repo, "linked"), digest(repo, "file.rs")
    (outside / "src/lib.rs").write_text("two\n")
    assert digest(repo, "linked") != folder
    assert digest(repo, "file.rs") != file
    (outside / "nowhere").write_text("now there\n")
    assert digest(repo, "dangling") != digest(repo, "file.rs")


def test_a_submodule_with_changes_of_its_own(repo: Any) -> None:
    other = repo.root.parent / "other"
    _inner(other)
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    repo.commit("submodule")
    before = digest(repo)
    (repo.root / "sub/new.rs").write_text("x\n")
    assert digest(repo) != before
    (repo.root / "sub/new.rs").unlink()
    assert digest(repo) == before
    assert digest(repo, "docs/**") != look(Git(repo.root)).digest(["nothing"])


def test_reports_of_this_run_are_left_out(repo: Any) -> None:
    repo.write({"docs/report.md": "old\n"})
    repo.commit("report")

    def without() -> tuple[str, bool]:
        state = look(Git(repo.root), without=Own(paths=("docs/report.md", ".gaterun/")))
        return state.summary.digest, state.dirty

    before = without()
    repo.write({"docs/report.md": "new\n"})
    assert without() == before == (before[0], False)
    repo.commit("new report")
    assert without() == before


WRITTEN = {
    "a dashboard": f"{DASHBOARD}\n\n# p\n",
    "a completion report": f"# p: COMPLETE\n\n{COMPLETION} `p`. Changes\n",
    "a metrics document": '{\n  "kind": "gaterun.metrics",\n',
}
ROADMAP = "# Road\n\n<!-- gaterun:begin p -->{}<!-- gaterun:end -->\n\nThe end.\n"


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("git", [True, False])
def test_what_gaterun_wrote_counts_for_nothing(repo: Any, text: str, git: bool) -> None:
    if not git:
        shutil.rmtree(repo.root / ".git")
    own = Own(documents=("docs/made.md",))
    before = look(Git(repo.root), without=own)
    for more in ("", "more\n"):
        repo.write({"docs/made.md": text + more})
        state = look(Git(repo.root), without=own)
        assert (state.summary.digest, state.dirty) == (before.summary.digest, before.dirty)
        # What the phase does not name is a file like another.
        assert look(Git(repo.root)).summary.digest != before.summary.digest
    # Named and written by people, it counts.
    repo.write({"docs/made.md": "by hand\n"})
    state = look(Git(repo.root), without=own)
    assert state.summary.digest != before.summary.digest
    assert state.dirty is git


@pytest.mark.parametrize("git", [True, False])
def test_of_a_roadmap_what_people_wrote_counts(repo: Any, git: bool) -> None:
    if not git:
        shutil.rmtree(repo.root / ".git")
    own = Own(documents=("ROAD.md",))

    def with_text(text: str) -> str:
        repo.write({"ROAD.md": text})
        return look(Git(repo.root), without=own).digest(["*.md"])

    before = with_text(ROADMAP.format("\none\n"))
    assert with_text(ROADMAP.format("\ntwo\nthree\n")) == before
    assert with_text(ROADMAP.format("\none\n") + "More.\n") != before
    assert with_text(ROADMAP.format("\none\n").replace("end.", "END.")) != before
    assert with_text("# Road\n") != before
    # Whatever cannot be told apart counts whole.
    doubled = ROADMAP.format("<!-- gaterun:begin q -->")
    assert with_text(doubled) != with_text(doubled.replace("q", "r"))


def test_a_roadmap_that_git_ignores_is_told_apart_too(repo: Any) -> None:
    own = Own(documents=("ignored",))
    repo.write({"ignored": ROADMAP.format("\none\n")})
    before = look(Git(repo.root), without=own).digest(["**"])
    repo.write({"ignored": ROADMAP.format("\ntwo\n")})
    assert look(Git(repo.root), without=own).digest(["**"]) == before
    repo.write({"ignored": "people\n"})
    assert look(Git(repo.root), without=own).digest(["**"]) != before


def test_names_of_every_kind(repo: Any) -> None:
    names = ["sp ace.rs", "tab\t.rs", "new\nline.rs", "ünï.rs", "-x.rs", ":(glob)a", "a'\".rs"]
    for name in [*names, os.fsdecode(b"latin-\xe9.rs")]:
        before = digest(repo)
        (repo.root / name).write_text("x\n")
        assert digest(repo) != before
    lying = digest(repo)
    repo.commit("all")
    assert digest(repo) == lying


def test_what_changed_is_named(repo: Any) -> None:
    before = look(Git(repo.root))
    repo.write({"a.rs": "x\n", "new.rs": "x\n", "ignored": "x\n"})
    (repo.root / "docs/b.md").unlink()
    after = look(Git(repo.root))
    assert after.changed_since(before) == ["a.rs", "docs/b.md", "new.rs"]
    assert after.changed_since(before, ("docs/**",)) == ["docs/b.md"]


def test_a_folder_with_too_many_files_is_never_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaterun.core.tree._MANY", 2)
    for number in range(3):
        (tmp_path / str(number)).touch()
    assert digest_of(tmp_path) != digest_of(tmp_path)


NAMES = st.sampled_from(["a.rs", "b.rs", "src/a.rs", "docs/a.md", "ignored.txt"])
TREES = st.dictionaries(NAMES, st.binary(max_size=6), max_size=5)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(one=TREES, other=TREES)
def test_digests_are_equal_when_and_only_when_content_is(
    repo: Any, one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    def laid(files: dict[str, bytes]) -> str:
        for name in ("a.rs", "b.rs", "src/a.rs", "docs/a.md", "ignored.txt"):
            path = repo.root / name
            path.parent.mkdir(exist_ok=True)
            path.unlink(missing_ok=True)
            if name in files:
                path.write_bytes(files[name])
        return digest(repo, "**/*.rs")

    def rust(files: dict[str, bytes]) -> dict[str, bytes]:
        return {name: content for name, content in files.items() if name.endswith(".rs")}

    assert (laid(one) == laid(other)) == (rust(one) == rust(other))
