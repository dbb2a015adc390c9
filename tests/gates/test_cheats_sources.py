"""Cheats against the gates that read sources and documents: each is red."""

from __future__ import annotations

from pathlib import Path

import pytest
from cheats import assert_not_green, case, crate

from gaterun.model.gate import Control

CONFIG = (
    "pub struct Config {\n    pub port: String,\n}\n\nimpl Config {\n"
    "    pub fn from_env() -> Self {\n"
    '        Config { port: std::env::var("APP_PORT").unwrap_or_default() }\n    }\n}\n\n'
    "pub fn start() -> Config {\n    Config::from_env()\n}\n"
)
FUNCTIONS = "".join(f"pub fn f{n}(v: u32) -> u32 {{\n    v * {n}\n}}\n" for n in range(12))

CASES = [
    case(
        "env: the list shrinks",
        "env-coverage",
        crate(
            'pub fn a() -> Option<String> {\n    std::env::var("APP_A").ok()\n}\n',
            **{".env.example": "APP_A=1\n"},
        ),
        {"require": ["undocumented == 0", "unread == 0"], "ratchet": ["implemented"]},
        base=crate(
            'pub fn a() -> Option<String> {\n    std::env::var("APP_A").ok()\n}\n'
            'pub fn b() -> Option<String> {\n    std::env::var("APP_B").ok()\n}\n',
            **{".env.example": "APP_A=1\nAPP_B=1\n"},
        ),
    ),
    case(
        "from_env: called without a variable or an assertion",
        "from-env",
        crate(
            f"{CONFIG}\n#[cfg(test)]\nmod tests {{\n    #[test]\n    fn t() {{\n"
            "        let _ = super::Config::from_env();\n    }\n}\n"
        ),
        {"require": ["untested == 0", "tested_without_env == 0"]},
    ),
    case(
        "version: a badge and a snippet deleted with their place",
        "version",
        crate("", **{"README.md": "Demo\n"}),
        {"require": "mismatches == 0", "ratchet": ["places"]},
        base=crate("", **{"README.md": '```toml\none = "0.1"\n```\n'}),
    ),
    case(
        "LOC: minified",
        "loc",
        crate(FUNCTIONS.replace("\n", " ")),
        {"require": "removed >= 10"},
        base=crate(FUNCTIONS),
    ),
    case(
        "LOC: reformatted wider, seen",
        "config-audit",
        crate(FUNCTIONS, **{"rustfmt.toml": "max_width = 200\n"}),
        {"require": "notes == 0"},
        base=crate(FUNCTIONS),
        rule="rustfmt",
    ),
]


@pytest.mark.parametrize(("gate", "control"), CASES)
def test_it_is_not_green(gate: str, control: Control, tmp_path: Path) -> None:
    assert_not_green(gate, control, tmp_path)
