"""A file of which only some items are taken apart says what the whole file says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun_gates.rust import env_file, env_sites
from gaterun_gates.rust.declared import NotHereError, OneFile
from gaterun_gates.rust.env_file import Reading, use_of_file
from gaterun_gates.rust.env_sites import wanted_in_items
from gaterun_gates.rust.excerpt import Excerpt, LeftOutError
from gaterun_gates.rust.file_use import FileUse
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
    "fn nothing() -> u8 { let x = [1, 2]; x[0] }",
    "struct Empty;",
    "fn broken( {",
    "}",
)


def whole(source: Source) -> FileUse:
    """What the file says when all of it is taken apart."""
    try:
        use = Reading(source, OneFile()).all()
    except NotHereError:
        use = FileUse(complete=False)
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
    assert env_sites.may_use_environment(data) is (
        named and env_sites._CANDIDATE.search(data) is not None
    )


@settings(max_examples=400, deadline=None)
@given(items=st.lists(st.sampled_from(ITEMS), min_size=1, max_size=10))
def test_what_is_left_whole_says_nothing(items: list[str]) -> None:
    source = Source("a.rs", "\n".join(items).encode())
    if not env_file.may_use_environment(source.data):
        assert whole(source) == FileUse(has_errors=source.has_errors)
        return
    assert use_of_file(source) == whole(source)


def test_functions_are_found_under_the_names_that_they_are_imported_by() -> None:
    text = (
        "use std::env::{var as get, var_os as größe};\nuse env_logger as el;\n"
        'fn f() { get("A"); }\nfn g() { größe("B"); }\nfn h() { el::init(); }'
    )
    found = use_of_file(Source("a.rs", text.encode())).reads
    assert [read.name for read in found] == ["A", "B", "RUST_LOG"]


def test_items_that_do_not_matter_are_one_token() -> None:
    source = Source(
        "a.rs", b'fn f() { env::var("A"); }\nfn g() { h(1, 2, 3); }\nimpl X { fn i() {} }'
    )
    excerpt = Excerpt(source, wanted_in_items(source))
    assert [token.kind for token in excerpt.tokens[-3:]] == ["}", "function_item", "impl_item"]
    assert len(excerpt.tokens) < len(source.tokens) / 2


@pytest.mark.parametrize("what", ["h(1", "fn g", "{ h", "fn f() { env"])
def test_whoever_asks_for_the_inside_of_one_is_told(what: str) -> None:
    source = Source("a.rs", b'fn f() { env::var("A"); }\nfn g() { h(1, 2, 3); }')
    excerpt = Excerpt(source, wanted_in_items(source))
    start = source.data.index(what.encode())
    with pytest.raises(LeftOutError):
        excerpt.slice(start, len(source.data) - 3)


def test_what_was_left_whole_is_read_after_all_where_a_name_leads_there() -> None:
    text = (
        'impl C { fn k(&self) -> String { "KEY".into() }\n'
        "fn read(&self) { std::env::var(self.k()); } }"
    )
    assert [read.name for read in use_of_file(Source("a.rs", text.encode())).reads] == ["KEY"]
