"""The proof of `break_one_thing.py`, sampled on a workspace of two small crates."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from gaterun.core.controls import commit, git, write_tree

CONFIG = """
pub struct Config {
    pub port: String,
}

impl Config {
    pub fn from_env() -> Self {
        Self {
            port: std::env::var("ONE_PORT").unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_default_is_a_text() {
        assert!(String::new().is_empty());
    }

    #[test]
    fn reads_the_port() {
        assert_eq!(Config::from_env().port, "");
    }
}
"""

WORKSPACE = {
    "Cargo.toml": '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n',
    "Cargo.lock": 'version = 4\n\n[[package]]\nname = "one"\nversion = "1.0.0"\n\n'
    '[[package]]\nname = "two"\nversion = "1.0.0"\n',
    ".gitignore": "target/\n",
    ".env.example": "ONE_PORT=\n",
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- The port.\n\n"
    "[Unreleased]: https://example.com/compare/v1.0.0...HEAD\n",
    "one/Cargo.toml": '[package]\nname = "one"\nversion = "1.0.0"\nedition = "2021"\n',
    "one/src/lib.rs": CONFIG,
    "two/Cargo.toml": '[package]\nname = "two"\nversion = "1.0.0"\nedition = "2021"\n',
    "two/src/lib.rs": "pub fn two() -> u8 {\n    2\n}\n",
}


@pytest.mark.slow
@pytest.mark.cargo
def test_a_defect_turns_exactly_its_gate_red(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "break_one_thing", Path(__file__).with_name("break_one_thing.py")
    )
    assert spec is not None
    assert spec.loader is not None
    proof = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(proof)
    root = tmp_path.resolve() / "workspace"
    root.mkdir()
    git(root, "init", "--quiet")
    write_tree(root, WORKSPACE)
    commit(root, "All is well")
    said: list[str] = []
    assert proof.prove(root, said.append) == [], "\n".join(said)
    caught = {line.split()[1] for line in said if line.split()[0] == "caught"}
    assert caught >= {
        *("build", "changelog", "clippy", "config-audit", "dead-code", "env-coverage"),
        *("from-env", "hardcoded", "target-dir", "tests", "version"),
    }, "\n".join(said)
