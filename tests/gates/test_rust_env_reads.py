"""Reads of environment variables, one case for each form that real code has."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gates.rust_workspace import use_of

from gaterun_gates.rust.env_reads import EnvUse, Kind


def names(use: EnvUse, *, test: bool = False) -> list[str]:
    return sorted({read.name for read in use.reads if read.test is test})


FORMS = {
    "a path": 'fn f() { std::env::var("X"); }',
    "an absolute path": 'fn f() { ::std::env::var_os("X"); }',
    "an imported module": 'use std::env;\nfn f() { env::var("X"); }',
    "a renamed module": 'use std::{env as e};\nfn f() { e::var("X"); }',
    "a renamed function": 'use std::env::{self, var as get};\nfn f() { get("X"); }',
    "a glob": 'use std::env::*;\nfn f() { var("X"); }',
    "a turbofish": 'fn f() { std::env::var::<&str>("X"); }',
    "a raw string": 'fn f() { std::env::var(r#"X"#); }',
    "a reference": 'fn f() { std::env::var(&"X".to_string()); }',
    "a conversion": 'fn f() { std::env::var(String::from("X")); }',
    "println": 'fn f() { println!("{}", std::env::var("X").unwrap()); }',
    "lazy_static": 'lazy_static! { static ref A: String = std::env::var("X").unwrap(); }',
    "select": 'fn f() { tokio::select! { _ = g() => { std::env::var("X"); } } }',
    "a constant": 'const K: &str = "X";\nfn f() { std::env::var(K); }',
    "a constant of a type": 'struct S; impl S { const K: &\'static str = "X"; '
    "fn f() { std::env::var(Self::K); } }",
    "concat": 'fn f() { std::env::var(concat!("", "X")); }',
    "format": 'const P: &str = "X"; fn f() { std::env::var(format!("{P}")); }',
    "a local": 'fn f() { let name = "X"; std::env::var(name); }',
    "a list": 'fn f() { for k in ["X"] { std::env::var(k); } }',
    "a constant list": 'const L: [&str; 1] = ["X"]; fn f() { for k in L.iter() '
    "{ std::env::var(k); } }",
    "a function as value": 'fn f() { ["X"].iter().find_map(std::env::var_os); }',
    "an option": 'fn f() { Some("X").and_then(|k| std::env::var(k).ok()); }',
    "a branch": 'fn f(b: bool) { std::env::var(if b { "X" } else { "X" }); }',
    "a match": 'fn f(n: u8) { std::env::var(match n { 1 => "X", _ => "X" }); }',
    "a closure": 'fn f() { let get = |k: &str| std::env::var(k); get("X"); }',
    "a function": 'fn get(k: &str) { std::env::var(k); }\nfn f() { get("X"); }',
    "a function after a comment": '// not a fn\nfn key() -> &\'static str { "X" }\n'
    "fn f() { std::env::var(key()); }",
    "a function with a comment": 'fn /* fn */ r#key() -> &\'static str { "X" }\n'
    "fn f() { std::env::var(key()); }",
    "a mutable static": 'static mut K: &str = "X";\nfn f() { g(K); }\n'
    "fn g(k: &str) { std::env::var(k); }",
    "a function of a function": "fn a(k: &str) { std::env::var(k); }\nfn b(k: &str) { a(k); }\n"
    'fn f() { b("X"); }',
    "a generic function": 'fn get<T>(k: &str) { std::env::var(k); }\nfn f() { get::<u16>("X"); }',
    "a function over a list": "fn first(ks: &[&str]) { for k in ks { std::env::var(k); } }\n"
    'fn f() { first(&["X"]); }',
    "a method": "struct S; impl S { fn get(&self, k: &str) { std::env::var(k); }\n"
    'fn f(&self) { self.get("X"); } }',
    "a macro": "macro_rules! get { ($k:expr, $d:expr) => { std::env::var($k).unwrap_or($d) }; }\n"
    'fn f() { get!("X", d); }',
    "a lookup that is passed in": 'fn load(get: impl Fn(&str) -> Option<String>) { get("X"); }\n'
    "fn f() { load(|k| std::env::var(k).ok()); }",
    "a lookup by name": 'fn load(get: fn(&str) -> R) { inner(&get); }\nfn inner(g: &G) { g("X"); }\n'
    "fn f() { load(std::env::var); }",
    "a name that a function returns": "impl K { fn env_key(&self) -> &str { match self { K::A => "
    '"X" } } }\nfn f(k: K) { std::env::var(k.env_key()); }',
    "dotenvy": 'fn f() { dotenvy::var("X"); }',
    "a search": 'fn f() { std::env::vars().find(|(k, _)| k == "X"); }',
    "clap": '#[derive(Parser)] struct A { #[arg(long, env = "X")] a: u8 }',
    "clap with a constant": 'const E: &str = "X"; struct A { #[arg(env = E)] a: u8 }',
    "clap by field": "struct A { #[clap(long, env, hide_env = true)] pub x: u8 }",
    "clap in cfg_attr": 'struct A { #[cfg_attr(feature = "e", arg(env = "X"))] a: u8 }',
    "clap's builder": 'fn f() { Arg::new("a").env("X"); }',
    "structopt": '#[derive(StructOpt)] struct A { #[structopt(long, env = "X")] a: u8 }',
    "envconfig": '#[derive(Envconfig)] struct A { #[envconfig(from = "X")] a: u8 }',
    "envconfig by field": '#[derive(Envconfig)] struct A { #[envconfig(default = "1")] x: u8 }',
    "confique": '#[derive(Config)] struct A { #[config(env = "X")] a: u8 }',
    "envy": "struct A { x: u8 }\nfn f() { envy::from_env::<A>(); }",
    "a note": "fn f() {\n    // gaterun: env=X\n    std::env::var(made());\n}",
    "figment's list": 'fn f() { Env::raw().only(&["X"]); }',
    "a log filter": 'fn f() { EnvFilter::try_from_env("X"); }',
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_read_is_seen(tmp_path: Path, form: str) -> None:
    use = use_of(tmp_path, {"src/lib.rs": FORMS[form]})
    assert names(use) == ["X"]
    assert use.open_reads == []


NO_READS = {
    "a comment": '// std::env::var("X")\n/* std::env::var("X") /* */ */',
    "documentation": '/// ```\n/// std::env::var("X");\n/// ```\nfn f() {}',
    "a string": 'fn f() { say("std::env::var(\\"X\\")"); }',
    "a method of the name": 'fn f(config: C) { config.var("X"); }',
    "a module of the name": 'mod env { pub fn var(_: &str) {} }\nfn f() { env::var("X"); }',
    "another crate's": 'use other::env;\nfn f() { env::var("X"); }',
    "a child's variable": 'fn f() { Command::new("x").env("X", "1"); }',
    "setting": 'fn f() { std::env::set_var("X", "1"); }',
    "hiding only": "struct A { #[arg(long, hide_env = true)] x: u8 }",
    "an import": "use std::env::var;",
    "a map's get": "struct S; impl S { fn get(&self, k: &str) { std::env::var(k); } }\n"
    'fn f() { let m = std::collections::HashMap::new(); m.get("X"); }',
    "a namesake in another module": "mod a { pub fn or(k: &str) { std::env::var(k); } }\n"
    'mod b { }\nfn f() { elsewhere::or("X"); }',
}


@pytest.mark.parametrize("form", NO_READS)
def test_what_is_no_read_is_none(tmp_path: Path, form: str) -> None:
    assert names(use_of(tmp_path, {"src/lib.rs": NO_READS[form]})) == []


def test_a_function_of_another_file_and_of_another_crate(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "a/src/lib.rs": "pub mod helpers;",
            "a/src/helpers.rs": "pub fn env_or(k: &str, d: &str) -> String "
            "{ std::env::var(k).unwrap_or(d.into()) }",
            "b/src/lib.rs": 'use a::helpers::env_or;\nfn f() { env_or("FROM_B", "x"); }',
        },
    )
    assert [(read.name, read.packages) for read in use.reads] == [("FROM_B", ("b",))]


def test_each_crate_has_its_own_function_of_a_name(tmp_path: Path) -> None:
    reads = "pub fn get(k: &str) { std::env::var(k); }\n"
    use = use_of(
        tmp_path,
        {
            "a/src/lib.rs": reads + 'fn f() { get("A"); }',
            "b/src/lib.rs": 'pub fn get(k: &str) {}\nfn f() { get("B"); }',
        },
    )
    assert names(use) == ["A"]


def test_a_file_s_own_function_hides_one_of_that_name(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "src/lib.rs": "mod env; mod http;",
            "src/env.rs": "pub fn parsed(k: &str) { std::env::var(k); }",
            "src/http.rs": 'use super::*;\nfn parsed(k: &str) {}\nfn f() { parsed("NO"); }',
        },
    )
    assert names(use) == []
    assert use.ambiguous == set()


def test_a_shared_name_is_not_followed_unless_told(tmp_path: Path) -> None:
    files = {
        "src/lib.rs": "struct A; impl A { fn fetch_it(&self, k: &str) { std::env::var(k); } }\n"
        "struct B; impl B { fn fetch_it(&self, k: &str) {} }\n"
        'fn f(x: impl Any) { make().fetch_it("X"); }'
    }
    use = use_of(tmp_path, files)
    assert names(use) == []
    assert use.ambiguous == {"A::fetch_it"}
    assert names(use_of(tmp_path, files, wrappers=("A::fetch_it",))) == ["X"]


def test_a_constant_with_two_values_is_not_guessed(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "src/lib.rs": "mod a; mod b; mod c;\n",
            "src/a.rs": 'pub const KEY: &str = "ONE";',
            "src/b.rs": 'pub const KEY: &str = "TWO";',
            "src/c.rs": "use crate::*;\nfn f() { std::env::var(KEY); }\n"
            "fn g() { std::env::var(crate::b::KEY); }",
        },
    )
    assert names(use) == ["TWO"]
    assert len(use.open_reads) == 1


def test_what_is_known_of_a_name_made_at_run_time(tmp_path: Path) -> None:
    use = use_of(tmp_path, {"src/lib.rs": 'fn f(n: N) { std::env::var(format!("A_{}_Z", n.x)); }'})
    (read,) = use.open_reads
    assert (read.prefix, read.suffix) == ("A_", "_Z")
    assert read.may_be("A_B_Z")
    assert not read.may_be("A_B")


@pytest.mark.parametrize(
    "code",
    [
        'envy::prefixed("APP_").from_env::<C>();',
        'Figment::new().merge(Env::prefixed("APP_").split("__"));',
        'Config::builder().add_source(Environment::with_prefix("app"));',
        'for (k, v) in std::env::vars() { if k.starts_with("APP_") { use_it(v); } }',
    ],
)
def test_a_prefix_stands_for_every_name_with_it(tmp_path: Path, code: str) -> None:
    use = use_of(tmp_path, {"src/lib.rs": f"fn f() {{ {code} }}"})
    assert [(read.prefix, read.provider) for read in use.open_reads] == [("APP_", True)]


def test_kinds_and_tests_are_told_apart(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "src/lib.rs": 'const V: &str = env!("COMPILED");\nfn f() { option_env!("MAYBE"); }\n'
            '#[cfg(test)]\nmod tests { #[test]\n#[ignore]\nfn t() { std::env::var("T"); } }',
            "build.rs": 'fn main() { std::env::var("BUILT"); }',
            "tests/it.rs": '#[test]\nfn t() { std::env::var("IT"); }',
        },
    )
    kinds = {read.name: read.kind for read in use.reads}
    assert kinds == {
        "COMPILED": Kind.COMPILE,
        "MAYBE": Kind.COMPILE,
        "BUILT": Kind.BUILD,
        "T": Kind.RUNTIME,
        "IT": Kind.RUNTIME,
    }
    assert names(use, test=True) == ["IT", "T"]
    assert [read.name for read in use.reads if read.ignored] == ["T"]


@pytest.mark.parametrize(
    ("code", "default"),
    [
        ('std::env::var("X").unwrap_or("d".to_string())', "d"),
        ('std::env::var("X").ok().and_then(p).unwrap_or(8080)', "8080"),
        ('std::env::var("X").unwrap_or_else(|_| "d".into())', "d"),
        ('std::env::var("X").unwrap_or_else(|_| made())', None),
        ('std::env::var("X")?', None),
    ],
)
def test_literal_defaults_are_known(tmp_path: Path, code: str, default: str | None) -> None:
    use = use_of(tmp_path, {"src/lib.rs": f"fn f() {{ let v = {code}; }}"})
    assert [read.default for read in use.reads] == [default]


@pytest.mark.parametrize(
    ("code", "discarded"),
    [
        ('let _ = std::env::var("X");', True),
        ('let _ = std::env::var("X").is_ok();', True),
        ('let _ = std::env::var("X").map(keep);', False),
        ('let v = std::env::var("X");', False),
    ],
)
def test_a_value_that_goes_nowhere(tmp_path: Path, code: str, *, discarded: bool) -> None:
    use = use_of(tmp_path, {"src/lib.rs": f"fn f() {{ {code} }}"})
    assert [read.discarded for read in use.reads] == [discarded]


def test_files_that_do_not_parse_are_named_and_read_as_far_as_possible(tmp_path: Path) -> None:
    use = use_of(tmp_path, {"src/lib.rs": 'fn f() { std::env::var("X"); }\nfn ( ] {'})
    assert names(use) == ["X"]
    assert use.parse_errors == ["src/lib.rs"]
