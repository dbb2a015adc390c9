"""The gate ``env-coverage``, on a workspace of three crates as real ones are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.env_coverage import GATE
from gaterun_gates.rust.doc_names import words_in_code
from gaterun_gates.rust.env_comparison import alike, same_default

pytestmark = pytest.mark.cargo

EXAMPLE = (Path(__file__).parent / "data/env_coverage/eventmesh.env.example").read_text()

API = """
mod config;
#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_port() { std::env::set_var("EVENTMESH_API_PORT", "1"); }
    #[test]
    #[ignore]
    fn reads_the_host() { std::env::set_var("EVENTMESH_API_HOST", "1"); }
}
"""
CONFIG = """
use eventmesh_core::env_or;
use std::env;

pub struct ApiConfig { pub host: String, pub port: u16, pub timeout: u64 }

impl ApiConfig {
    pub fn from_env() -> Self {
        Self {
            host: env_or("EVENTMESH_API_HOST", "0.0.0.0"),
            port: env::var("EVENTMESH_API_PORT").ok().and_then(|v| v.parse().ok()).unwrap_or(9090),
            timeout: env_or("EVENTMESH_API_TIMEOUT_SECS", "30").parse().unwrap(),
        }
    }
}
"""
CORE = """
pub fn env_or(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_string())
}
"""
PERSISTENCE = """
const PREFIX: &str = "EVENTMESH_DB";
pub fn url() -> String { std::env::var(format!("{PREFIX}_URL")).unwrap() }
pub fn size() -> String { std::env::var("EVENTMESH_DB_POOL_SZE").unwrap() }
"""
POOL = """
#[derive(clap::Parser)]
pub struct Args {
    #[arg(long, env = "EVENTMESH_POOL_MAX", default_value_t = 16)]
    max: u32,
    #[arg(long, env = "EVENTMESH_POOL_SECRET")]
    secret: String,
}
"""


def workspace(root: Path, **changes: str | None) -> Path:
    files: dict[str, str | None] = {
        "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nresolver = "2"\n',
        ".env.example": EXAMPLE,
        "crates/api/src/lib.rs": API,
        "crates/api/src/config.rs": CONFIG,
        "crates/core/src/lib.rs": CORE,
        "crates/persistence/src/lib.rs": PERSISTENCE,
        "crates/pool/src/lib.rs": POOL,
    }
    for crate in ("api", "core", "persistence", "pool"):
        files[f"crates/{crate}/Cargo.toml"] = (
            f'[package]\nname = "eventmesh-{crate}"\nversion = "0.1.0"\nedition = "2021"\n'
        )
    for name, content in (files | changes).items():
        if content is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    return root


def measured(root: Path, **options: Any) -> gaterun.Measurement:
    return measure_gate(GATE, root, options=options)


def value(measurement: gaterun.Measurement, name: str) -> object:
    found = measurement.metrics[name]
    return found.value if isinstance(found, gaterun.Measured) else found


def rules(measurement: gaterun.Measurement, rule: str) -> list[str]:
    return [f.message.split()[0] for f in measurement.findings if f.rule == rule]


def test_the_three_crates_of_the_seed(tmp_path: Path) -> None:
    found = measured(workspace(tmp_path), crates=["api", "persistence", "pool"])
    numbers = {name: value(found, name) for name in found.metrics}
    assert numbers["required"] == 8
    assert numbers["implemented"] == 5
    assert rules(found, "missing") == [
        "EVENTMESH_DB_POOL_SIZE",
        "EVENTMESH_POOL_LEGACY",
        "RUST_LOG",
    ]
    assert rules(found, "undocumented") == ["EVENTMESH_DB_POOL_SZE", "EVENTMESH_POOL_SECRET"]
    assert rules(found, "unread") == ["EVENTMESH_DB_POOL_SIZE", "EVENTMESH_POOL_LEGACY"]
    assert rules(found, "near-miss") == ["EVENTMESH_DB_POOL_SIZE"]
    assert rules(found, "duplicate") == ["EVENTMESH_DB_POOL_SIZE"]
    assert [f.path for f in found.findings if f.rule == "default-mismatch"] == [
        "crates/api/src/config.rs"
    ]
    assert (numbers["tested"], numbers["untested"]) == (1, 7)
    implemented = found.metrics["implemented"]
    assert isinstance(implemented, gaterun.Measured)
    assert implemented.breakdown == {
        "eventmesh-api": 3,
        "eventmesh-persistence": 1,
        "eventmesh-pool": 1,
    }


def test_no_documented_value_is_shown(tmp_path: Path) -> None:
    found = measured(workspace(tmp_path))
    shown = " ".join([*found.notes, *(f"{f.message} {f.help}" for f in found.findings)])
    assert "postgres" not in shown
    assert "9090" not in shown


def test_a_crate_may_be_named_by_folder_package_or_last_part(tmp_path: Path) -> None:
    workspace(tmp_path)
    for name in ("api", "crates/api", "eventmesh-api", "eventmesh_api"):
        assert value(measured(tmp_path, crates=[name]), "implemented") == 3


def test_a_crate_that_is_not_there_gives_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measured(workspace(tmp_path), crates=["persistance"])
    assert caught.value.reason is gaterun.Reason.NO_INPUT
    assert "eventmesh-persistence" in caught.value.help


def test_without_documentation_and_names_there_is_no_verdict(tmp_path: Path) -> None:
    workspace(tmp_path, **{".env.example": None})
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measured(tmp_path)
    assert caught.value.reason is gaterun.Reason.NO_INPUT


def test_a_list_of_names_needs_no_env_file(tmp_path: Path) -> None:
    workspace(tmp_path, **{".env.example": None})
    names = ["EVENTMESH_API_PORT", "EVENTMESH_API_PORT", "EVENTMESH_NOT_THERE"]
    found = measured(tmp_path, names=names)
    assert value(found, "required") == 2
    assert rules(found, "missing") == ["EVENTMESH_NOT_THERE"]
    assert value(found, "undocumented") is None
    assert rules(found, "undocumented") == []


def test_markdown_documents_in_code_and_tables_only(tmp_path: Path) -> None:
    workspace(
        tmp_path,
        **{
            "docs/env.md": "| name | meaning |\n|---|---|\n| EVENTMESH_POOL_SECRET | x |\n\n"
            "EVENTMESH_DB_POOL_SZE is prose.\n"
        },
    )
    found = measured(tmp_path, docs=["docs/**/*.md"])
    assert rules(found, "undocumented") == ["EVENTMESH_DB_POOL_SZE"]


def test_ignored_names_need_no_documentation(tmp_path: Path) -> None:
    found = measured(workspace(tmp_path), ignore=["EVENTMESH_POOL_*", "*SZE", "RUST_LOG"])
    assert rules(found, "undocumented") == []
    assert rules(found, "unread") == ["EVENTMESH_DB_POOL_SIZE"]


def test_names_that_cargo_or_a_build_script_sets_are_not_undocumented(tmp_path: Path) -> None:
    workspace(
        tmp_path,
        **{
            "crates/core/src/lib.rs": CORE + 'pub const V: &str = env!("CARGO_PKG_VERSION");\n'
            'pub const H: &str = env!("GIT_HASH");\npub const K: Option<&str> = '
            'option_env!("API_KEY");\n',
            "crates/core/build.rs": 'fn main() { println!("cargo:rustc-env=GIT_HASH={}", '
            'std::env::var("TARGET").unwrap()); }\n',
        },
    )
    assert rules(measured(tmp_path, crates=["core"]), "undocumented") == ["API_KEY"]


def test_a_name_made_at_run_time_leaves_the_unread_undecided(tmp_path: Path) -> None:
    example = "EVENTMESH_API_HOST=1\nEVENTMESH_API_PORT=2\nEVENTMESH_API_TIMEOUT_SECS=3\nQ_ONE=4\n"
    core = CORE + 'pub fn any(s: &S) { std::env::var(format!("Q_{}", s.name)).unwrap(); }\n'
    workspace(tmp_path, **{".env.example": example, "crates/core/src/lib.rs": core})
    found = measured(tmp_path)
    assert value(found, "dynamic") == 1
    assert value(found, "unread") is None
    (tmp_path / ".env.example").write_text(example.replace("Q_ONE", "R_ONE"))
    assert value(measured(tmp_path), "unread") == 1


def test_files_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    workspace(tmp_path)
    with (tmp_path / "crates/core/src/lib.rs").open("ab") as file:
        file.write(b"// \xe9\n")
    assert value(measured(tmp_path), "parse_errors") == 1


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("DB_POOL_SIZE", "DB_POOL_SZE", True),
        ("EVENTMESH_DB_URL", "DB_URL", True),
        ("DBPOOL_SIZE", "DB_POOL_SIZE", True),
        ("HOST", "PORT", False),
        ("API_HOST", "API_PORT", True),
        ("DB_URL", "API_TOKEN", False),
    ],
)
def test_names_that_look_alike(left: str, right: str, *, expected: bool) -> None:
    assert alike(left, right) is expected


def test_defaults_are_compared_by_meaning() -> None:
    assert same_default("10_000", "10000")
    assert same_default("30u64", '"30"')
    assert same_default("true", "yes")
    assert not same_default("info", "warn")


def test_words_in_code_are_not_words_in_prose() -> None:
    assert words_in_code("PROSE `SPAN`\n\n```sh\nexport FENCE=1\n```\n") >= {"SPAN", "FENCE"}
    assert "PROSE" not in words_in_code("PROSE `SPAN`")


def test_a_prefix_that_a_library_reads_counts_and_is_said(tmp_path: Path) -> None:
    pool = 'pub fn f() -> other::C { envy::prefixed("EVENTMESH_POOL_").from_env().unwrap() }\n'
    found = measured(workspace(tmp_path, **{"crates/pool/src/lib.rs": pool}), crates=["pool"])
    assert value(found, "implemented") == 2
    assert "EVENTMESH_POOL_LEGACY" not in rules(found, "unread")
    assert (
        "read as a whole, by prefix: EVENTMESH_POOL_* (C is no one struct of this workspace)"
        in found.notes
    )
    assert (
        "implemented by such a prefix alone: EVENTMESH_POOL_MAX, EVENTMESH_POOL_LEGACY"
        in found.notes
    )


def test_the_fields_of_a_struct_of_this_workspace_are_names(tmp_path: Path) -> None:
    pool = "pub struct Pool { max: u32 }\n"
    pool += 'pub fn f() -> Pool { envy::prefixed("EVENTMESH_POOL_").from_env().unwrap() }\n'
    found = measured(workspace(tmp_path, **{"crates/pool/src/lib.rs": pool}), crates=["pool"])
    assert value(found, "implemented") == 1
    assert "EVENTMESH_POOL_LEGACY" in rules(found, "unread")
