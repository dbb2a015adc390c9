"""Lints that attributes and manifests switch off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.cargo.suppressions import (
    CFG_CLIPPY,
    SuppressionCounter,
    allowed_in_manifest,
)

COUNTER = SuppressionCounter()


@pytest.mark.parametrize(
    ("source", "counts"),
    [
        ("#![allow(dead_code)]", {"dead_code": 1}),
        ("#[allow(clippy::a, b)]\nfn f() {}", {"clippy::a": 1, "b": 1}),
        ("#[allow(a,)]\nfn f() {}", {"a": 1}),
        ('#[expect(unused, reason = "x, y(z)")]\nfn f() {}', {"unused": 1}),
        ("#[ allow (\n  a,\n  // why\n  b\n) ]\nfn f() {}", {"a": 1, "b": 1}),
        ('fn f() { #[allow(stmt)] let x = y.expect("m"); }', {"stmt": 1}),
        ("#![cfg_attr(not(test), allow(a, clippy::all))]", {"a": 1, "clippy::all": 1}),
        ("#[cfg_attr(x, cfg_attr(unix, allow(n)), expect(s))]\nstruct U;", {"n": 1, "s": 1}),
        ("macro_rules! m { () => { #[allow(a)] fn g() { #![allow(b)] } } }", {"a": 1, "b": 1}),
        ("#[cfg(not(clippy))]\nfn h() {}", {CFG_CLIPPY: 1}),
        ("#![cfg_attr(clippy, feature(x))]", {CFG_CLIPPY: 1}),
        ("#[cfg(all(unix, any(clippy)))]\nfn h() {}", {CFG_CLIPPY: 1}),
        ('#[cfg(feature = "clippy")]\nfn h() {}', {}),
        ("// #[allow(a)]\n/* #[allow(a)] */\n/// #[allow(a)]\nfn f() {}", {}),
        ('const S: &str = "#[allow(a)]";\nconst R: &str = r#"#[allow(b)]"#;', {}),
        ('#[doc = "allow(a)"]\n#[serde(allow(b))]\nstruct S;', {}),
        ("#[deny(warnings)]\n#[warn(unused)]\nfn f() {}", {}),
        ("#[allow]\n#[allow()]\nfn f() {}", {}),
        ("#[allow(a)\nfn f( {", None),
        ("", {}),
    ],
)
def test_every_lint_of_every_attribute_counts_once(source, counts):
    found = COUNTER.count(source.encode())
    if counts is not None:
        assert dict(found) == counts


@given(st.binary(max_size=200))
def test_any_bytes_are_counted_without_complaint(source):
    COUNTER.count(b"#[allow(" + source)


@given(st.lists(st.sampled_from(["a", "b", "clippy::c"]), min_size=1, max_size=6))
def test_merging_attributes_changes_nothing(lints):
    apart = "".join(f"#[allow({lint})]\n" for lint in lints) + "fn f() {}"
    merged = f"#[allow({', '.join(lints)})]\nfn f() {{}}"
    assert COUNTER.count(apart.encode()) == COUNTER.count(merged.encode())


def test_manifest_tables_count_what_they_allow():
    manifest = {
        "lints": {"clippy": {"x": "allow", "y": "warn"}, "rust": {"unused": {"level": "allow"}}},
        "workspace": {"lints": {"clippy": {"z": {"level": "allow", "priority": -1}}}},
    }
    assert dict(allowed_in_manifest(manifest)) == {
        "clippy::x": 1,
        "unused": 1,
        "clippy::z": 1,
    }
    assert not allowed_in_manifest({"lints": {"workspace": True}})
    assert not allowed_in_manifest({"lints": 3, "workspace": []})
