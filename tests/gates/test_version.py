from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.model.errors import UsageError
from gaterun.testing import measure_gate
from gaterun_gates.version import GATE, Place, VersionOptions

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
        "tag_state": None,
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


def test_an_unknown_key_of_a_declared_place_is_refused(tmp_path: Path) -> None:
    place = {"file": "x.txt", "search": "at v{version}!", "exactyl": 2}

    with pytest.raises(UsageError, match="exactyl"):
        _measure(tmp_path, {"x.txt": "at v2.0.0!\n"}, places=[place])


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


def test_init_takes_versions_for_independent_only_where_they_differ(tmp_path: Path) -> None:
    _write(tmp_path, GOOD)
    same = measure_gate(GATE, tmp_path)
    assert _value(same, "mismatches") == 0
    assert GATE.proposes(same) == {}
    _write(tmp_path, {"b/Cargo.toml": '[package]\nname = "b"\nversion = "2.1.0"\n'})
    differing = measure_gate(GATE, tmp_path)
    assert _value(differing, "mismatches") == 1
    assert GATE.proposes(differing) == {"independent": True}
