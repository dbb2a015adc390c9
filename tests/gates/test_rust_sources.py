"""The index of compiled files: module trees, test code, orphans."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun_gates.rust.compiled import RustSources, index
from gaterun_gates.rust.source import Source


def sources_of(
    root: Path, files: dict[str, str | bytes], targets: dict[str, tuple[str, str]]
) -> RustSources:
    """`targets`: root file to kind and package."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    members = [
        gaterun.Package(
            id=package,
            name=package,
            version="0.1.0",
            manifest_path=root / "Cargo.toml",
            targets=tuple(
                gaterun.Target(name=path, kind=(kind,), src_path=root / path)
                for path, (kind, owner) in targets.items()
                if owner == package
            ),
        )
        for package in sorted({owner for _, owner in targets.values()})
    ]
    workspace = gaterun.Workspace(
        root=root, target_directory=root / "target", members=tuple(members)
    )
    return index(workspace, [name for name in files if name.endswith(".rs")])


LIB = {"src/lib.rs": ("lib", "app")}


def compiled(sources: RustSources) -> set[str]:
    return set(sources.files)


def test_modules_are_found_by_the_rules_of_the_reference(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {
            "src/lib.rs": "mod a;\nmod b;\npub(crate) mod outer { mod inner; }\n",
            "src/a.rs": "mod deep;",
            "src/a/deep.rs": "",
            "src/b/mod.rs": "mod side;",
            "src/b/side.rs": "",
            "src/outer/inner.rs": "",
            "src/deep.rs": "// not this one",
        },
        LIB,
    )
    assert compiled(sources) == {
        "src/lib.rs",
        "src/a.rs",
        "src/a/deep.rs",
        "src/b/mod.rs",
        "src/b/side.rs",
        "src/outer/inner.rs",
    }
    assert sources.orphans == ("src/deep.rs",)


def test_path_attributes_and_inclusions(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {
            "src/lib.rs": '#[path = "odd/place.rs"]\nmod placed;\n'
            '#[path = "thread"]\nmod renamed { #[path = "tls.rs"] mod local; }\n'
            'include!("more.in");\ninclude!(concat!(env!("OUT_DIR"), "/x.rs"));\n'
            '#[cfg_attr(unix, path = "u.rs")]\n#[cfg_attr(windows, path = "w.rs")]\nmod os;\n'
            '#[cfg_attr(target_os = "freebsd", path = "build_freebsd.rs")]\nmod build;\n',
            "src/odd/place.rs": "mod beside;",
            "src/odd/beside.rs": "",
            "src/thread/tls.rs": "",
            "src/more.in": "pub fn f() {}",
            "src/u.rs": "",
            "src/w.rs": "",
            "src/build_freebsd.rs": "",
            "src/build.rs": "",
        },
        LIB,
    )
    assert sources.orphans == ()
    assert compiled(sources) >= {
        *("src/odd/beside.rs", "src/thread/tls.rs", "src/more.in", "src/w.rs"),
        *("src/build.rs", "src/build_freebsd.rs"),
    }


def test_modules_inside_macros_count_and_commented_ones_do_not(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {
            "src/lib.rs": "cfg_if! { if #[cfg(unix)] { mod unix; } else { pub mod other; } }\n"
            "// pub mod gone;\n/* mod gone; /* nested */ mod gone; */\n"
            'const S: &str = "mod gone;";\nmod r#type;\n',
            "src/unix.rs": "",
            "src/other.rs": "",
            "src/gone.rs": "",
            "src/type.rs": "",
        },
        LIB,
    )
    assert sources.orphans == ("src/gone.rs",)


def test_a_file_under_cfg_test_is_for_tests_with_all_below_it(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {
            "src/lib.rs": "#[cfg(test)]\nmod tests;\n#[cfg(not(test))]\nmod real;\n"
            "#[cfg(all(test, unix))]\n#[allow(dead_code)]\nmod unix_tests;\n"
            '#[cfg(any(test, feature = "x"))]\nmod shared;\n',
            "src/tests.rs": "mod more;",
            "src/tests/more.rs": "",
            "src/real.rs": "",
            "src/unix_tests.rs": "",
            "src/shared.rs": "",
        },
        LIB,
    )
    production = {path for path, file in sources.files.items() if file.production}
    assert production == {"src/lib.rs", "src/real.rs", "src/shared.rs"}
    assert {path for path, file in sources.files.items() if file.test} == {
        "src/tests.rs",
        "src/tests/more.rs",
        "src/unix_tests.rs",
    }


def test_target_kinds_decide_and_a_shared_file_has_every_role(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {
            "src/lib.rs": "mod shared;",
            "src/shared.rs": "",
            "tests/it.rs": 'mod common;\n#[path = "../src/shared.rs"]\nmod shared;',
            "tests/common/mod.rs": "",
            "build.rs": "fn main() {}",
            "other/main.rs": '#[path = "../src/shared.rs"]\nmod shared;\nfn main() {}',
        },
        {
            **LIB,
            "tests/it.rs": ("test", "app"),
            "build.rs": ("custom-build", "app"),
            "other/main.rs": ("bin", "other"),
        },
    )
    shared = sources.files["src/shared.rs"]
    assert (shared.production, shared.test, shared.packages) == (True, True, ("app", "other"))
    common = sources.files["tests/common/mod.rs"]
    assert (common.production, common.test) == (False, True)
    assert sources.files["build.rs"].build
    assert not sources.files["build.rs"].production


def test_what_is_not_there_or_cannot_be_read_is_counted(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {
            "src/lib.rs": "mod generated; mod latin; mod broken;",
            "src/latin.rs": b'pub const S: &str = "\xe9";',
            "src/broken.rs": "fn ( { ]",
        },
        LIB,
    )
    assert sources.missing == ("src/lib.rs: generated",)
    assert sources.unreadable == ("src/latin.rs",)
    assert sources.parse_errors(sources.files.values()) == ["src/broken.rs"]


def test_a_folder_whose_every_file_is_a_module(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {
            "pkg/tests/suite/main.rs": 'automod::dir!("tests/suite");',
            "pkg/tests/suite/bash.rs": "mod deep;",
            "pkg/tests/suite/bash/deep.rs": "",
            "pkg/tests/other.rs": "",
        },
        {"pkg/tests/suite/main.rs": ("test", "app")},
    )
    assert sources.orphans == ("pkg/tests/other.rs",)


def test_a_deleted_file_that_git_still_lists_is_no_orphan(tmp_path: Path) -> None:
    files = {"src/lib.rs": "", "src/old.rs": ""}
    assert sources_of(tmp_path, files, LIB).orphans == ("src/old.rs",)
    (tmp_path / "src/old.rs").unlink()
    files.pop("src/old.rs")
    package = gaterun.Package(
        id="app",
        name="app",
        version="0.1.0",
        manifest_path=tmp_path / "Cargo.toml",
        targets=(gaterun.Target(name="app", kind=("lib",), src_path=tmp_path / "src/lib.rs"),),
    )
    workspace = gaterun.Workspace(
        root=tmp_path, target_directory=tmp_path / "target", members=(package,)
    )
    assert index(workspace, ["src/lib.rs", "src/old.rs"]).orphans == ()


def test_modules_that_name_each_other_in_a_circle_end(tmp_path: Path) -> None:
    sources = sources_of(
        tmp_path,
        {"src/lib.rs": '#[path = "a.rs"]\nmod a;', "src/a.rs": '#[path="a.rs"] mod a;'},
        LIB,
    )
    assert compiled(sources) == {"src/lib.rs", "src/a.rs"}


@pytest.mark.parametrize(
    ("text", "is_test"),
    [
        ("#[test]\nfn t() { HERE }", True),
        ('#[tokio::test(flavor = "multi_thread")]\nasync fn t() { HERE }', True),
        ("#[rstest]\n#[case(1)]\nfn t() { HERE }", True),
        ("#[cfg(test)]\nmod tests { fn helper() { HERE } }", True),
        ('#[cfg(all(test, feature = "x"))]\nfn t() { HERE }', True),
        ("mod tests { #![cfg(test)] fn t() { HERE } }", True),
        ("proptest! { #[test] fn t(x in 0..3) { HERE } }", True),
        ("fn f() { match x { #[cfg(test)]\n A::Fake => { HERE } _ => {} } }", True),
        ("fn f() { match x { #[cfg(test)]\n A::Fake => {} _ => { HERE } } }", False),
        ("fn f() { S { #[cfg(test)]\n a: HERE, b: 1 } }", True),
        ("fn f() { S { #[cfg(test)]\n a: 1, b: HERE } }", False),
        ("fn f() { #[cfg(test)]\n g(HERE)?; }", True),
        ("#[HERE]\n#[cfg(test)]\nfn t() {}", True),
        ("#[HERE]\nfn s() {}\n#[cfg(test)]\nfn t() {}", False),
        ("#[cfg(not(test))]\nfn t() { HERE }", False),
        ("#[cfg(any(test, unix))]\nfn t() { HERE }", False),
        ("#[cfg(not(any(test, unix)))]\nfn t() { HERE }", False),
        ('#[cfg(feature = "test")]\nfn t() { HERE }', False),
        ("// #[test]\nfn t() { HERE }", False),
        ("#[cfg(test)]\nuse a::b;\nfn t() { HERE }", False),
        ("#[cfg_attr(test, derive(Debug))]\nstruct S;\nfn t() { HERE }", False),
    ],
)
def test_test_code_is_told_by_syntax(text: str, *, is_test: bool) -> None:
    source = Source("x.rs", text.encode())
    assert source.is_test_at(text.index("HERE")) is is_test


def test_an_ignored_test_is_known() -> None:
    text = '#[test]\n#[ignore = "slow"]\nfn t() { HERE }\n#[test]\nfn u() { THERE }'
    source = Source("x.rs", text.encode())
    assert source.is_ignored_at(text.index("HERE"))
    assert not source.is_ignored_at(text.index("THERE"))
