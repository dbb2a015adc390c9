"""How toolchain files, clippy's and nextest's configuration, attributes and sources are judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.audit.clippy_config import audit_clippy_config
from gaterun_gates.audit.crate_attributes import source_auditor
from gaterun_gates.audit.entry import Place, Unreadable
from gaterun_gates.audit.git_attributes import audit_git_attributes
from gaterun_gates.audit.guards import guards
from gaterun_gates.audit.nextest_config import audit_nextest_config
from gaterun_gates.audit.policy import policy_files
from gaterun_gates.audit.rustfmt_config import audit_rustfmt_config
from gaterun_gates.audit.toolchain import audit_toolchain

PLACE = Place(path="rust-toolchain.toml")
AUDIT_SOURCE = source_auditor()


def _severities(entries):
    return [entry.severity.value for entry in entries]


@pytest.mark.parametrize(
    ("channel", "severity"),
    [
        ("1.95.0", "note"),
        ("1.95", "note"),
        ("nightly-2026-01-31", "note"),
        ("1.95.0-x86_64-unknown-linux-gnu", "note"),
        ("stable", "note"),
        ("stable-x86_64-unknown-linux-gnu", "note"),
        ("beta", "warning"),
        ("nightly", "warning"),
        ("mine", "warning"),
    ],
)
def test_a_channel_pins_or_floats(channel, severity):
    text = f'[toolchain]\nchannel = "{channel}"\n'
    assert _severities(audit_toolchain(text, PLACE)) == [severity]
    old = Place(path="rust-toolchain")
    assert _severities(audit_toolchain(f"{channel}\n", old)) == [severity]
    assert _severities(audit_toolchain(text, old)) == [severity]


def test_a_toolchain_in_a_folder_is_an_error_with_its_line():
    (entry,) = audit_toolchain('[toolchain]\nprofile = "minimal"\npath = "x"\n', PLACE)
    assert (entry.severity.value, entry.line) == ("error", 3)


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("too-many-arguments-threshold = 8", ["warning"]),
        ("too-many-arguments-threshold = 7", []),
        ("some-new-threshold = 1", ["warning"]),
        ("allow-unwrap-in-tests = true", ["note"]),
        ('msrv = "1.60"', ["note"]),
        ('disallowed-methods = ["x"]', []),
    ],
)
def test_a_threshold_above_the_default_is_laxer(text, severities):
    assert _severities(audit_clippy_config(text, PLACE)) == severities


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("[profile.default]\ndefault-filter = 'not test(x)'", ["error"]),
        ("[profile.default]\ndefault-filter = 'all()'", []),
        ("[profile.ci]\ndefault-filter = 'not test(x)'", ["warning"]),
        ("[profile.default]\nretries = 2", ["warning"]),
        ("[profile.default]\nretries = { backoff = 'fixed', count = 1 }", ["warning"]),
        ("[profile.default]\nretries = 0", []),
        ("[[profile.default.overrides]]\nfilter = 'all()'\nretries = 1", ["warning"]),
        ("[[profile.default.scripts]]\nfilter = 'all()'\nrun-wrapper = 'w'", ["error"]),
        ("[scripts.wrapper.w]\ncommand = 'true'", ["warning"]),
        ("[profile.default]\nslow-timeout = { period = '1s', on-timeout = 'pass' }", ["error"]),
        ("[profile.default]\nleak-timeout = { period = '1s', result = 'fail' }", []),
        ("profile = 3", []),
    ],
)
def test_nextest_configuration_is_judged(text, severities):
    assert _severities(audit_nextest_config(text, PLACE)) == severities


@pytest.mark.parametrize(
    ("line", "severities"),
    [
        ("*.rs linguist-generated", ["warning"]),
        ("src/** linguist-generated=true", ["warning"]),
        ("src/gen linguist-vendored", ["warning"]),
        ("*.rs linguist-generated=false", []),
        ("*.rs -linguist-generated", []),
        ("Cargo.lock linguist-generated", ["note"]),
        ("*.rs -diff", ["warning"]),
        ("*.png binary", []),
        ("*.rs filter=mine", ["warning"]),
        ("*.bin filter=lfs diff=lfs -text", []),
        ("# *.rs linguist-generated", []),
        ("*.rs", []),
    ],
)
def test_attributes_are_judged_by_their_pattern(line, severities):
    assert _severities(audit_git_attributes(f"\n{line}\n", PLACE)) == severities


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("#![allow(warnings)]", [("lints-allowed", "error", 1)]),
        (
            "//! Doc.\n#![allow(clippy::all, dead_code)]",
            [("lints-allowed", "error", 2), ("lints-allowed", "warning", 2)],
        ),
        ("#![cfg_attr(not(x), allow(unused))]", [("lints-allowed", "error", 1)]),
        ("#![allow(clippy::pedantic)]", [("lints-allowed", "note", 1)]),
        ("#![cfg(not(clippy))]", [("cfg-clippy", "error", 1)]),
        ("#[cfg(not(clippy))]\nfn f() {}", [("cfg-clippy", "warning", 1)]),
        ("#[allow(clippy::all)]\nmod m;", [("lints-allowed", "warning", 1)]),
        ("#[allow(dead_code)]\nfn f() {}", []),
        ("mod m {\n    #![allow(dead_code)]\n}", []),
        ("mod m {\n    #![allow(warnings)]\n}", [("lints-allowed", "warning", 2)]),
        ('const S: &str = "#![allow(warnings)]";', []),
    ],
)
def test_attributes_of_whole_files_are_judged(source, expected):
    found = AUDIT_SOURCE(source.encode())
    assert [(entry.rule, entry.severity.value, entry.line) for entry in found] == expected


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("max_width = 200", ["note"]),
        ('use_small_heuristics = "Max"\nchain_width = 90', ["note", "note"]),
        ("disable_all_formatting = true", ["warning"]),
        ('ignore = ["src"]', ["warning"]),
        ('ignore = []\nedition = "2021"', []),
    ],
)
def test_rustfmt_configuration_is_judged(text, severities):
    assert _severities(audit_rustfmt_config(text, PLACE)) == severities


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a/Cargo.toml", "[lints]\nworkspace = true\n", {"lints.workspace = true"}),
        ("Cargo.toml", '[workspace.lints.clippy]\nall = { level = "deny" }\nx = "allow"\n',
         {'workspace.lints.clippy.all = "deny"'}),
        ("Cargo.toml", '[features]\ndefault = ["a"]\na = []\n', {"the default feature a"}),
        ("Cargo.toml", "nonsense [", set()),
        ("Cargo.toml", "lints = 1\nfeatures = 2\nworkspace = 3\n", set()),
        ("src/lib.rs", '#![deny(warnings, clippy::all)]\n #![warn(x, reason = "y")]\n#[deny(z)]\n',
         {"#![deny(warnings)]", "#![deny(clippy::all)]", "#![warn(x)]"}),
    ],
)  # fmt: skip
def test_guards_are_what_makes_tools_stricter(path, text, expected):
    assert guards(path, text.encode()) == expected


def test_policy_files_are_those_that_the_configuration_names():
    files = {
        "gaterun.toml": b'phases = "./goals"\ngates = "checks/"\n',
        "goals/one.toml": b"",
        "checks/todo.py": b"",
        "phases/x.toml": b"",
        "other/y.toml": b"",
        "Cargo.toml": b"[workspace.metadata.other]\n",
    }
    found = policy_files(files, files.get)
    assert found == ["checks/todo.py", "gaterun.toml", "goals/one.toml", "phases/x.toml"]
    files["goals/one.toml"] = b"[phase.outputs]\nbaseline = './docs/base.json'\n"
    files |= {"waivers.toml": b"", "docs/base.json": b"{}"}
    assert set(policy_files(files, files.get)) - set(found) == {"waivers.toml", "docs/base.json"}
    files["Cargo.toml"] = b"[workspace.metadata.gaterun]\nphases = 'other'\n"
    assert {"Cargo.toml", "other/y.toml"} <= set(policy_files(files, files.get))
    files["gaterun.toml"] = b"\xff = ["
    assert "gaterun.toml" in policy_files(files, files.get)


@given(st.text(max_size=80))
def test_any_text_is_judged_or_unreadable(text):
    audits = (audit_toolchain, audit_clippy_config, audit_nextest_config, audit_git_attributes)
    for audit in audits:
        try:
            audit(text, PLACE)
        except Unreadable as error:
            assert str(error)
