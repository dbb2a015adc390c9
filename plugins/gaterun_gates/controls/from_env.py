"""Workspaces on which ``from-env`` must be red, and green."""

from __future__ import annotations

import gaterun

_MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_LIB = """
pub struct Config { pub port: String }

impl Config {
    pub fn from_env() -> Self {
        Config { port: std::env::var("APP_PORT").unwrap_or_default() }
    }
}

pub fn start() -> Config { Config::from_env() }
"""


def _test(body: str, attribute: str = "#[test]") -> str:
    return f"\n#[cfg(test)]\nmod tests {{\n    use super::*;\n\n    {attribute}\n    fn t() {{ {body} }}\n}}\n"


def _control(
    name: str, lib: str, expect: gaterun.Outcome, rule: str = "", **more: str
) -> gaterun.Control:
    files = {"Cargo.toml": _MANIFEST, "src/lib.rs": lib, **more}
    return gaterun.Control(name=name, expect=expect, files=files, rule=rule)


CONTROLS: tuple[gaterun.Control, ...] = (
    _control(
        "called-by-a-test",
        _LIB + _test('assert_eq!(Config::from_env().port, "");'),
        gaterun.Outcome.PASS,
    ),
    _control(
        "given-as-a-function",
        _LIB + _test('assert_eq!(None.unwrap_or_else(Config::from_env).port, "");'),
        gaterun.Outcome.PASS,
    ),
    _control(
        "called-through-another-function",
        _LIB + _test('assert_eq!(start().port, "");'),
        gaterun.Outcome.PASS,
    ),
    _control("no-test", _LIB, gaterun.Outcome.FAIL, "untested"),
    _control(
        "named-in-a-comment-and-a-string",
        _LIB + _test('let _ = "Config::from_env()"; // Config::from_env()'),
        gaterun.Outcome.FAIL,
        "untested",
    ),
    _control(
        "only-an-ignored-test",
        _LIB + _test("Config::from_env();", "#[test]\n    #[ignore]"),
        gaterun.Outcome.FAIL,
        "untested",
    ),
    _control(
        "a-test-of-another-type",
        _LIB
        + "pub struct Other;\nimpl Other { pub fn from_env() -> Self { Other } }\n"
        + _test("Other::from_env();"),
        gaterun.Outcome.FAIL,
        "untested",
    ),
    _control("no-such-function", "pub fn nothing() {}\n", gaterun.Outcome.INCONCLUSIVE),
)
