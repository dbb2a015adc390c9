"""The kept walk of module trees: whatever is done to files, it says what a new walk says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaterun
from gaterun_gates.rust import module_tree, walk_all
from gaterun_gates.rust.compiled import RustSources, index
from gaterun_gates.rust.env_scan import scan

FILES = {
    "src/lib.rs": 'mod a;\nmod b;\n#[cfg(test)]\nmod t;\nautomod::dir!("src/all");\n',
    "src/a.rs": 'fn f() { std::env::var("A"); }',
    "src/b/mod.rs": '#[cfg_attr(unix, path = "u.rs")] mod os;',
    "src/b/u.rs": 'fn f() { std::env::var("U"); }',
    "src/t.rs": "mod a;",
    "src/all/x.rs": 'fn f() { std::env::var("X"); }',
    "build.rs": '#[path = "src/a.rs"] mod a; fn main() {}',
}


def workspace(root: Path, *, named: str = "app") -> gaterun.Workspace:
    kinds = {"src/lib.rs": "lib", "build.rs": "custom-build"}
    targets = [
        gaterun.Target(name=path, kind=(kind,), src_path=root / path)
        for path, kind in kinds.items()
    ]
    member = gaterun.Package(
        id="app",
        name=named,
        version="0.1.0",
        manifest_path=root / "Cargo.toml",
        targets=tuple(targets),
    )
    return gaterun.Workspace(root=root, target_directory=root / "target", members=(member,))


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def said(sources: RustSources) -> object:
    files = [
        (f.path, f.source.oid, f.packages, f.production, f.test, f.build)
        for f in sources.files.values()
    ]
    use = scan(sources)
    return files, sources.missing, sources.unreadable, use


PATHS = (
    *FILES,
    "src/a/mod.rs",
    "src/b.rs",
    "src/t/a.rs",
    "src/b/os.rs",
    "src/all/y.rs",
    "src/n.rs",
)
TEXTS = (*FILES.values(), "mod n;", "", "// mod a;", 'include!("n.rs");', "\xff")
ACTS = st.tuples(st.sampled_from(["write", "remove", "folder"]), st.sampled_from(PATHS))


def act(root: Path, what: str, path: str, text: str) -> None:
    full = root / path
    if full.is_dir() or any(parent.is_file() for parent in full.parents):
        return
    if what == "remove":
        full.unlink(missing_ok=True)
    elif what == "write":
        write(root, {path: ""})
        full.write_bytes(text.encode("latin-1"))
    elif not full.exists():
        full.mkdir(parents=True)


@settings(max_examples=60, deadline=None)
@given(acts=st.lists(st.tuples(ACTS, st.sampled_from(TEXTS)), min_size=1, max_size=6))
def test_what_was_kept_is_never_told_from_a_new_walk(
    acts: list[tuple[tuple[str, str], str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, state = Path(folder) / "w", Path(folder) / "state"
        write(root, FILES)
        index(workspace(root), (), state)
        for (what, path), text in acts:
            act(root, what, path, text)
            kept, new = index(workspace(root), (), state), index(workspace(root), ())
            assert said(kept) == said(new)


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The roots of the module trees that are walked from now on."""
    found: list[str] = []
    walk = module_tree.walk

    def walking(root: str, *arguments: object, **options: object) -> object:
        found.append(root)
        return walk(root, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module_tree, "walk", walking)
    return found


def test_an_edit_that_declares_nothing_needs_no_walk(tmp_path: Path, walks: list[str]) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    write(root, FILES)
    before = index(workspace(root), (), state)
    walks.clear()
    assert index(workspace(root), (), state).identity == before.identity
    write(root, {"src/a.rs": 'fn f() { std::env::var("B"); }'})
    edited = index(workspace(root), (), state)
    assert walks == []
    assert edited.identity != before.identity
    assert [read.name for read in scan(edited, state=state).reads if read.path == "src/a.rs"] == [
        "B"
    ]


def test_a_new_file_where_all_of_a_folder_is_compiled_is_seen(tmp_path: Path) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    write(root, FILES)
    index(workspace(root), (), state)
    write(root, {"src/all/y.rs": ""})
    assert "src/all/y.rs" in index(workspace(root), (), state).files


def test_targets_that_differ_are_another_question(tmp_path: Path, walks: list[str]) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    write(root, FILES)
    index(workspace(root), (), state)
    walks.clear()
    assert index(workspace(root, named="other"), (), state).files["src/a.rs"].packages == ("other",)
    assert walks == ["src/lib.rs", "build.rs"]


def test_an_answer_of_another_scanner_is_not_used(
    tmp_path: Path, walks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    write(root, FILES)
    index(workspace(root), (), state)
    walks.clear()
    monkeypatch.setattr(walk_all.kept, "scanner", lambda: b"another release")
    index(workspace(root), (), state)
    assert walks
