"""What gaterun asks git, and that it leaves no trace."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gaterun.core.git import Git
from gaterun.core.tree import look
from gaterun.model.errors import CannotMeasure
from gaterun.model.verdict import Reason


@pytest.fixture
def repo(project: Any) -> Any:
    """A repository with a commit of a few files, and a first one before it."""
    project.write({"a.txt": "one\n", "old.txt": "old\n", ".gitignore": "ignored\n/target\n"})
    project.commit("first")
    (project.root / "old.txt").unlink()
    project.write({"a.txt": "two\n", "src/lib.rs": "fn a() {}\n", "gone.txt": "x\n"})
    project.commit("second")
    return project


def listing(folder: Path) -> dict[str, tuple[str, float]]:
    """Every file below a folder with its digest and time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(folder))] = (digest, path.stat().st_mtime)
        else:
            found[str(path.relative_to(folder))] = ("", 0.0)
    return found


def scratch(project: Any) -> Path:
    folder: Path = project.temporary / "scratch"
    folder.mkdir(exist_ok=True)
    return folder


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes().decode("utf-8", "surrogateescape")
        for path in sorted(folder.rglob("*"))
        if ".git" not in path.relative_to(folder).parts
        and not (path.is_dir() and not path.is_symlink())
    }


def dirty(project: Any) -> None:
    """Every way in which a working tree differs from its commit."""
    project.write({"a.txt": "three\n", "new/file with space.txt": "new\n", "ignored": "not me\n"})
    project.write({"staged.txt": "staged\n", "ünïcødé.rs": "// ä\n", "new/tab\tname": "t\n"})
    project.git("add", "staged.txt")
    (project.root / "gone.txt").unlink()
    (project.root / "link").symlink_to("a.txt")
    (project.root / "dangling").symlink_to("nowhere")
    (project.root / "script.sh").write_text("#!/bin/sh\n")
    (project.root / "script.sh").chmod(0o755)
    (project.root / os.fsdecode(b"latin-\xe9.txt")).write_text("l")


def test_the_facts(repo: Any) -> None:
    git = Git(repo.root)
    assert git.present
    assert git.commit("HEAD") == repo.git("rev-parse", "HEAD")
    assert git.commit("HEAD~1") == repo.git("rev-parse", "HEAD~1")
    assert git.commit("nope") is None
    assert git.commit("HEAD^{tree}") is None
    tree = look(git).summary
    assert (tree.branch, tree.dirty) == ("main", False)
    repo.git("checkout", "--quiet", "--detach")
    assert look(Git(repo.root)).summary.branch == ""


@pytest.mark.parametrize("ref", ["--help", "-x", "", "main..HEAD", "@{nope}", "HEAD\n", "\udcff"])
def test_a_reference_that_is_none(repo: Any, ref: str) -> None:
    assert Git(repo.root).commit(ref) is None


@pytest.mark.parametrize("ref", ["HEAD~1", "HEAD", None])
def test_a_checkout_leaves_no_trace(repo: Any, ref: str | None) -> None:
    dirty(repo)
    status = repo.git("status", "--porcelain")
    before = listing(repo.root)
    Git(repo.root).checkout(ref, scratch(repo))
    _ = look(Git(repo.root)).summary
    _ = Git(repo.root).files
    assert listing(repo.root) == before
    assert repo.git("status", "--porcelain") == status
    assert "worktree" not in repo.git("worktree", "list", "--porcelain").partition("\n\n")[2]


def test_a_checkout_of_a_revision(repo: Any) -> None:
    dirty(repo)
    tree = Git(repo.root).checkout("HEAD~1", scratch(repo))
    assert files(tree) == {
        ".gitignore": "ignored\n/target\n",
        "Cargo.toml": "[workspace]\nmembers = []\n",
        "a.txt": "one\n",
        "old.txt": "old\n",
    }
    assert look(Git(tree)).summary.commit == repo.git("rev-parse", "HEAD~1")
    assert not look(Git(tree)).summary.dirty


def test_a_checkout_of_the_working_tree(repo: Any) -> None:
    dirty(repo)
    tree = Git(repo.root).checkout(None, scratch(repo))
    found = files(tree)
    assert found == {
        ".gitignore": "ignored\n/target\n",
        "Cargo.toml": "[workspace]\nmembers = []\n",
        "a.txt": "three\n",
        "src/lib.rs": "fn a() {}\n",
        "new/file with space.txt": "new\n",
        "new/tab\tname": "t\n",
        "staged.txt": "staged\n",
        "ünïcødé.rs": "// ä\n",
        "link": "a.txt",
        "dangling": "nowhere",
        "script.sh": "#!/bin/sh\n",
        os.fsdecode(b"latin-\xe9.txt"): "l",
    }
    assert (tree / "script.sh").stat().st_mode & 0o111


def test_two_checkouts_do_not_meet(repo: Any) -> None:
    git = Git(repo.root)
    one, two = git.checkout("HEAD", scratch(repo)), git.checkout("HEAD", scratch(repo))
    assert one != two
    (one / "a.txt").write_text("changed")
    assert (two / "a.txt").read_text() == "two\n"
    assert (repo.root / "a.txt").read_text() == "two\n"


@pytest.mark.parametrize("case", ["file to folder", "folder to file", "folder to symlink"])
def test_a_file_that_became_a_folder(repo: Any, case: str) -> None:
    root = repo.root
    if case == "file to folder":
        (root / "a.txt").unlink()
        repo.write({"a.txt/inside": "x\n"})
    else:
        (root / "src/lib.rs").unlink()
        (root / "src").rmdir()
        if case == "folder to file":
            repo.write({"src": "x\n"})
        else:
            (root / "src").symlink_to("a.txt")
    tree = Git(root).checkout(None, scratch(repo))
    expected = files(root)
    assert files(tree) == expected


def test_a_revision_that_is_not_there(repo: Any) -> None:
    with pytest.raises(CannotMeasure) as caught:
        Git(repo.root).checkout("nope", scratch(repo))
    assert caught.value.reason is Reason.BASELINE_MISSING
    assert caught.value.message == "git knows no revision 'nope'"


def test_no_repository(project: Any) -> None:
    project.write({"a.txt": "x", "target/debug/x": "x", ".hidden/y": "x", "b/c.rs": "x"})
    git = Git(project.root)
    assert not git.present
    assert look(git).summary.commit == ""
    assert git.files == ("Cargo.toml", "a.txt", "b/c.rs")
    tree = git.checkout(None, scratch(project))
    assert sorted(files(tree)) == ["Cargo.toml", "a.txt", "b/c.rs"]
    with pytest.raises(CannotMeasure) as caught:
        git.checkout("HEAD", scratch(project))
    assert caught.value.reason is Reason.BASELINE_MISSING


def test_git_is_not_installed(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit()
    monkeypatch.setenv("PATH", "/nonexistent")
    git = Git(project.root)
    assert not git.present
    assert git.files == ("Cargo.toml",)


def test_no_commits(project: Any) -> None:
    project.git("init", "--quiet", "--initial-branch=main")
    project.write({"a.txt": "x"})
    git = Git(project.root)
    tree = look(git).summary
    assert (tree.commit, tree.branch, tree.dirty) == ("", "main", True)
    assert files(git.checkout(None, scratch(project)))["a.txt"] == "x"
    with pytest.raises(CannotMeasure):
        git.checkout("HEAD", scratch(project))


def test_a_workspace_below_the_top(repo: Any) -> None:
    root = repo.root / "rust/ws"
    repo.write({"rust/ws/Cargo.toml": "[workspace]\n", "rust/ws/x.rs": "x\n"})
    repo.commit("third")
    repo.write({"rust/ws/y.rs": "y\n", "outside.txt": "o\n"})
    (root / "x.rs").unlink()
    git = Git(root)
    tree = git.checkout(None, scratch(repo))
    assert tree.parts[-2:] == ("rust", "ws")
    assert files(tree) == {"Cargo.toml": "[workspace]\n", "y.rs": "y\n"}
    assert sorted(files(git.checkout("HEAD", scratch(repo)))) == ["Cargo.toml", "x.rs"]
    assert "outside.txt" not in git.files


def test_changes_outside_the_workspace_do_not_count(repo: Any) -> None:
    root = repo.root / "ws"
    repo.write({"ws/Cargo.toml": "[workspace]\n"})
    repo.commit("third")
    before = look(Git(root)).summary
    repo.write({"a.txt": "changed\n"})
    assert look(Git(root)).summary.dirty is False
    assert look(Git(root)).summary.digest == before.digest


def test_files(repo: Any) -> None:
    dirty(repo)
    repo.write({"target/debug/x": "x", ".gaterun/runs/x": "x"})
    found = Git(repo.root).files
    assert found == tuple(sorted(found))
    assert "new/file with space.txt" in found
    assert "ünïcødé.rs" in found
    assert os.fsdecode(b"latin-\xe9.txt") in found
    assert not {"ignored", "target/debug/x", ".gaterun/runs/x"} & set(found)


def test_what_was_deleted_is_no_file(repo: Any) -> None:
    (repo.root / "gone.txt").unlink()
    assert "gone.txt" not in Git(repo.root).files


def submodule(project: Any) -> None:
    other = project.root.parent / "other"
    other.mkdir()
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "x"],
    ):  # fmt: skip
        subprocess.run(["git", *arguments], cwd=other, check=True)
    (other / "lib.rs").write_text("x\n")
    subprocess.run(["git", "add", "lib.rs"], cwd=other, check=True)
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "y"],
        cwd=other,
        check=True,
    )
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub"
    )
    project.commit("with a submodule")


def test_a_submodule_does_not_break_anything(repo: Any) -> None:
    submodule(repo)
    before = listing(repo.root)
    git = Git(repo.root)
    assert not look(git).summary.dirty
    for ref in ("HEAD", None):
        tree = git.checkout(ref, scratch(repo))
        assert (tree / "a.txt").exists()
    assert listing(repo.root) == before


def test_a_submodule_is_not_a_file(repo: Any) -> None:
    submodule(repo)
    assert all((repo.root / name).is_file() for name in Git(repo.root).files)


@pytest.mark.parametrize("ref", ["HEAD", None])
def test_a_checkout_has_its_submodules(repo: Any, ref: str | None) -> None:
    submodule(repo)
    assert (Git(repo.root).checkout(ref, scratch(repo)) / "sub/lib.rs").read_text() == "x\n"


def test_a_shallow_clone(repo: Any) -> None:
    shallow = repo.root.parent / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{repo.root}", str(shallow)], check=True
    )
    (shallow / "new.txt").write_text("n\n")
    before = listing(shallow)
    git = Git(shallow)
    assert (git.checkout("HEAD", scratch(repo)) / "a.txt").read_text() == "two\n"
    assert (git.checkout(None, scratch(repo)) / "new.txt").read_text() == "n\n"
    with pytest.raises(CannotMeasure) as caught:
        git.checkout("HEAD~1", scratch(repo))
    assert "shallow" in caught.value.help
    assert listing(shallow) == before


def test_a_linked_worktree(repo: Any) -> None:
    linked = repo.root.parent / "linked"
    repo.git("worktree", "add", "--quiet", "-b", "other", str(linked))
    (linked / "a.txt").write_text("linked\n")
    before = listing(repo.root / ".git")
    git = Git(linked)
    assert look(git).summary.branch == "other"
    assert (git.checkout(None, scratch(repo)) / "a.txt").read_text() == "linked\n"
    assert (git.checkout("HEAD~1", scratch(repo)) / "a.txt").read_text() == "one\n"
    assert listing(repo.root / ".git") == before


def test_hooks_do_not_run(repo: Any) -> None:
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = repo.root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {repo.root}/hook-ran\n")
        hook.chmod(0o755)
    Git(repo.root).checkout("HEAD~1", scratch(repo))
    _ = look(Git(repo.root)).summary
    assert not (repo.root / "hook-ran").exists()


def test_hooks_of_a_template_do_not_run(repo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    template = repo.root.parent / "template/hooks"
    template.mkdir(parents=True)
    (template / "post-checkout").write_text(f"#!/bin/sh\ntouch {repo.root}/hook-ran\n")
    (template / "post-checkout").chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template.parent))
    Git(repo.root).checkout("HEAD~1", scratch(repo))
    assert not (repo.root / "hook-ran").exists()


def test_hooks_of_the_users_configuration_do_not_run(
    repo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = repo.root.parent / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {repo.root}/hook-ran\n")
    (hooks / "post-checkout").chmod(0o755)
    (hooks / "config").write_text(f"[core]\nhooksPath = {hooks}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(hooks / "config"))
    Git(repo.root).checkout("HEAD~1", scratch(repo))
    assert not (repo.root / "hook-ran").exists()


def test_variables_of_a_git_hook_do_not_lead_astray(
    repo: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """gaterun started by a pre-commit hook of another repository."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    head = (repo.root / ".git/refs/heads/main").read_text().strip()
    assert Git(repo.root).commit("HEAD") == head


# --- the digest ------------------------------------------------------------------------------


def digest(project: Any) -> str:
    return look(Git(project.root)).summary.digest


def test_the_digest_changes_with_every_kind_of_change(repo: Any) -> None:
    seen = [digest(repo)]
    repo.write({"a.txt": "three\n"})
    seen.append(digest(repo))
    repo.write({"a.txt": "four\n"})
    seen.append(digest(repo))
    repo.write({"new": "x"})
    seen.append(digest(repo))
    repo.write({"new": "y"})
    seen.append(digest(repo))
    (repo.root / "gone.txt").unlink()
    seen.append(digest(repo))
    assert len(set(seen)) == len(seen)


def test_the_digest_is_of_the_content(repo: Any) -> None:
    clean = digest(repo)
    repo.write({"a.txt": "three\n"})
    repo.write({"a.txt": "two\n"})
    assert digest(repo) == clean
    repo.write({"ignored": "x", ".gaterun/.gitignore": "*\n", ".gaterun/x": "x"})
    assert digest(repo) == clean


def test_the_digest_knows_where_symlinks_point(repo: Any) -> None:
    link = repo.root / "link"
    link.symlink_to("a.txt")
    first = digest(repo)
    link.unlink()
    link.symlink_to("gone.txt")
    assert digest(repo) != first


def test_the_digest_knows_the_executable_bit(repo: Any) -> None:
    repo.write({"new.sh": "#!/bin/sh\n"})
    first = digest(repo)
    (repo.root / "new.sh").chmod(0o755)
    assert digest(repo) != first


def test_the_digest_knows_what_is_in_a_submodule(repo: Any) -> None:
    submodule(repo)
    (repo.root / "sub/lib.rs").write_text("one\n")
    first = digest(repo)
    (repo.root / "sub/lib.rs").write_text("two\n")
    assert digest(repo) != first
