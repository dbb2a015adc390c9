"""Edge cases of reading environment variables: what counts, what does not, and as what."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gates.rust_workspace import use_of

from gaterun_gates.rust.env_reads import Kind

READS: dict[str, tuple[str, list[str]]] = {
    "vec!": ('fn f() { let v = vec![std::env::var("X")]; }', ["X"]),
    "assert!": ('fn f() { assert!(std::env::var("X").is_ok(), "no"); }', ["X"]),
    "matches!": ('fn f() { if matches!(std::env::var("X").as_deref(), Ok("1")) {} }', ["X"]),
    "static": ('static K: &str = "X"; fn f() { std::env::var(K); }', ["X"]),
    "a constant of another type": (
        'struct S; impl S { const K: &\'static str = "X"; } fn f() { std::env::var(S::K); }',
        ["X"],
    ),
    "a constant of a module": (
        'mod keys { pub const K: &str = "X"; } fn f() { std::env::var(keys::K); }',
        ["X"],
    ),
    "a constant in a function": ('fn f() { const K: &str = "X"; std::env::var(K); }', ["X"]),
    "a constant of a constant": (
        'const A: &str = "X"; const B: &str = A; fn f() { std::env::var(B); }',
        ["X"],
    ),
    "a constant and a parameter, formatted": (
        'const P: &str = "APP"; fn get(k: &str) { std::env::var(format!("{}_{}", P, k)); } fn f() { get("X"); }',
        ["APP_X"],
    ),
    "a named argument of format!": (
        'fn get(k: &str) { std::env::var(format!("A_{key}", key = k)); } fn f() { get("X"); }',
        ["A_X"],
    ),
    "to_owned": ('fn f() { std::env::var("X".to_owned()); }', ["X"]),
    "OsStr::new": ('fn f() { std::env::var_os(OsStr::new("X")); }', ["X"]),
    "lower case": ('fn f() { std::env::var("http_proxy"); }', ["http_proxy"]),
    "a closure over a list": (
        'fn f() { ["A","B"].iter().filter_map(|k| std::env::var(k).ok()).next(); }',
        ["A", "B"],
    ),
    "a vector": ('fn f() { for k in vec!["A","B"] { std::env::var(k); } }', ["A", "B"]),
    "a borrowed list": ('fn f() { for k in &["A","B"] { std::env::var(k); } }', ["A", "B"]),
    "a part of each tuple": (
        'fn f() { for (k, d) in [("A","1"),("B","2")] { std::env::var(k).unwrap_or(d.into()); } }',
        ["A", "B"],
    ),
    "one after the other": (
        'fn f() { std::env::var("A").or_else(|_| std::env::var("B")); }',
        ["A", "B"],
    ),
    "if let": ('fn f() { if let Ok(v) = std::env::var("X") {} }', ["X"]),
    "a question mark": ('fn f() -> R { let v: u16 = std::env::var("X")?.parse()?; }', ["X"]),
    "clap's rename_all_env": (
        '#[derive(Parser)] #[command(rename_all_env = "snake_case")] struct A { #[arg(env)] my_key: u8 }',
        ["my_key"],
    ),
    "clap's rename_all_env in capitals": (
        '#[clap(rename_all_env = "SCREAMING_SNAKE_CASE")] struct A { #[arg(env)] my_key: u8 }',
        ["MY_KEY"],
    ),
    "clap's env with brackets": ('struct A { #[arg(short, long, env("X"))] a: u8 }', ["X"]),
    "clap in an enum": ('enum A { B { #[arg(env = "X")] a: u8 } }', ["X"]),
    "clap with a constant of a module": (
        'mod k { pub const E: &str = "X"; } struct A { #[arg(env = k::E)] a: u8 }',
        ["X"],
    ),
    "a log filter by default": ("fn f() { EnvFilter::from_default_env(); }", ["RUST_LOG"]),
    "a log filter by default, tried": (
        "fn f() { tracing_subscriber::EnvFilter::try_from_default_env(); }",
        ["RUST_LOG"],
    ),
    "env_logger::init": ("fn f() { env_logger::init(); }", ["RUST_LOG"]),
    "env_logger's builder": (
        "fn f() { env_logger::Builder::from_default_env().init(); }",
        ["RUST_LOG"],
    ),
    "env_logger's filter_or": (
        'fn f() { env_logger::init_from_env(env_logger::Env::default().filter_or("X", "info")); }',
        ["X"],
    ),
    "env_logger's builder with a name": (
        'fn f() { env_logger::Builder::from_env("X").init(); }',
        ["X"],
    ),
    "env_logger's Env by default": (
        'fn f() { env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init(); }',
        ["RUST_LOG"],
    ),
    "tracing's fmt::init": ("fn f() { tracing_subscriber::fmt::init(); }", ["RUST_LOG"]),
    "rerun-if-env-changed": ('fn f() { println!("cargo:rerun-if-env-changed=X"); }', ["X"]),
    "rerun-if-env-changed with two colons": (
        'fn f() { println!("cargo::rerun-if-env-changed=X"); }',
        ["X"],
    ),
    "a note with two names": (
        "fn f() {\n    // gaterun: env=A, B\n    std::env::var(made());\n}",
        ["A", "B"],
    ),
    "a note on the same line": ("fn f() {\n    std::env::var(made()); // gaterun: env=A\n}", ["A"]),
    "outside of tests": ('#[cfg(not(test))]\nfn f() { std::env::var("X"); }', ["X"]),
    "OnceLock": (
        'static C: OnceLock<String> = OnceLock::new(); fn f() { C.get_or_init(|| std::env::var("X").unwrap_or_default()); }',
        ["X"],
    ),
    "LazyLock": ('static C: LazyLock<bool> = LazyLock::new(|| std::env::var("X").is_ok());', ["X"]),
    "thread_local": ('thread_local! { static C: bool = std::env::var("X").is_ok(); }', ["X"]),
    "async": ('async fn f() { std::env::var("X"); }', ["X"]),
    "trait default": ('trait T { fn f(&self) { std::env::var("X"); } }', ["X"]),
    "const generic block": ('const V: Option<&str> = option_env!("X");', ["X"]),
    "env! with a message": ('const V: &str = env!("X", "set X");', ["X"]),
    "core::env!": ('const V: &str = core::env!("X");', ["X"]),
    "a nested use": (
        'use std::{collections::HashMap, env::{self, VarError}}; fn f() { env::var("X"); }',
        ["X"],
    ),
    "a renamed var_os": ('use std::env::var_os as osv; fn f() { osv("X"); }', ["X"]),
    "mapped over an option": ('fn f() { Some("X").map(std::env::var); }', ["X"]),
    "a function that takes AsRef": (
        'fn get(k: impl AsRef<str>) { std::env::var(k.as_ref()); } fn f() { get("X"); }',
        ["X"],
    ),
    "a function of a type": (
        'struct E; impl E { fn get(k: &str) { std::env::var(k); } } fn f() { E::get("X"); }',
        ["X"],
    ),
    "a function that adds a prefix": (
        'fn get(k: &str) { let full = format!("APP_{k}"); std::env::var(&full); } fn f() { get("X"); }',
        ["APP_X"],
    ),
    "through three functions": (
        'fn a(k: &str){std::env::var(k);} fn b(k:&str){a(k)} fn c(k:&str){b(k)} fn f(){c("X")}',
        ["X"],
    ),
    "put into capitals": ('fn f(){ std::env::var("x".to_uppercase()); }', ["X"]),
    "a function that calls itself": (
        'fn a(k: &str){ std::env::var(k); a(k) } fn f(){ a("X") }',
        ["X"],
    ),
    "an escape": ('fn f() { std::env::var("\\u{58}"); }', ["X"]),
    "a concatenated constant": (
        'const K: &str = concat!("A", "_", "B"); fn f() { std::env::var(K); }',
        ["A_B"],
    ),
    "a constant slice": (
        'const KS: &[&str] = &["A", "B"]; fn f() { for k in KS { std::env::var(k); } }',
        ["A", "B"],
    ),
    "one of a constant list": (
        'const KS: &[&str] = &["A", "B"]; fn f() { std::env::var(KS[0]); }',
        ["A"],
    ),
    "a method of self": (
        'impl K { fn name(self) -> &\'static str { match self { Self::A => "A", Self::B => "B" } } fn read(self) { std::env::var(self.name()); } }',
        ["A", "B"],
    ),
    "a name bound twice": ('fn f() { let k = "A"; let k = "B"; std::env::var(k); }', ["B"]),
}


@pytest.mark.parametrize("case", READS)
def test_the_names_are_known(tmp_path: Path, case: str) -> None:
    code, expected = READS[case]
    use = use_of(tmp_path, {"src/lib.rs": code})
    assert sorted({read.name for read in use.reads}) == expected
    assert use.open_reads == []


OPEN: dict[str, tuple[str, str, str]] = {
    "made by a function of another crate": ("fn f() { std::env::var(other::name()); }", "", ""),
    "a field": ("fn f(c: C) { std::env::var(c.key); }", "", ""),
    "a field with a known beginning": (
        'fn f(c: C) { std::env::var(format!("APP_{}", c.key)); }',
        "APP_",
        "",
    ),
    "a field with a known end": (
        'const E: &str = "_URL";\nfn f(c: C) { std::env::var(format!("{}{E}", c.key)); }',
        "",
        "_URL",
    ),
    "through more functions than are followed": (
        (
            "fn a(k: &str) { std::env::var(k); } fn b(k: &str) { a(k) } fn c(k: &str) { b(k) } "
            'fn d(k: &str) { c(k) } fn e(k: &str) { d(k) } fn g(k: &str) { e(k) } fn f() { g("X") }'
        ),
        "",
        "",
    ),
    "every variable": ("fn f() { for (k, v) in std::env::vars() { show(k, v); } }", "", ""),
    "given to a function of another crate": ("fn f() { other::load(std::env::var); }", "", ""),
}


@pytest.mark.parametrize("case", OPEN)
def test_a_name_that_is_not_in_the_text_is_a_read_of_an_unknown_name(
    tmp_path: Path, case: str
) -> None:
    code, prefix, suffix = OPEN[case]
    use = use_of(tmp_path, {"src/lib.rs": code})
    assert use.reads == []
    (read,) = use.open_reads
    assert (read.prefix, read.suffix, read.provider) == (prefix, suffix, False)
    assert read.why


EXPORTS = {
    "set_var": 'std::env::set_var("X", "1");',
    "remove_var": 'std::env::remove_var("X");',
    "Command::env": 'Command::new("x").env("X", "1");',
    "Command::env_remove": 'Command::new("x").env_remove("X");',
    "temp_env": 'temp_env::with_var("X", Some("1"), || ());',
    "temp_env, several": 'temp_env::with_vars([("X", Some("1"))], || ());',
    "temp_env, unset": 'temp_env::with_var_unset("X", || ());',
    "figment's jail": 'Jail::expect_with(|jail| { jail.set_env("X", 1); Ok(()) });',
    "by constant": 'const K: &str = "X"; std::env::set_var(K, "1");',
}


@pytest.mark.parametrize("case", EXPORTS)
def test_setting_a_variable_is_no_read_of_it(tmp_path: Path, case: str) -> None:
    use = use_of(tmp_path, {"src/lib.rs": f"fn f() {{ {EXPORTS[case]} }}"})
    assert use.reads == []
    assert [export.name for export in use.exports] == ["X"]


def test_handing_on_the_whole_environment_is_no_read(tmp_path: Path) -> None:
    code = 'fn f() { Command::new("x").envs(std::env::vars()); }'
    use = use_of(tmp_path, {"src/lib.rs": code})
    assert (use.reads, use.open_reads) == ([], [])


def test_a_constant_of_another_crate(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "a/src/lib.rs": "pub mod keys;",
            "a/src/keys.rs": 'pub const TOKEN: &str = "A_TOKEN";',
            "b/src/lib.rs": "use a::keys::TOKEN;\nfn f() { std::env::var(TOKEN); }",
        },
    )
    assert [(read.name, read.packages) for read in use.reads] == [("A_TOKEN", ("b",))]


def test_one_name_in_three_crates_is_three_reads(tmp_path: Path) -> None:
    code = 'fn f() { std::env::var("SHARED"); }'
    use = use_of(tmp_path, {f"{name}/src/lib.rs": f"// {name}\n{code}" for name in "abc"})
    assert [(read.name, read.packages) for read in use.reads] == [
        ("SHARED", (name,)) for name in "abc"
    ]


def test_included_code_and_code_that_a_build_makes(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "src/lib.rs": 'include!("more.in");\ninclude!(concat!(env!("OUT_DIR"), "/made.rs"));',
            "src/more.in": 'fn f() { std::env::var("INCLUDED"); }',
        },
    )
    assert {(read.name, read.kind) for read in use.reads} == {
        ("INCLUDED", Kind.RUNTIME),
        ("OUT_DIR", Kind.COMPILE),
    }


def test_what_a_build_script_watches_is_of_the_build(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "src/lib.rs": "",
            "build.rs": 'const K: &str = "B";\nfn main() {\n'
            'println!("cargo:rerun-if-env-changed=A");\n'
            'println!("cargo::rerun-if-env-changed={}", K);\n'
            'println!("cargo:rerun-if-changed=C");\n}',
        },
    )
    assert [(read.name, read.kind) for read in use.reads] == [
        ("A", Kind.BUILD),
        ("B", Kind.BUILD),
    ]


def test_a_file_that_is_not_utf_8_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "latin.rs").write_bytes(b'fn f() { std::env::var("X"); } // \xe9')
    use = use_of(tmp_path, {"src/lib.rs": "mod latin;"})
    assert [read.name for read in use.reads] == ["X"]


def test_modules_that_are_links_in_a_circle_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.rs").symlink_to("b.rs")
    (tmp_path / "src/b.rs").symlink_to("a.rs")
    (tmp_path / "src/deep").symlink_to(".")
    use = use_of(
        tmp_path, {"src/lib.rs": 'mod a; mod b; mod deep;\nfn f() { std::env::var("X"); }'}
    )
    assert [read.name for read in use.reads] == ["X"]


def test_a_function_that_many_types_have_is_not_guessed(tmp_path: Path) -> None:
    types = "".join(
        f"struct T{n}; impl T{n} {{ fn fetch(&self, k: &str) {{}} }}\n" for n in range(5)
    )
    use = use_of(
        tmp_path,
        {
            "src/lib.rs": "struct E; impl E { fn fetch(&self, k: &str) { std::env::var(k); } }\n"
            + types
            + 'fn f(e: E, t: T0, x: impl Any) { e.fetch("YES"); t.fetch("NO"); x.y().fetch("?"); }'
        },
    )
    assert [read.name for read in use.reads] == ["YES"]


@pytest.mark.parametrize("form", ["any(test, unix)", 'any(feature = "x", test)'])
def test_code_that_tests_and_others_compile_ships(tmp_path: Path, form: str) -> None:
    code = f'#[cfg({form})]\nfn f() {{ std::env::var("X"); }}'
    assert [read.test for read in use_of(tmp_path, {"src/lib.rs": code}).reads] == [False]
