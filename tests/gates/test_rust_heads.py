"""What a file declares is read off its head where the rest has no part in it: the same answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Tree

from gaterun_gates.rust import syntax
from gaterun_gates.rust.declarations import declarations, declarations_in
from gaterun_gates.rust.outline import Declaration
from gaterun_gates.rust.source import Source

LINES = (
    *("mod a;", "pub mod b;", "pub(crate) mod c;", "pub(in crate::x) mod d;", "mod r#e;"),
    *("mod f { mod g; }", "mod h { fn i() {} }", "mod tests { use super::*; }", "mod j"),
    *("use std::env;", "use a::{b, c::{d, e}};", "use a::{\n    b,\n    c,\n};", "extern crate k;"),
    *("pub use self::a::*;", "use a as b", "use r#mod::x;", "pub extern crate l as m;"),
    *("#[cfg(test)]", "#[cfg(all(test, unix))]", "#![cfg(test)]", '#[path = "n.rs"]', "#[test]"),
    *('#[cfg_attr(unix, path = "o.rs")]', "#[derive(Debug)]", '#[doc = "mod p;"]', "#[a(b[0])]"),
    *(
        "# ! [cfg(test)]",
        "#![allow(x)]",
        '#[doc = "\\""]',
        "#[q]",
        "#[macro_use]",
        "#[doc = 'r']",
        "#[s /* ] */]",
    ),
    *("// mod t;", "/// mod u;", "//! mod v;", "/* mod w; */", "/* open", "*/", "//", "#!/bin/sh"),
    *("fn x() {}", "fn y() { mod z; }", "struct A;", "fn z( {", "}", '"', "'", "\ufeff", "\t"),
    *("mod fn;", "mod 1x;", "mod _;", "fn k() { #![allow(x)] }", 'include!(concat!("a", "b"));'),
    *('include!("in.rs");', 'automod::dir!("src/all");', "m! { mod n; }", "m!(#![cfg(test)]);"),
    *('const M: &str = "mod o;";', "pub", "pub fn p() {}", "unsafe mod q;", "é", "mod é;", ";"),
)


@settings(max_examples=1500, deadline=None)
@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=8), between=st.sampled_from("\n ")
)
def test_the_head_declares_what_the_file_declares(lines: list[str], between: str) -> None:
    source = Source("a.rs", between.join(lines).encode())
    assert declarations(source) == declarations_in(source)


def parsed(monkeypatch: pytest.MonkeyPatch, code: bytes) -> tuple[list[Declaration], list[bytes]]:
    """What a file declares, and what had to be parsed of it."""
    seen: list[bytes] = []
    parse = syntax.parse

    def noting(data: bytes) -> Tree:
        seen.append(data)
        return parse(data)

    monkeypatch.setattr(syntax, "parse", noting)
    syntax.syntax.cache_clear()
    return declarations(Source("a.rs", code)), seen


def test_what_comes_after_the_head_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"//! About.\nuse std::env;\n\n#[cfg(all(test, unix))]\nmod tests;\npub mod api;\n\n"
    found, seen = parsed(monkeypatch, head + b"fn f() -> u8 { 1 }\n")
    assert [(one.name, one.test) for one in found] == [("tests", True), ("api", False)]
    assert seen == [head]


def test_a_plain_head_is_not_parsed_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    code = b"#![allow(x)]\n/// It's.\n#[cfg(test)]\nmod tests;\n#[cfg(unix)] pub mod api; use a::b;"
    found, seen = parsed(monkeypatch, code)
    assert [(one.name, one.test) for one in found] == [("tests", True), ("api", False)]
    assert seen == []
