"""The gate ``hardcoded``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.gates.rust_workspace import sources_of

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.hardcoded import GATE
from gaterun_gates.rust.env_scan import scan
from gaterun_gates.rust.hardcoded_places import places
from gaterun_gates.rust.hardcoded_values import classify, comparable_values


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("http://localhost:8080", "local-url"),
        ("https://127.0.0.1/x", "local-url"),
        ("redis://10.0.0.5:6379/0", "local-url"),
        ("http://[::1]:80", "local-url"),
        ("http://db.prod.internal/x", "local-url"),
        ("postgres://app:secret@db.example.com/app", "credentials"),
        ("localhost:80", "host-port"),
        ("0.0.0.0:9090", "host-port"),
        ("db.example.com:5432", "host-port"),
        ("redis:6379", "host-port"),
        ("[::]:8080", "host-port"),
        ("192.168.1.1", "ip-address"),
        ("::1", "ip-address"),
        ("fe80::1", "ip-address"),
        ("/var/lib/app", "absolute-path"),
        ("/tmp", "absolute-path"),
        ("C:\\data\\x", "absolute-path"),
        ("https://example.com/docs", None),
        ("https://{}:{}", None),
        ("postgres://{user}:{password}@{host}/x", None),
        ("/api/v1/users", None),
        ("/", None),
        ("/dev/null", None),
        ("/proc/self/stat", None),
        ("12:30", None),
        ("a::b", None),
        ("std::env", None),
        ("1.2.3", None),
        ("999.1.1.1", None),
        ("application/json", None),
        ("key:99999999", None),
        ("", None),
    ],
)
def test_kinds_of_values(text: str, kind: str | None) -> None:
    found = classify(text, {})
    assert (found.value.value if found is not None else None) == kind


def test_credentials_are_not_shown() -> None:
    found = classify("postgres://app:hunter2@db/app", {})
    assert found is not None
    assert "hunter2" not in found.shown


def test_short_words_and_numbers_are_not_looked_for() -> None:
    values = comparable_values(
        {
            "A": "info",
            "B": "8080",
            "C": "eu-west-1",
            "D": "true",
            "E": None,
            "F": "eventmesh-data",
            "G": "disabled",
        }
    )
    assert values == {"eu-west-1": "C", "eventmesh-data": "F"}


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


def total(measurement: gaterun.Measurement) -> object:
    found = measurement.metrics["total"]
    assert isinstance(found, gaterun.Measured)
    return found.value


NOT_COUNTED = {
    "documentation": "/// http://localhost:1\n//! http://localhost:1\nfn f() {}",
    "an attribute": '#[doc = "http://localhost:1"]\n#[arg(default_value = "0.0.0.0:80")]\nfn f() {}',
    "a message": 'fn f() { println!("0.0.0.0:80"); tracing::info!("0.0.0.0:80"); '
    'panic!("0.0.0.0:80"); g().expect("0.0.0.0:80"); }',
    "a comparison": 'fn f(h: &str) -> bool { h == "127.0.0.1" || h.starts_with("/var/log/x") }',
    "a pattern": 'fn f(h: &str) { match h { "127.0.0.1" | "0.0.0.0" => 1, _ => 2 } }',
    "a default": 'fn f() { std::env::var("A").ok().unwrap_or_else(|| "0.0.0.0:80".into()); }',
    "a pattern with a condition": "fn f(h: &str, b: bool) -> bool "
    '{ matches!(h, "127.0.0.1" | "0.0.0.0" if b) }',
    "a default in a match": 'fn f() { match std::env::var("A") { Ok(v) => v, '
    'Err(_) => "0.0.0.0:80".into() } }',
    "a default given to a function": "fn or(k: &str, d: &str) -> String "
    '{ std::env::var(k).unwrap_or(d.into()) }\nfn f() { or("A", "0.0.0.0:80"); }',
    "a default function": 'fn default_bind() -> String { "0.0.0.0:80".into() }',
    "an impl of Default": 'impl Default for C { fn default() -> C { C { b: "0.0.0.0:80" } } }',
    "a test": '#[cfg(test)] mod t { fn f() { g("0.0.0.0:80"); } }',
    "bytes": 'fn f() { g(b"0.0.0.0:80"); }',
    "a hole": 'fn f(p: u16) { format!("{}:{}", h, p); format!("0.0.0.0:{p}"); }',
}


@pytest.mark.cargo
@pytest.mark.parametrize("place", NOT_COUNTED)
def test_places_that_do_not_count(tmp_path: Path, place: str) -> None:
    assert total(measured(tmp_path, NOT_COUNTED[place])) == 0


COUNTED = {
    "an argument": 'fn f() { g("0.0.0.0:80"); }',
    "a field": 'fn f() -> C { C { bind: "0.0.0.0:80".to_string() } }',
    "a raw string": 'fn f() { g(r"C:\\data\\x"); }',
    "a local": 'fn f() { let bind = "0.0.0.0:80"; }',
    "a macro": 'fn f() { vec!["0.0.0.0:80"]; }',
    "a text with holes": 'fn f(p: u16) { format!("http://localhost:{p}"); }',
    "pieces": 'fn f() { g(concat!("0.0.0.0", ":80")); }',
    "a fallback beside no read": 'fn f(o: Option<&str>) { o.unwrap_or("0.0.0.0:80"); }',
    "a closure": 'fn f(o: Option<&str>) { o.unwrap_or_else(|| "0.0.0.0:80"); }',
    "a closure with an argument": 'fn f(o: Option<u8>) { o.map(|x| "0.0.0.0:80"); }',
}


@pytest.mark.cargo
@pytest.mark.parametrize("place", COUNTED)
def test_places_that_count(tmp_path: Path, place: str) -> None:
    assert total(measured(tmp_path, COUNTED[place])) == 1


@pytest.mark.cargo
def test_allowed_ones_and_constants_are_counted_apart(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        'mod wire;\nconst B: &str = "0.0.0.0:80";\n'
        'fn f() { g("0.0.0.0:81"); } // gaterun: allow hardcoded: a fixed port\n'
        "// gaterun: allow hardcoded: a fixed port\n"
        'fn h() { g("0.0.0.0:82"); }\n'
        "// gaterun: allow hardcoded\n"
        'fn i() { g("0.0.0.0:83"); }\n',
        **{"src/wire.rs": 'fn f() { g("0.0.0.0:84"); }'},
        options={"allow": ["src/wire.rs"]},
    )
    assert total(found) == 1
    assert (found.metrics["allowed"], found.metrics["in_consts"]) == (3, 1)
    assert "no reason" in found.findings[0].message


@pytest.mark.cargo
def test_documented_values_are_found_and_not_shown(tmp_path: Path) -> None:
    found = measured(
        tmp_path,
        'fn f() { g("s3cr3t-token"); }',
        **{".env.example": "TOKEN=s3cr3t-token\nLEVEL=info\n"},
    )
    (finding,) = found.findings
    assert finding.rule == "value-of-a-variable"
    assert "TOKEN" in finding.message
    assert "s3cr3t" not in finding.message


def test_a_kept_literal_counts_by_what_other_files_say_today(tmp_path: Path) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    helper = "pub fn or(k: &str, d: &str) -> String { std::env::var(k).unwrap_or(d.into()) }"
    files = {
        "src/lib.rs": "mod a;\nmod b;\n",
        "src/a.rs": 'use crate::b::or;\nfn f() { or("A", "0.0.0.0:80"); }',
        "src/b.rs": helper,
    }

    def found() -> list[tuple[str, int]]:
        sources = sources_of(root, files, state)
        use = scan(sources, state=state)
        return [(p.path, p.line) for p in places(sources, use, {}, {"app"}, state)]

    assert found() == []
    assert found() == []
    files["src/b.rs"] = helper.replace("std::env::var(k)", "None::<String>")
    assert found() == [("src/a.rs", 2)]
    files["src/b.rs"] = helper
    assert found() == []


def test_a_documented_value_is_looked_for_in_files_that_are_kept(tmp_path: Path) -> None:
    state = tmp_path / "state"
    sources = sources_of(tmp_path / "w", {"src/lib.rs": 'fn f() { g("eu-west-1"); }'}, state)
    use = scan(sources, state=state)
    for variables, expected in (({}, 0), ({"eu-west-1": "REGION"}, 1), ({}, 0)):
        assert len(places(sources, use, variables, {"app"}, state)) == expected


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ('format!("http://{}:{}/x", "localhost", 8080)', "http://localhost"),
        ('format!("{}://{host}/", "https", host = "10.0.0.1")', "https://10.0.0.1"),
        ('format!("{1}:{0}", 8_080u16, "localhost")', "localhost:8080"),
        ('format_args!("/{}/app.toml", "etc")', "/etc/app.toml"),
        ('format!("http://localhost:{}", 80)', "http://localhost"),
        ('format!("http://{}:{}", host(), 8080)', None),
        ('format!("{:?}:{}", "localhost", 8080)', None),
        ('format!("{}:{}", "localhost")', None),
        ('format!("{}:{}", b"localhost", 8080)', None),
        ('println!("{}:{}", "localhost", 8080)', None),
    ],
)
def test_format_of_literals_is_put_together(tmp_path: Path, call: str, shown: str | None) -> None:
    sources = sources_of(tmp_path, {"src/lib.rs": f"pub fn f() {{\n    let _ = {call};\n}}\n"})
    found = places(sources, scan(sources), {}, {"app"})
    assert [place.found.shown for place in found] == ([shown] if shown else [])
