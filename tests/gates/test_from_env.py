"""The gate ``from-env``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.from_env import GATE
from gaterun_gates.rust.from_env_probe import instrument

pytestmark = pytest.mark.cargo

CONFIG = """
#[derive(Default)]
pub struct Config { pub port: String }
impl Config {
    pub fn from_env() -> Self { Config { port: std::env::var("P").unwrap_or_default() } }
}
"""


def measured(root: Path, lib: str, **more: Any) -> gaterun.Measurement:
    options = more.pop("options", {})
    files = {
        "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n',
        "src/lib.rs": lib,
        **more,
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return measure_gate(GATE, root, options=options)


def states(measurement: gaterun.Measurement) -> dict[str, object]:
    return {
        name: found.value if isinstance(found, gaterun.Measured) else found
        for name, found in measurement.metrics.items()
    }


def test(body: str) -> str:
    return f"#[cfg(test)] mod tests {{ use super::*; #[test] fn t() {{ {body} }} }}"


test.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [
        "Config::from_env();",
        "crate::Config::from_env();",
        "None.unwrap_or_else(Config::from_env);",
        "<Config>::from_env();",
        'assert_eq!(Config::from_env().port, "");',
        "use crate::Config as C; C::from_env();",
        "type C = Config; C::from_env();",
    ],
)
def test_a_direct_call_is_a_test(tmp_path: Path, body: str) -> None:
    assert states(measured(tmp_path, CONFIG + test(body)))["tested"] == 1


@pytest.mark.parametrize(
    "body",
    [
        '"Config::from_env()";',
        "Other::from_env();",
        "from_env();",
        "Config::default();",
        "/* Config::from_env() */",
    ],
)
def test_what_only_looks_like_a_call_is_none(tmp_path: Path, body: str) -> None:
    found = states(measured(tmp_path, CONFIG + test(body)))
    assert (found["tested"], found["untested"]) == (0, 1)


def test_calls_are_followed_through_the_workspace(tmp_path: Path) -> None:
    lib = CONFIG + (
        "pub struct App; impl App { pub fn boot() -> Self { load(); App } }\n"
        "fn load() -> Config { Config::from_env() }\n"
    )
    assert states(measured(tmp_path, lib))["untested"] == 1
    found = measured(tmp_path, lib, **{"tests/it.rs": "#[test] fn t() { app::App::boot(); }"})
    assert states(found)["tested"] == 1


def test_a_static_that_is_filled_on_first_use_is_followed(tmp_path: Path) -> None:
    lib = CONFIG + "static CONFIG: LazyLock<Config> = LazyLock::new(Config::from_env);\n"
    assert states(measured(tmp_path, lib + test("CONFIG.port.len();")))["tested"] == 1


def test_a_default_that_reads_the_environment_is_followed(tmp_path: Path) -> None:
    lib = CONFIG.replace("#[derive(Default)]", "") + (
        "impl Default for Config { fn default() -> Self { Self::from_env() } }\n"
    )
    assert states(measured(tmp_path, lib + test("Config::default();")))["tested"] == 1


def test_an_ignored_test_is_no_test(tmp_path: Path) -> None:
    lib = CONFIG + test("Config::from_env();").replace("#[test]", "#[test] #[ignore]")
    found = measured(tmp_path, lib)
    assert states(found)["untested"] == 1
    assert "ignored" in found.findings[0].message


def test_generic_calls_and_macros_are_undecided(tmp_path: Path) -> None:
    lib = (
        "pub trait FromEnv: Sized { fn from_env() -> Self; }\n"
        "pub struct A; impl FromEnv for A { fn from_env() -> Self { A } }\n"
        "fn make<T: FromEnv>() -> T { T::from_env() }\n"
        "macro_rules! config { ($n:ident) => { impl $n { pub fn from_env() -> Self { $n } } } }\n"
        "pub struct B; config!(B);\n"
        "#[cfg(test)] mod tests { use super::*; fn made<T: FromEnv>() -> T { T::from_env() }\n"
        "#[test] fn t() { made::<A>(); } }\n"
    )
    found = states(measured(tmp_path, lib))
    assert (found["tested"], found["untested"], found["undecided"]) == (0, 0, 2)


def test_a_documentation_example_decides_nothing(tmp_path: Path) -> None:
    lib = "/// ```\n/// app::Config::from_env();\n/// ```\n" + CONFIG.strip()
    assert states(measured(tmp_path, lib))["undecided"] == 1


def test_uncalled_and_untested_are_different_things(tmp_path: Path) -> None:
    lib = CONFIG + "pub fn start() { Config::from_env(); }\n"
    called = states(measured(tmp_path, lib))
    assert (called["untested"], called["uncalled"]) == (1, 0)
    inert = states(measured(tmp_path, CONFIG + test("Config::from_env();")))
    assert (inert["untested"], inert["uncalled"]) == (0, 1)


def test_a_test_that_sets_no_variable_is_counted(tmp_path: Path) -> None:
    bare = states(measured(tmp_path, CONFIG + test("Config::from_env();")))
    assert bare["tested_without_env"] == 1
    setting = test('std::env::set_var("P", "1"); Config::from_env();')
    assert states(measured(tmp_path, CONFIG + setting))["tested_without_env"] == 0


def test_a_helper_that_sets_variables_is_seen(tmp_path: Path) -> None:
    helper = "#[cfg(test)] struct Env; #[cfg(test)] impl Env { fn with(v: &[(&str, &str)]) {"
    helper += " for (k, v) in v { std::env::set_var(k, v); } } }\n"
    lib = CONFIG + helper + test('Env::with(&[("P", "1")]); Config::from_env();')
    assert states(measured(tmp_path, lib))["tested_without_env"] == 0


def test_two_types_of_one_name_in_two_modules(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        "pub mod a; pub mod b;" + test("a::Config::from_env();"),
        **{"src/a.rs": CONFIG, "src/b.rs": CONFIG},
    )
    numbers = states(found)
    assert numbers["total"] == 2
    assert [f.path for f in found.findings if f.rule in {"untested", "undecided"}] == ["src/b.rs"]


def test_variants_of_the_name(tmp_path: Path) -> None:
    lib = (
        "struct A; impl A { fn try_from_env() {} fn from_env_with_prefix() {} "
        "fn from_environment() {} fn read_from_env() {} }\nfn from_env() {}\n"
    )
    assert states(measured(tmp_path, lib))["total"] == 3


def test_no_such_function_is_nothing_inspected(tmp_path: Path) -> None:
    assert measured(tmp_path, "pub fn f() {}").inspected == {"functions": 0}


def test_a_mark_is_written_at_each_place() -> None:
    text = instrument(b"fn a() {}fn b() {}", [(8, "/x/1"), (17, "/x/2")]).decode()
    assert text == (
        'fn a() { let _ = ::std::fs::write("/x/1", b"1"); }'
        'fn b() { let _ = ::std::fs::write("/x/2", b"1"); }'
    )


def test_the_probe_decides_what_the_text_leaves_open(tmp_path: Path) -> None:
    lib = (
        "pub trait FromEnv: Sized { fn from_env() -> Self; }\n"
        "pub struct A; impl FromEnv for A { fn from_env() -> Self { A } }\n"
        "pub struct B; impl FromEnv for B { fn from_env() -> Self { B } }\n"
        "#[cfg(test)] mod tests { use super::*; fn made<T: FromEnv>() -> T { T::from_env() }\n"
        "#[test] fn t() { made::<A>(); } }\n"
    )
    found = measured(tmp_path, lib, options={"probe": True})
    numbers = states(found)
    assert (numbers["tested"], numbers["untested"], numbers["undecided"]) == (1, 1, 0)
    assert [f.line for f in found.findings if f.rule == "untested"] == [3]
    assert (tmp_path / "src/lib.rs").read_text() == lib


def test_a_copy_that_does_not_build_leaves_the_text_to_decide(tmp_path: Path) -> None:
    lib = CONFIG + test("Config::from_env();") + "\nfn broken() -> u8 { missing }\n"
    found = measured(tmp_path, lib, options={"probe": True})
    assert states(found)["tested"] == 1
    assert any("does not build" in note for note in found.notes)
