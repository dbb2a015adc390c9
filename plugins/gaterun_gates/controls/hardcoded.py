"""Workspaces on which ``hardcoded`` must be red, and green."""

from __future__ import annotations

from collections.abc import Mapping

import gaterun

_MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'


def _control(
    name: str,
    code: str,
    expect: gaterun.Outcome,
    rule: str = "",
    *,
    options: Mapping[str, object] | None = None,
    more: Mapping[str, str] | None = None,
) -> gaterun.Control:
    files = {"Cargo.toml": _MANIFEST, "src/lib.rs": code, **(more or {})}
    return gaterun.Control(
        name=name, expect=expect, files=files, rule=rule, options=dict(options or {})
    )


_FAIL, _PASS = gaterun.Outcome.FAIL, gaterun.Outcome.PASS
_PLAIN = 'pub fn url() -> &\'static str { "http://localhost:8080/health" }\n'

CONTROLS: tuple[gaterun.Control, ...] = (
    _control("local-url", _PLAIN, _FAIL, "local-url"),
    _control(
        "credentials",
        'pub fn dsn() -> &\'static str { "postgres://app:hunter2@db.example.com/app" }\n',
        _FAIL,
        "credentials",
    ),
    _control("host-port", 'pub fn bind() { listen("0.0.0.0:9090"); }\n', _FAIL, "host-port"),
    _control(
        "absolute-path",
        'pub fn log() -> &\'static str { "/var/log/app.log" }\n',
        _FAIL,
        "absolute-path",
    ),
    _control(
        "value-of-a-documented-variable",
        'pub fn bucket() -> &\'static str { "eventmesh-data-eu" }\n',
        _FAIL,
        "value-of-a-variable",
        more={".env.example": "BUCKET=eventmesh-data-eu\n"},
    ),
    _control(
        "in-pieces",
        'pub fn url() -> &\'static str { concat!("http://", "localhost", ":8080") }\n',
        _FAIL,
        "local-url",
    ),
    _control(
        "put-together-by-format",
        'pub fn url() -> String { format!("http://{}:{}/x", "localhost", 8080) }\n',
        _FAIL,
        "local-url",
    ),
    _control(
        "host-and-port-put-together-by-format",
        'pub fn at() -> String { format!("{host}:{}", 8080, host = "localhost") }\n',
        _FAIL,
        "host-port",
    ),
    _control(
        "format-of-what-is-not-known-here",
        'pub fn url(host: &str, port: u16) -> String { format!("http://{host}:{port}/x") }\n'
        'pub fn at(port: u16) -> String { format!("{}:{port}", "example.com") }\n',
        _PASS,
    ),
    _control(
        "allowed-without-a-reason",
        "// gaterun: allow hardcoded\n" + _PLAIN,
        _FAIL,
        "local-url",
    ),
    _control("allowed", "// gaterun: allow hardcoded: a fixed local agent\n" + _PLAIN, _PASS),
    _control(
        "allow-comments-are-counted",
        "// gaterun: allow hardcoded: a fixed local agent\n" + _PLAIN,
        _FAIL,
        options={"require": ["allowed == 0"]},
    ),
    _control(
        "constants-are-counted",
        'pub const URL: &str = "http://localhost:8080";\n',
        _FAIL,
        options={"require": ["in_consts == 0"]},
    ),
    _control(
        "defaults-messages-comparisons-and-tests",
        "//! See http://localhost:8080.\n"
        "pub fn url() -> String {\n"
        '    std::env::var("APP_URL").unwrap_or_else(|_| "http://localhost:8080".into())\n'
        "}\n"
        '#[doc = "http://localhost:1"]\n'
        'pub fn say(h: &str) -> bool { println!("http://localhost:2"); h == "127.0.0.1" }\n'
        'fn default_bind() -> String { "0.0.0.0:80".to_string() }\n'
        'pub fn route() -> &\'static str { "/api/v1/users" }\n'
        'pub fn site() -> &\'static str { "https://example.com/docs" }\n'
        '#[cfg(test)]\nmod tests { fn u() -> &\'static str { "http://localhost:3" } }\n',
        _PASS,
    ),
    gaterun.Control(
        name="no-code",
        expect=gaterun.Outcome.INCONCLUSIVE,
        files={"Cargo.toml": '[workspace]\nmembers = []\nresolver = "2"\n'},
    ),
)
