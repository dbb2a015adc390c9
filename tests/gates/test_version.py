from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gaterun_gates.parsers.cargo_lock import find_drift, read_lock
from gaterun_gates.parsers.cargo_manifest import read_manifest
from gaterun_gates.parsers.cargo_requirement import satisfies
from gaterun_gates.parsers.toml_line import line_of
from gaterun_gates.version import GATE, Place, VersionOptions
from hypothesis import given
from hypothesis import strategies as st

import gaterun
from gaterun.testing import measure_gate

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


def test_conflicts_in_a_lock_file_are_told() -> None:
    with pytest.raises(ValueError, match="TOML"):
        read_lock("<<<<<<< HEAD\n" + LOCK)


# --- the gate ---------------------------------------------------------------------------------

GOOD = {
    "Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["a", "b"]\n'
    '[workspace.package]\nversion = "2.0.0"\n'
    '[workspace.dependencies]\nb = { path = "b", version = "2" }\n',
    "a/Cargo.toml": '[package]\nname = "a"\nversion.workspace = true\n'
    "[dependencies]\nb.workspace = true\n",
    "b/Cargo.toml": '[package]\nname = "b"\nversion = "2.0.0"\n',
    "a/src/lib.rs": "",
    "b/src/lib.rs": "",
}


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def _commit(root: Path, files: Mapping[str, str]) -> str:
    _write(root, files)
    if not (root / ".git").is_dir():
        _git(root, "init", "-q")
    _git(root, "add", "-A")
    _git(root, "commit", "-q", "-m", "x")
    return _git(root, "rev-parse", "HEAD")


def _value(measurement: gaterun.Measurement, name: str) -> object:
    value = measurement.metrics[name]
    return value.value if isinstance(value, gaterun.Measured) else value


def _measure(
    root: Path, files: Mapping[str, str], base: str | None = None, **options: Any
) -> gaterun.Measurement:
    _write(root, {**GOOD, **files})
    return measure_gate(GATE, root, base=base, options=options)


def _found(measurement: gaterun.Measurement) -> set[tuple[str, str]]:
    return {(finding.rule, finding.place) for finding in measurement.findings}


pytestmark = pytest.mark.cargo


def test_all_the_same(tmp_path: Path) -> None:
    measurement = _measure(tmp_path, {}, equals="2.0.0")

    assert {name: _value(measurement, name) for name in measurement.metrics} == {
        "members": 2,
        "mismatches": 0,
        "req_mismatches": 0,
        "lock_drift": 0,
        "stale_mentions": None,
        "orphans": 0,
        "places": 0,
    }
    assert "there is no Cargo.lock, so it disagrees with nothing" in measurement.notes


def test_findings_say_found_and_expected_and_where(tmp_path: Path) -> None:
    measurement = _measure(
        tmp_path, {"b/Cargo.toml": '[package]\nname = "b"\nversion = "1.9.0"\n'}, equals="2.0.0"
    )

    member = next(finding for finding in measurement.findings if finding.rule == "member")
    assert member.place == "b/Cargo.toml:3"
    assert member.message == "b is 1.9.0, expected 2.0.0"
    assert ("requirement", "Cargo.toml:7") in _found(measurement)


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        ({"b/Cargo.toml": '[package]\nname = "b"\n'}, {}, {("member", "b/Cargo.toml:1"),
                                                          ("requirement", "Cargo.toml:7")}),
        ({"b/Cargo.toml": '[package]\nname = "b"\nversion = "2.1.0"\npublish = []\n'},
         {"publishable_only": True}, set()),
        ({"b/Cargo.toml": '[package]\nname = "b"\nversion = "2.1.0"\npublish = ["x"]\n'},
         {"publishable_only": True}, {("member", "b/Cargo.toml:3")}),
        ({"b/Cargo.toml": '[package]\nname = "b"\nversion = "2.1.0"\n'},
         {"independent": True}, set()),
        ({"b/Cargo.toml": '[package]\nname = "b"\nversion = "2.0.0+build"\n'},
         {}, {("member", "b/Cargo.toml:3")}),
        ({"x/Cargo.toml": '[workspace]\n[package]\nname = "x"\nversion = "1.0.0"\n'},
         {}, {("orphan", "x/Cargo.toml:4")}),
        ({"x/Cargo.toml": '[workspace.package]\nversion = "1.0.0"\n[package]\nname = "x"\n'
          "version.workspace = true\n"}, {"outside": True}, {("outsider", "x/Cargo.toml:5")}),
        ({"vendor/x/Cargo.toml": '[package]\nname = "x"\nversion = "1.0.0"\n'}, {}, set()),
        ({"README.md": 'a = "1.9"\nb = "2"\n'}, {}, {("install", "README.md:1")}),
        ({"README.md": 'a = "1.9"\n'}, {"undetected": ["install"]}, set()),
        ({"README.md": 'a = "1.9"\n'}, {"undetected": ["all"]}, set()),
        ({"docs/x.md": 'a = "1.9"\n'}, {"ignore": ["docs/**"]}, set()),
        ({"b/src/lib.rs": '#![doc(html_root_url = "https://docs.rs/b/1.9.0")]\n'},
         {}, {("html_root_url", "b/src/lib.rs:1")}),
        ({"CHANGELOG.md": "# C\n\n## [1.9.0] - 2024-01-01\n"}, {}, {("changelog", "CHANGELOG.md:3")}),
        ({"www/CHANGELOG.md": "# C\n\n## [1.9.0] - 2024-01-01\n"}, {}, set()),
        ({"package.json": "{"}, {}, set()),
    ],
)  # fmt: skip
def test_what_differs(
    tmp_path: Path, files: dict[str, str], options: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    assert _found(_measure(tmp_path, files, **options)) == expected


def test_version_inherited_by_nobody_is_a_place_like_others(tmp_path: Path) -> None:
    files = {
        "Cargo.toml": GOOD["Cargo.toml"].replace('version = "2.0.0"', 'version = "1.9.0"'),
        "a/Cargo.toml": '[package]\nname = "a"\nversion = "2.0.0"\n',
    }

    measurement = _measure(tmp_path, files)

    assert _found(measurement) == {("workspace", "Cargo.toml:5")}
    assert "expected version: 2.0.0" in measurement.notes


def test_changelog_of_a_pre_release_may_be_behind(tmp_path: Path) -> None:
    files = {name: text.replace('"2.0.0"', '"2.0.0-rc.1"') for name, text in GOOD.items()}
    files["Cargo.toml"] = files["Cargo.toml"].replace('version = "2" }', 'version = "2.0.0-rc.1" }')
    files["CHANGELOG.md"] = "# C\n\n## [1.9.0] - 2024-01-01\n"

    assert _found(_measure(tmp_path, files)) == set()


@pytest.mark.parametrize(
    ("place", "count", "mismatches"),
    [
        ({"search": "at v{version}!"}, 2, 1),
        ({"search": "at v{version}!", "exactly": 2}, 2, 1),
        ({"search": "at v{version}!", "exactly": 1}, 2, 2),
        ({"search": "gone {version}"}, 0, 1),
        ({"search": "gone {version}", "min": 0}, 0, 0),
        ({"search": "at v{version}!", "file": "*.txt"}, 2, 1),
        ({"search": "at v{version}!", "file": "gone.txt"}, 0, 1),
    ],
)
def test_declared_places(
    tmp_path: Path, place: dict[str, Any], count: int, mismatches: int
) -> None:
    files = {"x.txt": "at v2.0.0!\nat v1.9.0!\nhttps://semver.org/spec/v2.0.0.html\n"}

    measurement = _measure(tmp_path, files, places=[{"file": "x.txt", **place}])

    assert (_value(measurement, "places"), _value(measurement, "mismatches")) == (count, mismatches)


def test_lock_drift_by_cargo_itself(tmp_path: Path) -> None:
    _write(tmp_path, GOOD)
    subprocess.run(["cargo", "metadata", "--format-version", "1", "--offline"], cwd=tmp_path,
                   check=True, capture_output=True)  # fmt: skip
    lock = (tmp_path / "Cargo.lock").read_text("utf-8")
    assert _value(_measure(tmp_path, {}), "lock_drift") == 0

    drifted = _measure(tmp_path, {"Cargo.lock": lock.replace('"2.0.0"', '"1.9.0"')})
    assert _value(drifted, "lock_drift") == 2
    assert _found(drifted) == {("lock", "Cargo.lock:7"), ("lock", "Cargo.lock:14")}
    assert '"1.9.0"' in (tmp_path / "Cargo.lock").read_text("utf-8"), "measuring changed it"

    # What only cargo sees: the lock file has a dependency that the manifest has no more.
    lonely = GOOD["a/Cargo.toml"].replace("b.workspace = true\n", "")
    unused = _measure(tmp_path, {"Cargo.lock": lock, "a/Cargo.toml": lonely})
    assert _value(unused, "lock_drift") == 1

    broken = _measure(tmp_path, {"Cargo.lock": "<<<<<<<\n" + lock})
    assert _value(broken, "lock_drift") is None


def test_lock_is_compared_directly_where_the_registry_is_not_at_hand(tmp_path: Path) -> None:
    source = 'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
    lock = (
        'version = 4\n\n[[package]]\nname = "a"\nversion = "2.0.0"\ndependencies = [\n "b",\n]\n\n'
        '[[package]]\nname = "b"\nversion = "2.0.0"\ndependencies = [\n "gaterun-none",\n]\n\n'
        f'[[package]]\nname = "gaterun-none"\nversion = "1.0.0"\n{source}'
    )
    manifest = f'{GOOD["b/Cargo.toml"]}[dependencies]\ngaterun-none = "1"\n'
    files = {"b/Cargo.toml": manifest, "Cargo.lock": lock}

    same = _measure(tmp_path, files)
    assert _value(same, "lock_drift") == 0
    assert any("not on this machine" in note for note in same.notes)

    drifted = _measure(tmp_path, {**files, "Cargo.lock": lock.replace('"2.0.0"', '"1.9.0"')})
    assert _value(drifted, "lock_drift") == 2


def test_removing_the_lock_file_is_drift(tmp_path: Path) -> None:
    base = _commit(tmp_path, {**GOOD, "Cargo.lock": "version = 4\n"})
    (tmp_path / "Cargo.lock").unlink()

    assert _value(_measure(tmp_path, {}, base=base), "lock_drift") == 1


def test_a_missing_wrapper_does_not_hide_the_drift(tmp_path: Path) -> None:
    files = {
        ".cargo/config.toml": '[build]\nrustc-wrapper = "gaterun-no-such-wrapper"\n',
        "Cargo.lock": 'version = 4\n\n[[package]]\nname = "b"\nversion = "1.9.0"\n',
    }

    assert _value(_measure(tmp_path, files), "lock_drift") == 2


def test_stale_mentions_of_the_version_at_the_base(tmp_path: Path) -> None:
    old = {name: text.replace("2.0.0", "1.9.0").replace('"2"', '"1.9"')
           for name, text in GOOD.items()}  # fmt: skip
    base = _commit(tmp_path, old)
    files = {
        "docs/guide.md": "About 1.9.0.\n",
        "docs/upgrading.md": "From 1.9.0.\n",
        "CHANGELOG.md": "# C\n\n## [2.0.0] - 2024-02-01\n\n## [1.9.0] - 2024-01-01\n",
        "deploy.yaml": "serde: 11.9.0\nimage: demo:1.9.0\n",
        "logo.bin": "\0 1.9.0",
    }

    measurement = _measure(tmp_path, files, base=base)

    assert _found(measurement) == {
        ("stale-mention", "docs/guide.md:1"),
        ("stale-mention", "deploy.yaml:2"),
    }
    assert _value(measurement, "stale_mentions") == 2


def test_nothing_is_stale_where_no_version_changed(tmp_path: Path) -> None:
    base = _commit(tmp_path, GOOD)

    measurement = _measure(tmp_path, {"x.md": "2.0.0"}, base=base)

    assert _value(measurement, "stale_mentions") == 0
    assert "no version has changed since the base" in measurement.notes


def test_manifest_with_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    _write(tmp_path, GOOD)
    text = '[package]\nname = "b"\nversion = "1.9.0"\n'.replace("\n", "\r\n")
    (tmp_path / "b/Cargo.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())

    measurement = measure_gate(GATE, tmp_path, options={"equals": "2.0.0"})

    assert ("member", "b/Cargo.toml:3") in _found(measurement)


def test_renamed_older_release_of_a_member_is_meant(tmp_path: Path) -> None:
    manifest = (
        f'{GOOD["b/Cargo.toml"]}[dev-dependencies]\nold = {{ package = "a", version = "1" }}\n'
    )

    assert _value(_measure(tmp_path, {"b/Cargo.toml": manifest}), "req_mismatches") == 0


def test_nothing_left_to_compare_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure) as error:
        _measure(tmp_path, {}, exclude=["a", "b"])

    assert error.value.reason is gaterun.Reason.NO_INPUT


def test_unknown_name_in_exclude_is_told(tmp_path: Path) -> None:
    assert "exclude: there is no member 'c'" in _measure(tmp_path, {}, exclude=["c"]).notes


@pytest.mark.parametrize(
    "options",
    [
        {"equals": "2.0"},
        {"equals": "v2.0.0"},
        {"undetected": ("badges",)},
        {"equals": "2.0.0", "independent": True},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"equals|undetected"):
        VersionOptions(**options)
    with pytest.raises(ValueError, match="version"):
        Place(file="x", search="1.0.0")
