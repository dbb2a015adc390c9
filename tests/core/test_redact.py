from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.core.environment import chosen
from gaterun.core.execute import Processes
from gaterun.core.redact import _OVERLAP, _PIECE, Redactor, secrets_of, worth_hiding

TOKENS = (
    "ghp_" + "a1B2" * 9,
    "ghs_" + "Zz09" * 9,
    "github_pat_" + "11ABCDEFG0_" * 3,
    "glpat-" + "x1-_" * 5,
    "AKIAIOSFODNN7EXAMPLE",
    "cio" + "Ab12" * 8,
    "npm_" + "Ab12" * 9,
    "xoxb-12345678901-abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj3\n-----END RSA PRIVATE KEY-----",
)

#: What compilers say all day and is no secret.
HARMLESS = (
    "path+file:///home/me/ws/crates/api#0.1.0",
    "registry+https://github.com/rust-lang/crates.io-index#serde@1.0.0",
    "ssh://git@github.com/me/repo.git",
    'format!("postgres://{user}:{password}@{host}")',
    "http://localhost:8080/a@b",
    "https://example.com:443/@scope/pkg",
    "precious capricious cio cios",
    "eyJ is where base64 of JSON begins",
    "sha256:" + "0f" * 32,
)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:12])
def test_tokens_are_known_by_their_shape(token: str) -> None:
    for before, after in (("", ""), ('{"a":"', '"}'), ("token=", "\n"), ("(", ").")):
        assert Redactor().text(f"{before}{token}{after}") == f"{before}***{after}"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    redactor = Redactor()
    assert redactor.text(text) == text
    assert redactor.clean([text])


def test_who_logs_in_by_a_url_is_hidden() -> None:
    said = "cloning https://me:hunter2@example.com/x, postgres://u:p@db:5432/orders"
    assert (
        Redactor().text(said) == "cloning https://***@example.com/x, postgres://***@db:5432/orders"
    )


def test_a_secret_is_hidden_in_every_form() -> None:
    value = 'p@ss"w\\ord/1'
    redactor = Redactor(secrets_of([value]))
    quoted = json.dumps({"password": value})
    assert redactor.text(f"{value} {quoted} https%3A{'p%40ss%22w%5Cord%2F1'}") == (
        '*** {"password": "***"} https%3A***'
    )


def test_a_secret_of_many_lines_is_hidden_line_by_line() -> None:
    redactor = Redactor(secrets_of(["first-line-1\n  second-line-2\nab\n"]))
    assert redactor.text("x second-line-2 y first-line-1 ab") == "x *** y *** ab"


def test_of_two_secrets_the_longer_is_hidden_first() -> None:
    assert Redactor(["abc123", "abc123456"]).text("abc123456 abc123") == "*** ***"


@pytest.mark.parametrize(
    "value", ["", "short", "postgres", "RELEASE", "123456", "/", str(Path(__file__))]
)
def test_what_is_found_everywhere_is_not_hidden(value: str) -> None:
    assert not worth_hiding(value)
    assert secrets_of([value]) == frozenset()


@pytest.mark.parametrize("value", ["hunter2", "Password", "12345678", "/a+b64/secret==", "a" * 16])
def test_what_is_worth_hiding(value: str) -> None:
    assert worth_hiding(value)


@given(
    st.lists(st.sampled_from(["s3cret-value", "other", "\n", "s3cret-valu", "é"]), max_size=30),
)
def test_texts_and_data_agree(parts: list[str]) -> None:
    redactor = Redactor(["s3cret-value"])
    text = "".join(parts)
    assert redactor.text(text) == text.replace("s3cret-value", "***")
    assert redactor.clean(parts) == ("s3cret-value" not in "\0".join(parts))


@pytest.mark.parametrize("where", [0, 5, _PIECE - 7, _PIECE, _PIECE + 3, 2 * _PIECE - 1])
@pytest.mark.parametrize("token", ["s3cret-value", TOKENS[0], TOKENS[9]], ids=lambda t: t[:8])
def test_a_secret_across_two_pieces_of_a_file(tmp_path: Path, where: int, token: str) -> None:
    path = tmp_path / "log"
    filler = b"filler \n" * (3 * _PIECE // 8)
    path.write_bytes(filler[:where] + b" " + token.encode() + b" " + filler[where:])
    redactor = Redactor(["s3cret-value"])
    log = redactor.look(path, "name")
    redactor.settle()
    expected = filler[:where] + b" *** " + filler[where:]
    assert path.read_bytes() == expected
    assert log.sha256 == hashlib.sha256(expected).hexdigest()
    assert (log.size, log.path) == (len(expected), "name")
    assert [entry.name for entry in tmp_path.iterdir()] == ["log"]


def test_a_file_without_secrets_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"nothing\xff\x00" * 300_000)
    before = path.stat()
    redactor = Redactor(["s3cret-value"])
    log = redactor.look(path)
    redactor.settle()
    assert path.stat() == before or path.stat().st_mtime_ns == before.st_mtime_ns
    assert log.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.stat().st_ino == before.st_ino


def test_a_long_line_costs_no_more_memory_than_a_piece(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as stream:
        for _ in range(64):
            stream.write(b"x" * _PIECE)
        stream.write(b"s3cret-value")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    Redactor(["s3cret-value"]).file(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 20 * _PIECE
    assert path.stat().st_size == 64 * _PIECE + 3
    assert _OVERLAP < _PIECE


def test_a_log_that_cannot_be_cleaned_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"s3cret-value and more")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            Redactor(["s3cret-value"]).file(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b""


# --- in runs -------------------------------------------------------------------------------------


def test_a_gate_reads_what_was_written_and_nobody_after_it(tmp_path: Path) -> None:
    variables = {"PATH": os.environ["PATH"], "DEPLOY_TOKEN": "tok-12345"}
    processes = Processes("r", chosen(("DEPLOY_TOKEN",), variables=variables))
    code = "import os, sys; print(os.environ['DEPLOY_TOKEN']); sys.stderr.write('tok-12345!')"
    done = processes.run([sys.executable, "-c", code], cwd=tmp_path, log=tmp_path / "l")
    assert (done.out(), done.err()) == ("tok-12345\n", "tok-12345!")
    processes.redactor.settle()
    assert (done.out(), done.err()) == ("***\n", "***!")
    assert [log.size for log in done.logs] == [4, 4]
    assert [log.sha256 for log in done.logs] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (done.stdout, done.stderr)
    ]


def test_a_secret_of_a_run_is_nowhere(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child prints it, a gate says it in every field, and somebody types it as an option."""
    value = "tok-5f2c9a"
    monkeypatch.setenv("DEPLOY_TOKEN", value)
    project.write({"gaterun.toml": 'pass_env = ["DEPLOY_TOKEN"]\n'})
    project.gates("leak", "leaky-crash", "leaky-timeout")
    reports = ("json", "junit", "md", "jsonl", "metrics")
    wanted = [f"--report={name}:out/{name}" for name in reports]
    ran = project.run("p", "-p", "leaky", "-vv", *wanted)
    assert ran.outcomes == {
        "1::leak": "fail",
        "1::leaky-crash": "crashed",
        "1::leaky-timeout": "timeout",
    }
    seen = [path for path in project.root.rglob("*") if path.is_file()]
    assert {path.name for path in seen} > set(reports)
    assert [str(path) for path in seen if value.encode() in path.read_bytes()] == []
    assert value not in ran.out + ran.err
    assert b"the token *** is here" in (project.root / "out/json").read_bytes()
    (leak,) = (result for node, result in ran.results.items() if node == "1::leak")
    assert leak.findings[0].message == "the token *** is here"
