"""Libraries that read a variable for each field of a struct."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gates.rust_workspace import use_of

C = "struct C { host: String, pool_size: u32 }\n"
NESTED = "struct C { host: String, db: Db }\nstruct Db { url: String, pool: Option<Pool> }\n"
POOL = "struct Pool { size: u32 }\n"

NAMES: dict[str, tuple[str, list[str]]] = {
    "envy with a prefix": (
        C + 'fn f() { envy::prefixed("APP_").from_env::<C>(); }',
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "envy without": (C + "fn f() { envy::from_env::<C>().unwrap(); }", ["HOST", "POOL_SIZE"]),
    "envy, type by let": (
        C + 'fn f() { let c: C = envy::prefixed("APP_").from_env().unwrap(); }',
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "envy, type by the function": (
        C + 'fn f() -> Result<C, envy::Error> { envy::prefixed("APP_").from_env() }',
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "envy, type by Self": (
        C + 'impl C { fn from_env() -> envy::Result<Self> { envy::prefixed("APP_").from_env() } }',
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "envy, prefix by constant": (
        C + 'const P: &str = "APP_";\nfn f() { envy::prefixed(P).from_env::<C>(); }',
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "envy imported": (
        C + 'use envy::prefixed;\nfn f() { prefixed("APP_").from_env::<C>(); }',
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "rename, alias and skip": (
        (
            'struct C { #[serde(rename = "addr")] a: u8, #[serde(default, alias = "b2")] b: u8, '
            "#[serde(skip)] c: u8, #[serde(skip_deserializing)] d: u8, "
            '#[serde(rename(serialize = "x", deserialize = "y"))] e: u8 }\n'
            'fn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        ["A_ADDR", "A_B", "A_B2", "A_Y"],
    ),
    "rename_all": (
        (
            '#[derive(Deserialize)]\n#[serde(rename_all = "SCREAMING_SNAKE_CASE")]\npub struct C '
            '{ pub pool_size: u8 }\nfn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        ["A_POOL_SIZE"],
    ),
    "rename_all in camelCase": (
        (
            '#[serde(rename_all = "camelCase")]\nstruct C { pool_size: u8 }\n'
            'fn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        ["A_POOLSIZE"],
    ),
    "serde in cfg_attr": (
        (
            'struct C { #[cfg_attr(feature = "serde", serde(rename = "r"))] a: u8 }\n'
            'fn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        ["A_R"],
    ),
    "a raw identifier": (
        'struct C { r#type: u8 }\nfn f() { envy::prefixed("A_").from_env::<C>(); }',
        ["A_TYPE"],
    ),
    "flatten": (
        (
            "struct C { a: u8, #[serde(flatten)] rest: R }\nstruct R { b: u8 }\n"
            'fn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        ["A_A", "A_B"],
    ),
    "figment": (
        C + 'fn f() { Figment::new().merge(Env::prefixed("APP_")).extract::<C>(); }',
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "figment, nested by split": (
        (
            "struct C { host: String, db: Db }\nstruct Db { url: String }\n"
            'fn f() { let c: C = Figment::new().merge(Env::prefixed("APP_").split("__"))'
            ".extract().unwrap(); }"
        ),
        ["APP_DB__URL", "APP_HOST"],
    ),
    "figment without split keeps a struct whole": (
        (
            "struct C { host: String, db: Db }\nstruct Db { url: String }\n"
            'fn f() { Figment::from(Env::prefixed("APP_")).extract::<C>(); }'
        ),
        ["APP_DB", "APP_HOST"],
    ),
    "figment's whole environment": (
        C + "use figment::providers::Env;\nfn f() { Figment::from(Env::raw()).extract::<C>(); }",
        ["HOST", "POOL_SIZE"],
    ),
    "config": (
        C + 'fn f() { let s: C = Config::builder().add_source(Environment::with_prefix("app"))'
        ".build().unwrap().try_deserialize().unwrap(); }",
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "config, nested by its separator, which follows the prefix too": (
        (
            "struct C { host: String, db: Db }\nstruct Db { url: String }\nfn f() { "
            'Config::builder().add_source(config::Environment::with_prefix("APP").separator("__"))'
            ".build()?.try_deserialize::<C>() }"
        ),
        ["APP__DB__URL", "APP__HOST"],
    ),
    "config, with a separator of its own after the prefix": (
        (
            "struct C { db: Db }\nstruct Db { url: String }\nfn f() { Config::builder().add_source("
            'Environment::with_prefix("APP").prefix_separator("_").separator("__"))'
            ".build()?.try_deserialize::<C>() }"
        ),
        ["APP_DB__URL"],
    ),
    "config, prefix by method": (
        C + 'fn f() { Config::builder().add_source(config::Environment::default().prefix("APP"))'
        ".build()?.try_deserialize::<C>() }",
        ["APP_HOST", "APP_POOL_SIZE"],
    ),
    "config without a prefix": (
        C + "fn f() { Config::builder().add_source(config::Environment::default())"
        ".build()?.try_deserialize::<C>() }",
        ["HOST", "POOL_SIZE"],
    ),
}


@pytest.mark.parametrize("case", NAMES)
def test_the_fields_of_the_struct_have_variables(tmp_path: Path, case: str) -> None:
    code, expected = NAMES[case]
    use = use_of(tmp_path, {"src/lib.rs": code})
    assert sorted(read.name for read in use.reads) == expected
    assert use.open_reads == []


PATTERNS: dict[str, tuple[str, list[str], list[tuple[str, str]]]] = {
    "a struct of another crate": (
        'fn f() { envy::prefixed("A_").from_env::<other::C>(); }',
        [],
        [("A_", "C is no one struct")],
    ),
    "a type that is inferred": (
        C + 'fn f() { take(envy::prefixed("A_").from_env()); }\nfn take(c: C) {}',
        [],
        [("A_", "not named here")],
    ),
    "a type parameter": (
        'fn f<T>() -> T { envy::prefixed("A_").from_env::<T>() }',
        [],
        [("A_", "T is no one struct")],
    ),
    "two structs of the name": (
        (
            "mod a { pub struct C { x: u8 } }\nmod b { pub struct C { y: u8 } }\nuse a::C;\n"
            'fn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        [],
        [("A_", "C is no one struct")],
    ),
    "deeper than one struct in another": (
        NESTED + POOL + 'fn f() { Figment::from(Env::prefixed("A_").split("__")).extract::<C>(); }',
        ["A_DB__URL", "A_HOST"],
        [("A_DB__POOL__", "deeper")],
    ),
    "a map": (
        (
            "struct C { a: u8, labels: HashMap<String, String> }\nfn f() { "
            'Figment::from(Env::prefixed("A_").split("__")).extract::<C>(); }'
        ),
        ["A_A"],
        [("A_LABELS__", "any key")],
    ),
    "names that are changed on the way": (
        C + 'fn f() { Figment::from(Env::prefixed("A_").map(|k| k.into())).extract::<C>(); }',
        [],
        [("A_", ".map()")],
    ),
    "a separator that is made at run time": (
        C + 'fn f(s: &str) { Figment::from(Env::prefixed("A_").split(s)).extract::<C>(); }',
        [],
        [("A_", "separator")],
    ),
    "a flattened map": (
        (
            "struct C { a: u8, #[serde(flatten)] rest: HashMap<String, String> }\n"
            'fn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        ["A_A"],
        [("A_", "any key")],
    ),
    "a provider that another function uses": (
        C + 'fn provider() -> Env { Env::prefixed("A_") }\nfn f() { provider(); }',
        [],
        [("A_", "not named here")],
    ),
    "a struct that is filled through another type": (
        (
            '#[serde(try_from = "Raw")]\nstruct C { a: u8 }\n'
            'fn f() { envy::prefixed("A_").from_env::<C>(); }'
        ),
        [],
        [("A_", "C is no one struct")],
    ),
    "a struct that holds itself": (
        (
            "struct C { a: u8, next: Option<Box<C>> }\nfn f() { "
            'Figment::from(Env::prefixed("A_").split("__")).extract::<C>(); }'
        ),
        ["A_A", "A_NEXT__A"],
        [("A_NEXT__NEXT__", "deeper")],
    ),
}


@pytest.mark.parametrize("case", PATTERNS)
def test_what_cannot_be_decided_is_a_pattern_and_says_why(tmp_path: Path, case: str) -> None:
    code, names, patterns = PATTERNS[case]
    use = use_of(tmp_path, {"src/lib.rs": code})
    assert sorted(read.name for read in use.reads) == names
    assert [(read.prefix, read.provider) for read in use.open_reads] == [
        (prefix, True) for prefix, _ in patterns
    ]
    for read, (_, why) in zip(use.open_reads, patterns, strict=True):
        assert why in read.why


def test_a_struct_of_another_file_and_crate(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {
            "a/src/lib.rs": "pub mod settings;",
            "a/src/settings.rs": "pub struct Settings { pub port: u16, pub tls: Tls }\n"
            "pub struct Tls { pub cert: String }",
            "b/src/lib.rs": "use a::settings::Settings;\nfn f() -> Result<Settings, E> { "
            'Figment::from(Env::prefixed("B_").split("_")).extract() }',
        },
    )
    assert [(read.name, read.packages) for read in use.reads] == [
        ("B_PORT", ("b",)),
        ("B_TLS_CERT", ("b",)),
    ]


def test_an_unknown_prefix_without_a_struct_may_be_any_name(tmp_path: Path) -> None:
    use = use_of(
        tmp_path,
        {"src/lib.rs": "fn f(p: P) { envy::prefixed(p.name()).from_env::<Other>(); }"},
    )
    (read,) = use.open_reads
    assert (read.prefix, read.provider) == ("", False)
