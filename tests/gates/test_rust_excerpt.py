"""A file of which only some items are parsed says what the whole file says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun_gates.rust import env_words
from gaterun_gates.rust.code_text import code_text
from gaterun_gates.rust.declared import NotHereError, OneFile
from gaterun_gates.rust.env_file import Reading, use_of_file, what_matters
from gaterun_gates.rust.env_words import may_use_environment, wanted_places
from gaterun_gates.rust.excerpt import Excerpt, LeftOutError, excerpt
from gaterun_gates.rust.file_use import FileUse
from gaterun_gates.rust.item_bounds import items_without
from gaterun_gates.rust.source import Source

#: Items: those that read, those that what is read leads to, and those that have no part in it.
ITEMS = (
    "use std::env;",
    "use std::env::var as get;",
    "use std::env::*;",
    "use std::env::var as größe;",
    "use env_logger as el;",
    "use tracing_subscriber::fmt;",
    "use config::Environment as E;",
    "use figment::providers::Env;",
    'const NAME: &str = "NAME";',
    'static NAMES: [&str; 2] = ["ONE", "TWO"];',
    'pub const fn name() -> &\'static str { "MADE" }',
    'fn f() { env::var("A").unwrap_or("x".into()); }',
    "fn f() { env::var(NAME); for n in NAMES { env::var(n); } }",
    "fn f(k: &str) { env::var(k); }",
    'fn f() { get("RENAMED"); }',
    'fn f() { größe("SIZE"); }',
    'fn f() { var("GLOB"); }',
    "fn f() { el::init(); }",
    "fn f() { fmt::init(); }",
    'fn f() { E::with_prefix("APP"); E::default(); }',
    'fn f() { let c: Conf = Env::raw().only(&["X"]).extract(); }',
    'fn f() { let c: Conf = envy::prefixed("P_").from_env().unwrap(); }',
    "struct Conf { port: u16, host: Option<String> }",
    "#[derive(Parser)] struct Args { #[arg(long, env)] port: u16 }",
    '#[derive(Envconfig)] struct Of { #[envconfig(from = "OF")] of: u16, other: u8 }',
    '#[clap(rename_all_env = "lower")] struct Low { #[arg(env)] low_case: u16 }',
    'impl Conf { const KEY: &\'static str = "KEY"; fn k(&self) -> String { "SELF".into() } }',
    "impl Conf { fn g(&self) { env::var(Self::KEY); env::var(self.k()); } fn h(&self) {} }",
    'impl Conf { fn plain(&self) -> usize { 1 } fn e(&self) { env::var(format!("{}_X", 1)); } }',
    'fn outer() { fn inner() -> &\'static str { "IN" } env::var(inner()); use std::env::var as v; }',
    "macro_rules! read { ($n:expr) => { std::env::var($n) } }",
    'macro_rules! other { () => { fn made() { env::var("MACRO"); } } }',
    'fn f() { Command::new("x").env("CHILD", "1").env_remove("GONE"); }',
    'fn f() { println!("cargo:rerun-if-env-changed=BUILT"); }',
    "fn f() { for (k, v) in env::vars() { if k.starts_with(PREFIX) {} } }",
    'const PREFIX: &str = "PRE_";',
    'static LAZY: Lazy<String> = Lazy::new(|| env::var("LAZY").unwrap());',
    'lazy_static! { static ref L: String = env::var("MADE_LAZY").unwrap(); }',
    "mod env { pub fn var(x: &str) {} }",
    'mod tests { use super::*; fn t() { env::set_var("SET", "1"); } }',
    '#[cfg(test)] mod t { fn t() { std::env::var("TEST"); } }',
    'trait Named { fn key() -> &\'static str { "TRAIT" } fn r() { env::var(Self::key()); } }',
    "type Alias = Conf;",
    "fn f() { loop { x.env(A, 1); } } // env::var(",
    "fn c() -> char { '{' } fn s() -> &'static str { \"env::var(\\\"}\" }",
    'fn n() { if a { r#"}"# } /* { */ } fn f() { env::r#var("RAW"); }',
    'fn f(k: [u8; 2]) -> Of<{ 1 }> { std :: /* x */ env::var("GAP") }',
    'static ENV: X = Env::raw(); fn z() { let x = [1]; } static ONLY: X = y.only(&["NOT"]);',
    "impl Of<{ 1 }> for Conf { fn f() { const NAME: u8 = 1; } fn g() { mod env {} } }",
    'mod inner { #![allow(x)] fn a() {} fn f() { env::var("INNER") } fn b() { use a::var; } }',
    'pub(crate) const fn k() { } #[cfg(test)] pub async fn f() { env::var_os("OF_TEST"); }',
    "#[arg(\n env)] fn f() { let env = g(env); env.env (X, Y) }",
    "trait T { fn f() -> u8; fn g() {} } enum E { A { b: u8 }, B }",
    'fn f() { env::var(NAME) } mod other { pub const NAME: &str = "OTHER"; fn a() {} }',
    "fn nothing() -> u8 { let x = [1, 2]; x[0] }",
    "struct Empty;",
    "fn broken( {",
    "}",
)


def whole(source: Source) -> FileUse:
    """What the file says when all of it is parsed."""
    try:
        use = Reading(source, OneFile()).all()
    except NotHereError:
        return FileUse(complete=False)
    use.has_errors = source.has_errors
    return use


PIECES = (
    *("env", "Env", "ENV", "fmt::init", "var", "vars", "_os", "set_", "with_", "async_", "_unset"),
    *("option_", "dot", "from_", "try_", "default_", "filter_or", "write_style_or", "prefixed"),
    *("_logger", "config", "ironment", "tracing_subscriber", "rerun-if-env-changed=", "remove_"),
    *("(", "!", "=", ",", ")", " ", "\n", "//", "/*", "_", "x", "é", "0", ".", '"'),
)


@settings(max_examples=1500, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8))
def test_the_quick_look_at_bytes_sees_what_a_search_sees(pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    named = any(word in data for word in (b"env", b"Env", b"ENV", b"fmt::init"))
    assert may_use_environment(data) is (named and env_words._CANDIDATE.search(data) is not None)


@settings(max_examples=400, deadline=None)
@given(items=st.lists(st.sampled_from(ITEMS), min_size=1, max_size=10))
def test_what_is_left_out_says_nothing(items: list[str]) -> None:
    source = Source("a.rs", "\n".join(items).encode())
    if not may_use_environment(source.data):
        found = whole(source)
        assert found == FileUse(has_errors=source.has_errors)
        return
    assert use_of_file(source) == whole(source)


def test_functions_are_found_under_the_names_that_they_are_imported_by() -> None:
    text = (
        "use std::env::{var as get, var_os as größe};\nuse env_logger as el;\n"
        'fn f() { get("A"); }\nfn g() { größe("B"); }\nfn h() { el::init(); }'
    )
    found = use_of_file(Source("a.rs", text.encode())).reads
    assert [read.name for read in found] == ["A", "B", "RUST_LOG"]


def part(text: bytes) -> Source:
    found = what_matters(Source("a.rs", text))
    assert found is not None
    return found


def test_items_that_do_not_matter_are_a_semicolon() -> None:
    text = b'fn f() { env::var("A"); }\n#[x] fn g() { h(1, 2, 3); }\nimpl X { fn i() {} }'
    kinds = [token.kind for token in part(text).tokens]
    assert kinds[-3:] == ["}", ";", ";"]
    assert len(kinds) < len(Source("a.rs", text).tokens) / 2


def test_what_stays_is_where_it_was() -> None:
    text = b'fn f() {\n  x();\n}\nmod m {\n  fn g() {}  fn h() { env::var("A"); } }\n'
    everything = {(t.text, t.line, t.column) for t in Source("a.rs", text).tokens}
    found = part(text).tokens
    assert ("var", 5, 28) in {(t.text, t.line, t.column) for t in found}
    assert {(t.text, t.line, t.column) for t in found if t.kind != ";"} < everything
    node = part(text).tree.root_node.descendant_for_byte_range(text.index(b"h()"), len(text))
    assert node is not None
    assert node.end_point[0] == 5


@pytest.mark.parametrize("what", ["h(1", "fn g", "{ h", "fn f() { env"])
def test_whoever_asks_for_the_inside_of_one_is_told(what: str) -> None:
    text = b'fn f() { env::var("A"); }\nfn g() { h(1, 2, 3); }'
    with pytest.raises(LeftOutError):
        part(text).slice(text.index(what.encode()), len(text) - 3)


def test_whoever_asks_for_a_name_is_told_where_it_may_have_been_left_out() -> None:
    text = b"fn f() { env::var(A); }\nconst A: u8 = 1; fn g() { static mut B: u8 = 2; C }"
    found = part(text)
    assert [constant.name for constant in found.items_named("A").constants] == ["A"]
    assert [function.name for function in found.items_at(9).functions] == ["f"]
    assert found.items_named("C").constants == found.items_named("A").constants
    for asked in ("B", "g"):
        with pytest.raises(LeftOutError):
            found.items_named(asked)
    with pytest.raises(LeftOutError):
        found.items.functions.clear()


@pytest.mark.parametrize(
    "text",
    [
        "fn f() { /* /* */ */ }",
        "fn f() { '' }",
        'fn f() { m!(x"a") }',
        'fn f() { "a }',
        'fn f() { r#"a }',
        "fn f() { /* }",
        "fn f() { ) }",
        "fn f() {\r}",
        "#!/bin/cargo\nfn f() {}",
        "---\n[dependencies]\n---\nfn f() {}",
    ],
)
def test_of_what_is_odd_everything_is_parsed(text: str) -> None:
    source = Source("a.rs", f'{text}\nfn g() {{ env::var("A"); }}\nfn h() {{ 1 }}'.encode())
    assert code_text(source.data) is None
    assert what_matters(source) is source


def test_an_item_that_was_cut_in_a_wrong_place_is_not_left_out() -> None:
    text = b'fn f() -> Of<{ 1 }> { g() }\nfn h() { env::var("A"); }'
    code = code_text(text)
    assert code is not None
    assert items_without(code, wanted_places(text, code)) == [(0, text.index(b"}"))]
    source = Source("a.rs", text)
    assert excerpt(source, code, wanted_places(text, code)) is source


def test_braces_that_do_not_pair_up_bound_no_items() -> None:
    assert items_without(b"fn a() { } } mod b {", []) is None
    assert items_without(b"mod b { fn a() {}", []) is None
    source = Source("a.rs", b"fn a() {} } fn b() { env!() } {")
    assert not isinstance(excerpt(source, source.data, [22]), Excerpt)


def test_what_was_left_out_is_read_after_all_where_a_name_leads_there() -> None:
    text = (
        'impl C { fn k(&self) -> String { "KEY".into() }\n'
        "fn read(&self) { std::env::var(self.k()); } }"
    )
    assert [read.name for read in use_of_file(Source("a.rs", text.encode())).reads] == ["KEY"]
