from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaterun
from gaterun_gates.parsers.cargo_lock import find_drift, read_lock
from gaterun_gates.parsers.cargo_manifest import read_manifest
from gaterun_gates.parsers.cargo_requirement import satisfies
from gaterun_gates.parsers.toml_line import line_of


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


# --- requirements -----------------------------------------------------------------------------

_YES = [
    ("1.2.3", "1"), ("1.2.3", "1.2"), ("1.9.9", "1.2.3"), ("2.0.0", "2.0"), ("0.2.9", "0.2.3"),
    ("0.0.3", "0.0.3"), ("0.0.9", "0.0"), ("0.9.0", "0"), ("1.2.9", "~1.2.3"), ("1.2.0", "~1.2"),
    ("1.9.0", "~1"), ("1.2.3", "=1.2.3"), ("1.2.9", "=1.2"), ("1.2.3", "*"), ("1.2.3", "1.*"),
    ("1.2.3", "1.2.*"), ("1.2.3", ">=1.2.3"), ("1.2.4", ">1.2.3"), ("1.3.0", ">1.2"),
    ("1.2.3", "<=1.2.3"), ("1.2.9", "<=1.2"), ("1.1.9", "<1.2"), ("1.5.0", ">=1.2, <2"),
    ("2.0.0-rc.1", "2.0.0-rc.1"), ("2.0.0-rc.2", "2.0.0-rc.1"), ("2.0.0", "2.0.0-rc.1"),
    ("2.0.0-rc.1", ">=2.0.0-alpha"), ("1.2.3+build", "=1.2.3"), ("1.2.3", " ^ 1.2 "),
]  # fmt: skip
_NO = [
    ("2.0.0", "1.9"), ("2.0.0", "1"), ("1.1.9", "1.2"), ("0.3.0", "0.2.3"), ("0.0.4", "0.0.3"),
    ("1.0.0", "0"), ("0.1.0", "0.0"), ("1.3.0", "~1.2.3"), ("1.2.2", "~1.2.3"), ("1.2.4", "=1.2.3"),
    ("1.3.0", "=1.2"), ("1.2.9", ">1.2"), ("1.2.0", "<1.2"), ("2.0.0", ">=1.2, <2"),
    ("2.0.0-rc.1", "2"), ("2.0.0-rc.1", "*"), ("2.0.1-rc.1", "2.0.0-rc.1"),
    ("2.0.0-alpha", "2.0.0-rc.1"), ("2.0.0-rc.1", ">=1"), ("2.0.0-rc.1", "<2.0.0"),
    ("1.3.0", "1.2.*"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "requirement"), _YES)
def test_requirements_that_hold(version: str, requirement: str) -> None:
    assert satisfies(version, requirement)


@pytest.mark.parametrize(("version", "requirement"), _NO)
def test_requirements_that_do_not(version: str, requirement: str) -> None:
    assert not satisfies(version, requirement)


@pytest.mark.parametrize("requirement", ["", "x.y", "1.2.3.4", "latest", "1,,2", "1-rc.1", "v1"])
def test_what_is_no_requirement(requirement: str) -> None:
    with pytest.raises(ValueError, match="requirement"):
        satisfies("1.0.0", requirement)


@given(st.tuples(*[st.integers(0, 20)] * 3), st.tuples(*[st.integers(0, 20)] * 3))
def test_operators_agree_with_each_other(
    one: tuple[int, int, int], two: tuple[int, int, int]
) -> None:
    version, other = (".".join(map(str, numbers)) for numbers in (one, two))

    assert satisfies(version, f"={other}") == (one == two)
    assert satisfies(version, f">={other}") != satisfies(version, f"<{other}")
    assert satisfies(version, f">{other}") != satisfies(version, f"<={other}")
    if satisfies(version, f"~{other}"):
        assert satisfies(version, f">={other}")
    if satisfies(version, other):
        assert satisfies(version, f">={other}, <{two[0] + 1}")


@pytest.mark.cargo
def test_cargo_agrees(tmp_path: Path) -> None:
    """Each requirement as the path dependency of a crate: cargo resolves it or does not."""
    cases = [*_YES[::4], *_NO[::4]]
    for index, (version, requirement) in enumerate(cases):
        root = tmp_path / str(index)
        _write(
            root,
            {
                "Cargo.toml": '[package]\nname = "a"\nversion = "0.1.0"\n[workspace]\n'
                f'[dependencies]\nb = {{ path = "b", version = "{requirement.strip()}" }}\n',
                "b/Cargo.toml": f'[package]\nname = "b"\nversion = "{version}"\n',
                "src/lib.rs": "",
                "b/src/lib.rs": "",
            },
        )
        done = subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--offline"],
            cwd=root,
            capture_output=True,
            check=False,
        )
        assert (done.returncode == 0) == satisfies(version, requirement), (version, requirement)


# --- manifests and lock files -----------------------------------------------------------------

MANIFEST = """\
# comment
package.name = "demo"

[workspace]
package = { version = "2.0.0", edition = "2021" }

[workspace.dependencies]
core = { path = "core", version = "1.9" }

[dependencies]
util = "2"
"a-b" = { package = "core", version = '^2', path = "core" }

[dependencies.long]
features = ["version"]
version = "3"

[target.'cfg(unix)'.dev-dependencies]
unix = { git = "https://example.org/unix", version = "4" }
"""


def test_requirements_of_a_manifest_with_lines() -> None:
    manifest = read_manifest(MANIFEST)

    assert (manifest.name, manifest.workspace_version, manifest.workspace_line) == (
        "demo",
        "2.0.0",
        5,
    )
    found = {(r.package, r.text, manifest.line_of(r), r.local, r.renamed, r.foreign)
             for r in manifest.requirements}  # fmt: skip
    assert found == {
        ("core", "1.9", 8, True, False, False),
        ("util", "2", 11, False, False, False),
        ("core", "^2", 12, True, True, False),
        ("long", "3", 16, False, False, False),
        ("unix", "4", 19, False, False, True),
    }


@pytest.mark.parametrize(
    ("text", "version", "inherited", "line"),
    [
        ('[package]\nname = "a"\nversion = "1.0.0"\n', "1.0.0", False, 3),
        ('[package]\nname = "a"\nversion.workspace = true\n', "", True, 3),
        ('[package]\nversion = { workspace = true }\nname = "a"\n', "", True, 2),
        ('[package]\nname = "a"\n', "", False, 1),
        ('[package]\ndescription = """\nversion = "0"\n"""\nversion = "1.0.0"\n', "1.0.0", False, 5),
        ('[package.metadata]\nversion = "9"\n[package]\nversion = "1.0.0"\n', "1.0.0", False, 4),
        # TOML 1.1, which cargo reads and tomllib does not: an inline table over several lines.
        ('[package]\nversion = "1.0.0"\n[dependencies]\na = {\n  path = "a",\n}\n',
         "1.0.0", False, 2),
    ],
)  # fmt: skip
def test_version_of_a_manifest(text: str, version: str, *, inherited: bool, line: int) -> None:
    manifest = read_manifest(text)

    assert (manifest.version, manifest.inherited, manifest.line) == (version, inherited, line)


def test_line_of_a_key_in_a_table_over_several_lines() -> None:
    text = '[dependencies]\na = { # version = "0"\n  path = "a",\n  version = "1",\n}\n'

    assert line_of(text, "dependencies", "a", "version") == 4
    assert line_of(text, "dependencies", "a") == 2
    assert line_of(text, "nothing") == 0


@pytest.mark.parametrize("text", ["[", "a = ", "\0", "[[package]]\n[package]\n"])
def test_what_is_no_manifest(text: str) -> None:
    with pytest.raises(ValueError, match="TOML"):
        read_manifest(text)


LOCK = """\
version = 4

[[package]]
name = "a"
version = "1.0.0"
dependencies = [
 "b",
 "dep 0.2.0",
]

[[package]]
name = "b"
version = "1.0.0"

[[package]]
name = "dep"
version = "0.1.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "dep"
version = "0.2.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"""


def _package(name: str, version: str, **needs: str) -> gaterun.Package:
    return gaterun.Package(
        id=name,
        name=name,
        version=version,
        manifest_path=Path(f"/{name}/Cargo.toml"),
        dependencies=tuple(gaterun.Dependency(name=key, req=req) for key, req in needs.items()),
    )


@pytest.mark.parametrize(
    ("packages", "drift"),
    [
        ([_package("a", "1.0.0", b="^1", dep="^0.2"), _package("b", "1.0.0")], []),
        ([_package("b", "2.0.0")], [("b", 13, "version 1.0.0")]),
        ([_package("a", "1.0.0", dep="^0.1")], [("a", 3, "dep 0.2.0")]),
        ([_package("a", "1.0.0", new="1")], [("a", 3, "no dependency new")]),
        ([_package("dep", "0.2.0")], [("dep", 1, "no entry")]),
    ],
)
def test_drift_of_a_lock_file(
    packages: list[gaterun.Package], drift: list[tuple[str, int, str]]
) -> None:
    found = find_drift(read_lock(LOCK), packages)

    assert [(item.package, item.line, item.found) for item in found] == drift


def test_a_git_dependency_without_a_version_may_be_a_pre_release() -> None:
    lock = LOCK.replace('version = "0.2.0"', 'version = "0.2.0-rc.1"').replace(
        '"dep 0.2.0"', '"dep 0.2.0-rc.1"'
    )

    def drift(req: str) -> list[str]:
        found = find_drift(read_lock(lock), [_package("a", "1.0.0", dep=req)])
        return [item.found for item in found]

    assert (drift("*"), drift("^0.2")) == ([], ["dep 0.2.0-rc.1"])


def test_conflicts_in_a_lock_file_are_told() -> None:
    with pytest.raises(ValueError, match="TOML"):
        read_lock("<<<<<<< HEAD\n" + LOCK)
