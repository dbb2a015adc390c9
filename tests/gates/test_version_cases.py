"""The gate ``version``, edge case by edge case (VE-01 … VE-22), and what it asks of git tags."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.core.controls import commit, git
from gaterun.testing import fix_gate, measure_gate
from gaterun_gates.version import GATE, VersionOptions

pytestmark = pytest.mark.cargo

ROOT = (
    '[workspace]\nresolver = "2"\nmembers = ["a", "b"]\n'
    '[workspace.package]\nversion = "2.0.0"\n'
    '[workspace.dependencies]\nb = { path = "b", version = "2" }\n'
)
A = (
    '[package]\nname = "a"\nversion.workspace = true\nedition = "2021"\n'
    "[dependencies]\nb.workspace = true\n"
)
B = '[package]\nname = "b"\nversion = "2.0.0"\nedition = "2021"\n'
FILES = {"Cargo.toml": ROOT, "a/Cargo.toml": A, "b/Cargo.toml": B}
SINGLE = '[package]\nname = "one"\nversion = "2.0.0"\nedition = "2021"\n'
BADGE = "![v](https://img.shields.io/badge/version-{}-blue)\n"


def _with(**changed: str) -> dict[str, str]:
    """The good workspace with other manifests."""
    return {**FILES, **{f"{name}/Cargo.toml": text for name, text in changed.items()}}


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        if name.endswith("Cargo.toml") and "[package]" in text.replace("package.", "[package]"):
            (path.parent / "src").mkdir(exist_ok=True)
            if not (path.parent / "src/lib.rs").exists():
                (path.parent / "src/lib.rs").touch()


def _measure(root: Path, files: Mapping[str, str], **options: Any) -> gaterun.Measurement:
    _write(root, files)
    return measure_gate(GATE, root, options=options)


def _value(measured: gaterun.Measurement, name: str) -> object:
    value = measured.metrics[name]
    return value.value if isinstance(value, gaterun.Measured) else value


def _found(measured: gaterun.Measurement) -> list[tuple[str, str]]:
    return sorted((finding.rule, finding.place) for finding in measured.findings)


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        pytest.param(FILES, {}, [], id="VE-01-virtual-workspace"),
        pytest.param({"Cargo.toml": SINGLE}, {"equals": "2.0.1"}, [("member", "Cargo.toml:3")],
                     id="VE-01-no-virtual-workspace"),
        pytest.param(FILES, {"equals": "2.1.0"},
                     [("member", "a/Cargo.toml:3"), ("member", "b/Cargo.toml:3"),
                      ("workspace", "Cargo.toml:5")],
                     id="VE-02-inherited-and-VE-03-literal"),
        pytest.param(_with(b=B.replace("2.0.0", "2.0.1")), {}, [("member", "b/Cargo.toml:3")],
                     id="VE-03-literal-differs-from-inherited"),
        pytest.param({**_with(c=B.replace('"b"', '"c"').replace("2.0.0", "1.0.0")),
                      "Cargo.toml": ROOT.replace("[workspace.p", 'exclude = ["c"]\n[workspace.p')},
                     {}, [("orphan", "c/Cargo.toml:3")], id="VE-04-excluded-crate"),
        pytest.param({**_with(c="[workspace]\n" + SINGLE.replace("2.0.0", "1.0.0"))},
                     {}, [("orphan", "c/Cargo.toml:4")], id="VE-05-orphan-VE-13-nested"),
        pytest.param(_with(b=B.replace("2.0.0", "2.0.1") + "publish = false\n"),
                     {"publishable_only": True}, [], id="VE-06-publish-false"),
        pytest.param(_with(b=B.replace("2.0.0", "2.0.1") + "publish = []\n"),
                     {"publishable_only": True}, [], id="VE-06-publish-nowhere"),
        pytest.param(_with(b=B.replace("2.0.0", "2.0.1") + 'publish = ["mine"]\n'),
                     {"publishable_only": True}, [("member", "b/Cargo.toml:3")],
                     id="VE-06-publish-to-one"),
        pytest.param(_with(a=A.replace("b.workspace = true",
                                       'b = { path = "../b", version = "1.9" }')),
                     {}, [("requirement", "a/Cargo.toml:6")], id="VE-07-stale-path-dependency"),
        pytest.param({**FILES, "Cargo.toml": ROOT.replace('version = "2" }', 'version = "1.9" }')},
                     {}, [("requirement", "Cargo.toml:7")], id="VE-08-stale-shared-dependency"),
        pytest.param({**FILES, "Cargo.lock": 'version = 4\n\n[[package]]\nname = "b"\n'
                      'version = "1.9.0"\n'},
                     {}, [("lock", "Cargo.lock:1"), ("lock", "Cargo.lock:5")],
                     id="VE-09-lock-drift"),
        pytest.param(FILES, {}, [], id="VE-10-no-lock"),
        pytest.param(_with(b='[package]\nname = "b"\npublish = false\n', a=A.partition("[dep")[0]),
                     {"undetected": ["all"]},
                     [("member", "b/Cargo.toml:1"), ("requirement", "Cargo.toml:7")],
                     id="VE-11-no-version"),
        pytest.param(_with(b='[package]\nname = "b"\npublish = false\n', a=A.partition("[dep")[0]),
                     {"publishable_only": True},
                     [("requirement", "Cargo.toml:7")], id="VE-11-no-version-not-published"),
        pytest.param({"Cargo.toml": SINGLE.replace("2.0.0", "2.0.0-rc.1")}, {"equals": "2.0.0"},
                     [("member", "Cargo.toml:3")], id="VE-12-candidate-is-no-release"),
        pytest.param({"Cargo.toml": SINGLE.replace("2.0.0", "2.0.0+7")}, {"equals": "2.0.0"},
                     [("member", "Cargo.toml:3")], id="VE-12-build-metadata-is-told"),
        pytest.param({"Cargo.toml": SINGLE + "[dependencies]\nb = {\n  path = 'b',\n"
                      "  version = '1',\n}\n[workspace]\n", "b/Cargo.toml": B},
                     {}, [("requirement", "Cargo.toml:8")], id="VE-14-toml-1.1"),
        pytest.param(_with(b="\ufeff" + B.replace("2.0.0", "1.0.0").replace("\n", "\r\n"),
                           a=A.partition("[dep")[0]), {},
                     [("member", "b/Cargo.toml:3"), ("requirement", "Cargo.toml:7")],
                     id="VE-15-mark-and-crlf"),
        pytest.param({**FILES, "Cargo.toml": 'workspace.resolver = "2"\nworkspace.members = '
                      '["a", "b"]\nworkspace.package = { version = "2.0.0" }\n'
                      'workspace.dependencies.b = { path = "b", version = "1" }\n',
                      "b/Cargo.toml": 'package.name = "b"\npackage.version = "2.0.1"\n'},
                     {}, [("member", "b/Cargo.toml:2"), ("requirement", "Cargo.toml:4")],
                     id="VE-16-dotted-keys"),
        pytest.param({**FILES, "README.md": BADGE.format("2.0.0--rc.1")}, {},
                     [("badge", "README.md:1")], id="VE-17-badge-of-a-candidate"),
        pytest.param({**FILES, "README.md": '```toml\nserde = "1.9.0"\nb = "2"\n```\n'}, {}, [],
                     id="VE-18-snippet-of-another-crate"),
        pytest.param({**FILES, "README.md": "b 12.0.0, 2.0.01\n"},
                     {"places": [{"file": "README.md", "search": "b {version}", "min": 0}]},
                     [("place", "README.md:1")], id="VE-19-longer-numbers"),
        pytest.param({**FILES, "b/README.md": '```toml\n[dependencies]\nb = "1"\n```\n',
                      "b/src/lib.rs": '#![doc = include_str!("../README.md")]\n'},
                     {}, [("install", "b/README.md:3")], id="VE-21-included-readme-counts-once"),
    ],
)  # fmt: skip
def test_edge_case(
    tmp_path: Path,
    files: dict[str, str],
    options: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    assert _found(_measure(tmp_path, files, **options)) == expected


def test_ve_17_the_right_badge_of_a_candidate(tmp_path: Path) -> None:
    files = {
        "Cargo.toml": SINGLE.replace("2.0.0", "2.0.0-rc.1"),
        "README.md": BADGE.format("2.0.0--rc.1"),
    }
    measured = _measure(tmp_path, files)
    assert (_value(measured, "mismatches"), _value(measured, "places")) == (0, 1)


def test_ve_22_what_cargo_says_is_told(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure, match=r"nothing"):
        _measure(tmp_path, {"Cargo.toml": '[package]\nname = "a"\nversion.nothing = 3\n'})


# --- rules for single crates ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"versions": {"c": "0.3.0"}}, []),
        ({"versions": {"c": "0.4.0"}}, [("member", "c/Cargo.toml:3")]),
        ({"groups": [["c", "d"]]}, [("member", "c/Cargo.toml:3")]),
        ({"groups": [["c", "d"]], "versions": {"d": "0.3.1"}}, [("member", "c/Cargo.toml:3")]),
        ({"groups": [["c"], ["d"]]}, []),
        ({"exclude": ["c", "d"]}, []),
        ({"independent": True, "versions": {"c": "0.4.0"}}, [("member", "c/Cargo.toml:3")]),
        ({"versions": {"gone": "1.0.0"}, "exclude": ["c", "d"]}, [("member", "Cargo.toml")]),
        ({"groups": [["a", "gone"]], "exclude": ["c", "d"]}, [("member", "Cargo.toml")]),
        ({"groups": [["a", "b"]], "equals": "0.3.0", "exclude": ["d"]}, []),
    ],
)
def test_groups_and_versions_of_single_crates(
    tmp_path: Path, options: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    members = ROOT.replace('["a", "b"]', '["a", "b", "c", "d"]')
    others = {
        name: B.replace('"b"', f'"{name}"').replace("2.0.0", version)
        for name, version in (("c", "0.3.0"), ("d", "0.3.1"))
    }
    if "versions" in options and "c" in options["versions"] and "exclude" not in options:
        options = {**options, "exclude": ["d"]}
    measured = _measure(tmp_path, {**_with(**others), "Cargo.toml": members}, **options)
    assert _found(measured) == expected


def test_places_are_held_against_the_crate_that_owns_them(tmp_path: Path) -> None:
    files = {**_with(b=B.replace("2.0.0", "0.3.0")), "Cargo.toml": ROOT.replace('"2" }', '"0.3" }')}
    files["b/README.md"] = files["README.md"] = 'b = "0.3"\n' + BADGE.format("0.3.0")
    measured = _measure(tmp_path, files, versions={"b": "0.3.0"})
    assert _found(measured) == [("badge", "README.md:2")]


@pytest.mark.parametrize(("written", "wrong"), [("2", True), ("^2.0.0", False), ("=2.0.0", False)])
def test_exact_requirements_name_the_whole_version(
    tmp_path: Path, written: str, wrong: bool
) -> None:
    files = {
        **FILES,
        "Cargo.toml": ROOT.replace('"2" }', f'"{written}" }}'),
        "README.md": f'b = "{written}"\n',
    }
    expected = [("install", "README.md:1"), ("requirement", "Cargo.toml:7")] if wrong else []
    assert _found(_measure(tmp_path, files, requirements="exact")) == expected
    fixed = fix_gate(GATE, tmp_path, options={"requirements": "exact"})
    assert set(fixed) == ({"README.md", "Cargo.toml"} if wrong else set())
    _write(tmp_path, fixed)
    assert _found(_measure(tmp_path, {}, requirements="exact")) == []


# --- tags (VE-20) -----------------------------------------------------------------------------


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """Two commits; the first is tagged v1.9.0, annotated."""
    root = tmp_path / "ws"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    _write(root, {".gitignore": ".gaterun\nCargo.lock\n", **FILES})
    commit(root, "one")
    git(root, "tag", "--annotate", "--message", "one", "v1.9.0")
    commit(root, "two")
    return root


def _tags(root: Path, policy: str, **options: Any) -> tuple[object, object, list[str]]:
    measured = measure_gate(GATE, root, options={"tag_policy": policy, **options})
    said = [finding.message for finding in measured.findings if finding.rule == "tag"]
    return _value(measured, "tag_state"), _value(measured, "mismatches"), said


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("ignore", []),
        ("free", []),
        ("here", ["there is no tag v2.0.0"]),
        ("annotated", ["there is no tag v2.0.0"]),
    ],
)
def test_no_tag_yet(tagged: Path, policy: str, said: list[str]) -> None:
    assert _tags(tagged, policy) == ("absent", len(said), said)


@pytest.mark.parametrize(
    ("annotated", "policy", "said"),
    [
        (False, "here", []),
        (False, "annotated", ["the tag v2.0.0 is lightweight"]),
        (True, "annotated", []),
        (True, "signed", ["the tag v2.0.0 is not signed"]),
        (False, "signed", ["the tag v2.0.0 is lightweight"]),
        (True, "free", ["the tag v2.0.0 is there already, here: the version has been released"]),
    ],
)
def test_a_tag_on_this_commit(tagged: Path, annotated: bool, policy: str, said: list[str]) -> None:
    git(tagged, "tag", *(["--annotate", "--message", "two"] if annotated else []), "v2.0.0")
    assert _tags(tagged, policy) == ("here", len(said), said)


def test_a_signature_is_seen(tagged: Path) -> None:
    key = tagged.parent / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)],
        check=True,
        capture_output=True,
    )
    signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"]
    git(tagged, *signing, "tag", "--sign", "--message", "two", "v2.0.0")
    assert _tags(tagged, "signed") == ("here", 0, [])


@pytest.mark.parametrize("state", ["behind", "ahead", "aside"])
def test_a_tag_on_another_commit(tagged: Path, state: str) -> None:
    if state == "aside":
        git(tagged, "checkout", "--quiet", "-b", "other", "HEAD~1")
    if state != "behind":
        commit(tagged, "three")
    git(tagged, "tag", "v2.0.0")
    if state == "behind":
        commit(tagged, "three")
    elif state == "ahead":
        git(tagged, "reset", "--quiet", "--hard", "HEAD~1")
    else:
        git(tagged, "checkout", "--quiet", "main")
    said = [f"the tag v2.0.0 points elsewhere ({state} of this commit)"]
    assert _tags(tagged, "here") == (state, 1, said)


def test_a_version_is_greater_than_the_last_tag_that_it_descends_from(tagged: Path) -> None:
    git(tagged, "tag", "v2.1.0-rc.1", "v1.9.0^{commit}")
    assert _tags(tagged, "free")[2] == ["2.0.0 is not greater than 2.1.0-rc.1, the last tag"]
    # What was released elsewhere is no concern of an older line.
    git(tagged, "tag", "--delete", "v2.1.0-rc.1")
    git(tagged, "checkout", "--quiet", "-b", "next")
    commit(tagged, "three")
    git(tagged, "tag", "v3.0.0")
    git(tagged, "checkout", "--quiet", "main")
    assert _tags(tagged, "free") == ("absent", 0, [])


def test_each_crate_has_a_tag(tagged: Path) -> None:
    git(tagged, "tag", "a-v2.0.0")
    options = {"tag": "{crate}-v{version}"}
    assert _tags(tagged, "here", **options) == ("mixed", 1, ["there is no tag b-v2.0.0"])
    git(tagged, "tag", "b-v2.0.0")
    assert _tags(tagged, "here", **options) == ("here", 0, [])


def test_what_git_cannot_tell_is_no_verdict(tagged: Path) -> None:
    shallow = tagged.parent / "shallow"
    git(tagged, "clone", "--quiet", "--depth=1", "--no-tags", tagged.as_uri(), str(shallow))
    assert _tags(shallow, "free")[:2] == (None, None)
    assert _tags(shallow, "ignore")[:2] == (None, 0)
    # What can be told is told all the same.
    assert _tags(shallow, "free", equals="3.0.0")[1] == 3
    bare = tagged.parent / "bare"
    bare.mkdir()
    _write(bare, FILES)
    measured = measure_gate(GATE, bare, options={"tag_policy": "here"})
    assert "no git repository" in measured.metrics["mismatches"].why


@pytest.mark.parametrize(
    "options",
    [
        {"tag_policy": "always"},
        {"tag_policy": "here", "tag": "release"},
        {"tag_policy": "here", "tag": "v{version}-{version}"},
        {"tag_policy": "here", "independent": True},
        {"requirements": "strict"},
        {"versions": {"a": "2"}},
    ],
)
def test_rules_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"tag|requirements|a = '2'"):
        VersionOptions(**options)
