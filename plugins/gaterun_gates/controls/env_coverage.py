"""Workspaces on which ``env-coverage`` must be red, and green."""

from __future__ import annotations

import gaterun

_MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_LIB = """
use std::env;

pub fn port() -> String {
    env::var("APP_PORT").unwrap_or_else(|_| "8080".to_string())
}
"""


def _workspace(lib: str, example: str, **more: str) -> dict[str, str]:
    return {"Cargo.toml": _MANIFEST, "src/lib.rs": lib, ".env.example": example, **more}


CONTROLS: tuple[gaterun.Control, ...] = (
    gaterun.Control(
        name="documented-and-read",
        expect=gaterun.Outcome.PASS,
        files=_workspace(_LIB, "# APP_PORT=8080\n"),
    ),
    gaterun.Control(
        name="read-and-not-documented",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(_LIB + 'pub fn h() { env::var("APP_HOST").ok(); }\n', "APP_PORT=8080\n"),
        rule="undocumented",
    ),
    gaterun.Control(
        name="documented-and-read-by-nothing",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(_LIB, "APP_PORT=8080\nAPP_LEGACY=1\n"),
        rule="unread",
    ),
    gaterun.Control(
        name="named-in-a-comment-only",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(_LIB + '// env::var("APP_HOST")\n', "APP_PORT=8080\nAPP_HOST=x\n"),
        rule="unread",
    ),
    gaterun.Control(
        name="read-by-a-test-only",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(
            _LIB + "#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() { "
            'let _ = std::env::var("APP_HOST").is_ok(); }\n}\n',
            "APP_PORT=8080\nAPP_HOST=x\n",
        ),
        rule="unread",
    ),
    gaterun.Control(
        name="read-and-thrown-away",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(
            _LIB + 'pub fn h() { let _ = env::var("APP_HOST"); }\n', "APP_PORT=8080\nAPP_HOST=x\n"
        ),
        options={"require": ["missing == 0"]},
        rule="missing",
    ),
    gaterun.Control(
        name="read-in-a-file-that-nothing-compiles",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(
            _LIB,
            "APP_PORT=8080\nAPP_HOST=x\n",
            **{"src/old.rs": 'pub fn h() { std::env::var("APP_HOST").ok(); }\n'},
        ),
        rule="unread",
    ),
    gaterun.Control(
        name="through-a-function-a-constant-and-a-macro",
        expect=gaterun.Outcome.PASS,
        files=_workspace(
            'const HOST: &str = "APP_HOST";\n'
            "fn or(name: &str, d: &str) -> String "
            "{ std::env::var(name).unwrap_or(d.to_string()) }\n"
            'pub fn show() { println!("{} {}", or("APP_PORT", "1"), or(HOST, "2")); }\n',
            "APP_PORT=1\nAPP_HOST=2\n",
        ),
    ),
    gaterun.Control(
        name="a-field-of-a-struct-that-envy-fills",
        expect=gaterun.Outcome.PASS,
        files=_workspace(
            "pub struct Pool { size: u32, #[allow(unused)] wait: u32 }\n"
            'pub fn pool() -> Pool { envy::prefixed("APP_").from_env().unwrap() }\n',
            "APP_SIZE=1\nAPP_WAIT=2\n",
        ),
    ),
    gaterun.Control(
        name="no-field-of-the-struct-that-envy-fills",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(
            "pub struct Pool { size: u32 }\n"
            'pub fn pool() -> Pool { envy::prefixed("APP_").from_env().unwrap() }\n',
            "APP_SIZE=1\nAPP_LEGACY=2\n",
        ),
        rule="unread",
    ),
    gaterun.Control(
        name="the-list-was-shortened",
        expect=gaterun.Outcome.FAIL,
        files=_workspace(_LIB, "APP_PORT=8080\n"),
        options={"require": ["required == 2", "undocumented == 0"]},
        metrics=("required",),
    ),
    gaterun.Control(
        name="name-made-at-run-time",
        expect=gaterun.Outcome.INCONCLUSIVE,
        files=_workspace(
            _LIB + "pub fn any(n: &str) { for x in names() { std::env::var(x).ok(); } }\n"
            "fn names() -> Vec<String> { Vec::new() }\n",
            "APP_PORT=8080\nAPP_HOST=x\n",
        ),
    ),
    gaterun.Control(
        name="nothing-documents-anything",
        expect=gaterun.Outcome.INCONCLUSIVE,
        files={"Cargo.toml": _MANIFEST, "src/lib.rs": _LIB},
    ),
)
