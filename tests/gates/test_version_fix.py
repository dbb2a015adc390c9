"""What ``gaterun fix`` changes for the gate ``version``, and what it leaves alone."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.testing import fix_gate, measure_gate
from gaterun_gates.parsers.cargo_lock import with_versions
from gaterun_gates.parsers.cargo_requirement import bumped, satisfies
from gaterun_gates.parsers.manifest_edit import with_values
from gaterun_gates.version import GATE

ROOT = """\
# The workspace.
[workspace]
resolver = "2"
members = ["crates/*", "tools/cli"] # all of them

[workspace.package]
version = "1.9.0"   # one for all
edition = "2021"

[workspace.dependencies]
demo-core = { path = "crates/core", version = "1.9" } # ours
"""
CORE = '[package]\nname    = "demo-core"\nversion.workspace = true\nedition.workspace = true\n'
CLI = """\
[package]
name = "demo-cli"
version = '1.9.0' # its own
edition = "2021"

[dependencies]
demo-core = { path = "../../crates/core", version = "^1.9.0", features = [] }

[target.'cfg(unix)'.dev-dependencies.demo-core]
path = "../../crates/core"
version = "=1.9.0"
"""
README = """\
# Demo [![v](https://img.shields.io/badge/version-v1.9.0-blue.svg)](https://docs.rs/demo-core/1.9.0)

![s](https://img.shields.io/static/v1?label=version&message=1.9.0&color=red)

Since 1.9.0 there are pools. Works with serde 1.9.0.

```toml
serde = "1.9.0"
demo-core = "1.9"
demo-core = { version = "1", features = ["x"] }
demo-core = ">=1.2, <2"
```

`cargo install demo-cli --version 1.9.0 && cargo add demo-core@1.9 serde@1.9`
"""
FILES = {
    "Cargo.toml": ROOT,
    "README.md": README,
    "CHANGELOG.md": "# Changelog\n\n## [1.9.0] - 2024-01-01\n",
    "crates/core/Cargo.toml": CORE,
    "crates/core/src/lib.rs": '//! ```toml\n//! [dependencies]\n//! demo-core = "1.9"\n//! ```\n'
    '#![doc(html_root_url = "https://docs.rs/demo-core/1.9.0")]\n'
    'pub const VERSION: &str = "1.9.0";\n',
    "tools/cli/Cargo.toml": CLI,
    "tools/cli/src/main.rs": "fn main() {}\n",
    "web/package.json": '{\n  "name": "demo",\n  "version": "1.9.0",\n  "x": {"version": "1.9.0"}\n}\n',
    "py/pyproject.toml": '[project]\nname = "demo"\nversion = "1.9.0" # same\n',
    "CITATION.cff": "cff-version: 1.2.0\nversion: 1.9.0\n",
    "Chart.yaml": "version: 0.1.0\nappVersion: '1.9.0'\n",
    "Dockerfile": 'ARG VERSION=1.9.0\nLABEL a="1" \\\n  version="1.9.0"\n',
    "openapi.yaml": "openapi: 3.1.0\ninfo:\n  version: 1.9.0\npaths: {}\n",
    "deploy.txt": "image demo:v1.9.0, other:v1.9.0\n",
}
OPTIONS: dict[str, Any] = {
    "equals": "2.0.0",
    "places": [{"file": "deploy.txt", "search": "demo:v{version}"}],
}


def _write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _cargo(root: Path, *arguments: str) -> int:
    return subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--offline", *arguments],
        cwd=root,
        capture_output=True,
        check=False,
    ).returncode


def _changed(before: str, after: str) -> dict[int, str]:
    """The lines that differ, by number; no line is added or taken away."""
    lines = zip(before.split("\n"), after.split("\n"), strict=True)
    return {number: new for number, (old, new) in enumerate(lines, 1) if old != new}


@pytest.fixture
def fixed(tmp_path: Path) -> dict[str, str]:
    """What every file of the workspace is to be."""
    _write(tmp_path, FILES)
    assert _cargo(tmp_path) == 0
    return fix_gate(GATE, tmp_path, options=OPTIONS)


@pytest.mark.cargo
def test_everything_that_is_plain_is_mended_and_cargo_and_the_gate_agree(
    tmp_path: Path, fixed: dict[str, str]
) -> None:
    _write(tmp_path, fixed)
    measured = measure_gate(GATE, tmp_path, options=OPTIONS)
    left = sorted((finding.rule, finding.place) for finding in measured.findings)
    # A changelog's entry is for people to write, and so is what a range should be.
    assert left == [("changelog", "CHANGELOG.md:3"), ("install", "README.md:11")]
    assert _cargo(tmp_path, "--locked") == 0
    assert fix_gate(GATE, tmp_path, options=OPTIONS) == {}


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("Cargo.toml", {7: 'version = "2.0.0"   # one for all',
                        11: 'demo-core = { path = "crates/core", version = "2.0" } # ours'}),
        ("tools/cli/Cargo.toml",
         {3: "version = '2.0.0' # its own",
          7: 'demo-core = { path = "../../crates/core", version = "^2.0.0", features = [] }',
          11: 'version = "=2.0.0"'}),
        ("README.md",
         {1: README.split("\n", maxsplit=1)[0].replace("1.9.0", "2.0.0"),
          3: README.split("\n")[2].replace("1.9.0", "2.0.0"),
          9: 'demo-core = "2.0"',
          10: 'demo-core = { version = "2", features = ["x"] }',
          14: "`cargo install demo-cli --version 2.0.0 && cargo add demo-core@2.0 serde@1.9`"}),
        ("crates/core/src/lib.rs",
         {3: '//! demo-core = "2.0"',
          5: '#![doc(html_root_url = "https://docs.rs/demo-core/2.0.0")]',
          6: 'pub const VERSION: &str = "2.0.0";'}),
        ("web/package.json", {3: '  "version": "2.0.0",'}),
        ("py/pyproject.toml", {3: 'version = "2.0.0" # same'}),
        ("CITATION.cff", {2: "version: 2.0.0"}),
        ("Chart.yaml", {2: "appVersion: '2.0.0'"}),
        ("Dockerfile", {1: "ARG VERSION=2.0.0", 3: '  version="2.0.0"'}),
        ("openapi.yaml", {3: "  version: 2.0.0"}),
        ("deploy.txt", {1: "image demo:v2.0.0, other:v1.9.0"}),
    ],
)  # fmt: skip
def test_nothing_but_the_version_changes(
    fixed: dict[str, str], file: str, lines: dict[int, str]
) -> None:
    assert _changed(FILES[file], fixed[file]) == lines


@pytest.mark.cargo
def test_a_file_that_says_nothing_of_ours_is_not_touched(fixed: dict[str, str]) -> None:
    assert set(fixed) == {*FILES, "Cargo.lock"} - {
        "CHANGELOG.md",
        "crates/core/Cargo.toml",
        "tools/cli/src/main.rs",
    }


@pytest.mark.cargo
def test_line_ends_and_byte_order_marks_stay_and_mixed_ends_are_left_alone(tmp_path: Path) -> None:
    crlf = "\ufeff" + CLI.replace("\n", "\r\n")
    mixed = 'demo-core = "1.9"\r\nand so on\n'
    _write(tmp_path, {**FILES, "tools/cli/Cargo.toml": crlf, "docs/x.md": mixed})
    fixed = fix_gate(GATE, tmp_path, options=OPTIONS)
    assert set(_changed(crlf, fixed["tools/cli/Cargo.toml"])) == {3, 7, 11}
    assert fixed["tools/cli/Cargo.toml"].count("\r\n") == crlf.count("\n")
    assert "docs/x.md" not in fixed


@pytest.mark.cargo
def test_crates_that_no_rule_is_for_are_left_alone(tmp_path: Path) -> None:
    other = '[workspace]\n[package]\nname = "extra"\nversion = "1.9.0"\n'
    _write(tmp_path, {**FILES, "extra/Cargo.toml": other})
    assert "extra/Cargo.toml" not in fix_gate(GATE, tmp_path, options=OPTIONS)
    fixed = fix_gate(GATE, tmp_path, options={**OPTIONS, "outside": True})
    assert _changed(other, fixed["extra/Cargo.toml"]) == {4: 'version = "2.0.0"'}
    fixed = fix_gate(GATE, tmp_path, options={**OPTIONS, "exclude": ["demo-cli"]})
    assert set(_changed(CLI, fixed["tools/cli/Cargo.toml"])) == {7, 11}


@pytest.mark.cargo
def test_crates_with_versions_of_their_own(tmp_path: Path) -> None:
    _write(tmp_path, FILES)
    options = {"versions": {"demo-cli": "0.3.0"}, "undetected": ["all"]}
    fixed = fix_gate(GATE, tmp_path, options=options)
    assert set(fixed) == {"tools/cli/Cargo.toml"}
    assert _changed(CLI, fixed["tools/cli/Cargo.toml"]) == {3: "version = '0.3.0' # its own"}


@pytest.mark.cargo
@pytest.mark.parametrize(
    ("options", "decided"),
    [
        ({}, False),
        ({"groups": [["demo-core", "demo-cli"]]}, False),
        ({"equals": "2.0.0"}, True),
        ({"independent": True}, True),
        ({"exclude": ["demo-cli"]}, True),
        ({"groups": [["demo-core", "demo-cli"]], "versions": {"demo-cli": "2.0.0"}}, True),
    ],
)
def test_what_others_have_is_nobodys_word(
    tmp_path: Path, options: dict[str, Any], decided: bool
) -> None:
    _write(tmp_path, {**FILES, "tools/cli/Cargo.toml": CLI.replace("'1.9.0'", "'1.2.0'")})
    if decided:
        assert fix_gate(GATE, tmp_path, options=options)
    else:
        with pytest.raises(gaterun.CannotMeasure, match=r"demo-cli is 1\.2\.0, others have 1\.9"):
            fix_gate(GATE, tmp_path, options=options)


@pytest.mark.cargo
def test_a_pre_release_needs_the_whole_version_in_requirements(tmp_path: Path) -> None:
    _write(tmp_path, FILES)
    fixed = fix_gate(GATE, tmp_path, options={**OPTIONS, "equals": "2.0.0-rc.1"})
    assert 'version = "2.0.0-rc.1" } # ours' in fixed["Cargo.toml"]
    assert "badge/version-v2.0.0--rc.1-blue.svg" in fixed["README.md"]
    assert "message=2.0.0-rc.1&color" in fixed["README.md"]


LOCK = """\
version = 4

[[package]]
name = "a"
version = "1.9.0"
dependencies = [
 "b 1.9.0",
 "serde",
]

[[package]]
name = "b"
version = "1.8.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "00"

[[package]]
name = "b"
version = "1.9.0"

[[package]]
name = "serde"
version = "1.9.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "00"
"""


def test_lock_entries_of_other_peoples_crates_stay() -> None:
    after = with_versions(LOCK, {"a": "2.0.0", "b": "2.0.0", "serde": "2.0.0"})
    assert _changed(LOCK, after) == {5: 'version = "2.0.0"'}


def test_lock_entries_that_name_a_version_follow_it() -> None:
    lock = LOCK.replace('source = "registry', 'x = "registry', 1)
    after = with_versions(lock, {"a": "2.0.0", "b": "2.0.0"})
    assert _changed(lock, after)[7] == ' "b 2.0.0",'
    broken = "<<<<<<<\n" + LOCK
    assert with_versions(broken, {"a": "2.0.0"}) == broken


@pytest.mark.parametrize(
    ("requirement", "version", "new"),
    [
        ("1.9", "2.0.0", "2.0"),
        ("^1.9.0", "2.1.3", "^2.1.3"),
        ("~1.9", "2.1.3", "~2.1"),
        ("= 1.9.0", "2.0.0", "= 2.0.0"),
        ("1.*", "2.0.0", "2.*"),
        ("1", "2.0.0-rc.1", "2.0.0-rc.1"),
        ("1.9.0-rc.1", "2.0.0", "2.0.0"),
        ("2", "2.0.0", "2"),
        (">=1.9", "2.0.0", ""),
        ("1.2, <2", "2.0.0", ""),
        ("*", "2.0.0", ""),
        ("nonsense", "2.0.0", ""),
    ],
)
def test_requirements_keep_their_form(requirement: str, version: str, new: str) -> None:
    assert bumped(requirement, version) == new
    assert not new or satisfies(version, new)
    if new:
        assert bumped(requirement, version, exact=True).lstrip("^~= ") == version


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ('package.version = "1"\n', ("package", "version"), 'package.version = "2"\n'),
        ('[package]\nversion = "1"\n', ("package", "version"), '[package]\nversion = "2"\n'),
        ('[workspace]\npackage = { version = "1" } # x\n', ("workspace", "package", "version"),
         '[workspace]\npackage = { version = "2" } # x\n'),
        ('[dependencies]\na = {\n  path = "a",\n  version = "1",\n}\n',
         ("dependencies", "a", "version"),
         '[dependencies]\na = {\n  path = "a",\n  version = "2",\n}\n'),
        ('[dependencies]\na = "1" # x\n', ("dependencies", "a", "version"),
         '[dependencies]\na = "2" # x\n'),
        ('[dependencies]\na.version = "1"\n', ("dependencies", "a", "version"),
         '[dependencies]\na.version = "2"\n'),
        ('[a]\nx = "1"\n[b]\n[a.c]\nversion = "1"\n', ("a", "c", "version"),
         '[a]\nx = "1"\n[b]\n[a.c]\nversion = "2"\n'),
        ("[package]\n", ("package", "version"), "[package]\n"),
        ("nonsense [", ("package", "version"), "nonsense ["),
        ("version = 3\n", ("version",), 'version = "2"\n'),
    ],
)  # fmt: skip
def test_one_value_of_a_manifest(text: str, path: tuple[str, ...], after: str) -> None:
    assert with_values(text, {path: "2"}) == after
