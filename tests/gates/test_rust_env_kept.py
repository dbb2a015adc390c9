"""The scan of variables over several runs: the same answers, and only what changed is parsed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gates.rust_workspace import sources_of

from gaterun_gates.rust import parser, syntax
from gaterun_gates.rust.compiled import RustSources
from gaterun_gates.rust.env_reads import EnvUse
from gaterun_gates.rust.env_scan import scan

FILES = {
    "src/lib.rs": "mod keys; mod helpers; mod http; mod db;\n",
    "src/keys.rs": 'pub const PORT: &str = "PORT";',
    "src/helpers.rs": "pub fn env_or(k: &str, d: &str) -> String\n"
    '{ std::env::var(format!("APP_{k}")).unwrap_or(d.into()) }',
    "src/http.rs": "use crate::helpers::env_or;\nuse crate::keys::PORT;\n"
    'fn f() { env_or("HOST", "x"); std::env::var(PORT); }',
    "src/db.rs": 'fn f() { std::env::var("DB_URL").unwrap(); }\n'
    '#[cfg(test)] mod t { fn g() { std::env::set_var("DB_URL", "x"); } }',
    "src/plain.rs": "// nothing",
}


def sources(root: Path, state: Path | None, **changes: str) -> RustSources:
    return sources_of(
        root, FILES | {f"src/{stem}.rs": text for stem, text in changes.items()}, state
    )


def use_of(root: Path, state: Path | None, **changes: str) -> EnvUse:
    return scan(sources(root, state, **changes), state=state)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that are parsed from now on."""
    found: list[bytes] = []

    def parse(data: bytes) -> object:
        found.append(data)
        return parser.parse(data)

    syntax.syntax.cache_clear()
    monkeypatch.setattr(syntax, "parse", parse)
    return found


def reads(use: EnvUse) -> list[tuple[str, str]]:
    return sorted((read.name, read.path) for read in use.reads)


EXPECTED = [("APP_HOST", "src/http.rs"), ("DB_URL", "src/db.rs"), ("PORT", "src/http.rs")]


def test_the_second_run_parses_nothing_and_says_the_same(
    tmp_path: Path, parsed: list[bytes]
) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    first = use_of(root, state)
    assert reads(first) == EXPECTED
    syntax.syntax.cache_clear()
    parsed.clear()
    assert use_of(root, state) == first
    assert parsed == []


def test_a_change_elsewhere_changes_what_an_unchanged_file_reads(tmp_path: Path) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    use_of(root, state)
    prefix = FILES["src/helpers.rs"].replace("APP_", "SRV_")
    assert reads(use_of(root, state, helpers=prefix)) == [
        EXPECTED[1],
        EXPECTED[2],
        ("SRV_HOST", "src/http.rs"),
    ]
    keys = 'pub const PORT: &str = "LISTEN";'
    assert ("LISTEN", "src/http.rs") in reads(use_of(root, state, keys=keys))


def test_after_a_change_only_what_takes_part_is_parsed(tmp_path: Path, parsed: list[bytes]) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    use_of(root, state)
    parsed.clear()
    syntax.syntax.cache_clear()
    other = FILES["src/db.rs"].replace("DB_URL", "DB_DSN")
    changed = use_of(root, state, db=other)
    assert other.encode() in parsed
    assert FILES["src/plain.rs"].encode() not in parsed
    assert FILES["src/lib.rs"].encode() not in parsed
    assert changed == use_of(root, None, db=other)
    assert [(e.name, e.path) for e in changed.exports] == [("DB_DSN", "src/db.rs")]


def test_a_file_that_becomes_a_test_is_one_although_its_bytes_are_the_same(tmp_path: Path) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    assert not any(read.test for read in use_of(root, state).reads)
    lib = "mod keys; mod helpers; mod http;\n#[cfg(test)]\nmod db;\n"
    assert [r.name for r in use_of(root, state, lib=lib).reads if r.test] == ["DB_URL"]


def test_files_of_the_same_bytes_each_have_their_reads(tmp_path: Path) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    call = 'use crate::helpers::env_or;\nfn f() { env_or("SAME", "x"); std::env::var("OWN"); }'
    assert reads(use_of(root, state, http=call, db=call)) == [
        (name, path) for name in ("APP_SAME", "OWN") for path in ("src/db.rs", "src/http.rs")
    ]


def test_wrappers_that_are_told_have_an_answer_of_their_own(tmp_path: Path) -> None:
    root, state = tmp_path / "w", tmp_path / "state"
    db = (
        "struct A; impl A { fn fetch_it(&self, k: &str) { std::env::var(k); } }\n"
        "struct B; impl B { fn fetch_it(&self, k: &str) {} }\n"
        'fn f(x: impl Any) { make().fetch_it("TOLD"); }'
    )
    without = use_of(root, state, db=db)
    assert without.ambiguous == {"A::fetch_it"}
    told = scan(sources(root, state, db=db), wrappers=["A::fetch_it"], state=state)
    assert "TOLD" in {read.name for read in told.reads}
    assert use_of(root, state, db=db) == without
