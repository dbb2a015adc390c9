from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.prose.badges import find_badges
from gaterun_gates.prose.semver_text import is_semver, mentions, precedence
from gaterun_gates.prose.snippets import find_snippets
from gaterun_gates.prose.stated_version import Stated
from gaterun_gates.prose.version_scan import (
    find_declared,
    find_stale,
    is_history,
    is_scanned,
    scan_file,
)

NAMES = {"em-core", "em_util"}

_numbers = st.integers(min_value=0, max_value=10**6)
_versions = st.builds(lambda a, b, c: f"{a}.{b}.{c}", _numbers, _numbers, _numbers)


def test_precedence_is_that_of_the_specification() -> None:
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
               "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0"]  # fmt: skip

    assert sorted({*ordered}, key=precedence) == ordered
    assert precedence("1.0.0+a") == precedence("1.0.0+b")


@pytest.mark.parametrize("text", ["1.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0 ", ""])
def test_what_is_no_semantic_version(text: str) -> None:
    assert not is_semver(text)
    with pytest.raises(ValueError, match="not a semantic version"):
        precedence(text)


@given(_versions, _versions)
def test_a_version_is_found_in_a_sentence_and_not_in_others(one: str, other: str) -> None:
    assert mentions(f"Since v{one}.", one)
    assert mentions(f"/{one}/", one)
    assert mentions(f"demo-{one}.tar.gz", one)
    assert not mentions(f"1{one}", one)
    assert not mentions(f"{one}0", one)
    assert not mentions(f"3.{one}", one)
    assert not mentions(f"{one}-rc.1", one)
    if one != other:
        assert not mentions(f" {other} ", one)


def _snippets(text: str) -> list[tuple[int, str, str, bool]]:
    return [(s.line, s.package, s.text, s.requirement) for s in find_snippets(text, NAMES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('em-core = "2"', ("em-core", "2", True)),
        ("em-core = '2.0'", ("em-core", "2.0", True)),
        ('//! em-core = "1.9"', ("em-core", "1.9", True)),
        ('em-core = { version = "1.9", features = ["x"] }', ("em-core", "1.9", True)),
        ('em-core = { features = ["x"], version = "=1.9.0" }', ("em-core", "=1.9.0", True)),
        ('core = { package = "em-core", version = "1.9" }', ("em-core", "1.9", True)),
        ('em-core = {\n  version = "1.9"\n}', ("em-core", "1.9", True)),
        ('[dependencies.em-core]\nfeatures = []\nversion = "1.9"', ("em-core", "1.9", True)),
        ('em-core.version = "1.9"', ("em-core", "1.9", True)),
        ("$ cargo install em-core --version 1.9.0", ("em-core", "1.9.0", False)),
        ("cargo install --locked --version ^1.9 em-core", ("em-core", "^1.9", True)),
        ("cargo install em-core@1.9.0 --locked", ("em-core", "1.9.0", True)),
        ("cargo add em-core@2 other@1", ("em-core", "2", True)),
        ("`cargo install em_util --vers 1.9.0`", ("em_util", "1.9.0", False)),
    ],
)
def test_install_instructions(text: str, expected: tuple[str, str, bool]) -> None:
    assert [found[1:] for found in _snippets(text)] == [expected]


@pytest.mark.parametrize(
    "text",
    ['other = "2.0.0"', 'em-core = "x.y.z"', 'em-core = "{version}"', "em-core 2.0.0",
     'my-em-core = "1.9"', "cargo install other --version 1.9.0", 'em-core = { path = "../core" }',
     "cargo install em-core", 'name = "em-core"'],
)  # fmt: skip
def test_what_is_no_instruction_for_ours(text: str) -> None:
    assert _snippets(text) == []


def test_lines_of_install_instructions() -> None:
    text = '# X\n\n```toml\n[dependencies]\nother = "1"\nem-core = "1.9"\n```\n'

    assert [found[0] for found in _snippets(text)] == [6]


@pytest.mark.parametrize(
    ("url", "version"),
    [
        ("https://img.shields.io/badge/version-2.0.0-blue", "2.0.0"),
        ("https://img.shields.io/badge/version-2.0.0--rc.1-blue.svg", "2.0.0-rc.1"),
        ("https://img.shields.io/badge/em__util-v1.9.0-green", "1.9.0"),
        ("https://img.shields.io/badge/Version-1.9.0%2Bbuild-red", "1.9.0+build"),
        ("https://img.shields.io/static/v1?label=version&message=1.9.0&color=red", "1.9.0"),
    ],
)
def test_badges_are_decoded(url: str, version: str) -> None:
    assert [badge.text for badge in find_badges(f"![v]({url})", NAMES)] == [version]


@pytest.mark.parametrize(
    "url",
    ["https://img.shields.io/badge/rust-1.75.0-blue", "https://img.shields.io/crates/v/em-core",
     "https://img.shields.io/badge/license-MIT-blue", "https://img.shields.io/badge/version-2.0-x",
     "https://docs.rs/serde/1.9.0", "https://semver.org/spec/v2.0.0.html"],
)  # fmt: skip
def test_badges_of_other_things(url: str) -> None:
    assert list(find_badges(f"![v]({url})", NAMES)) == []


def _scan(path: str, text: str) -> list[tuple[str, int, str]]:
    return [(item.kind, item.line, item.text) for item in scan_file(path, text, NAMES)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("src/lib.rs", '#![doc(html_root_url = "https://docs.rs/em-core/1.9.0")]',
         ("html_root_url", 1, "1.9.0")),
        ("src/lib.rs", '\npub const VERSION: &str = "1.9.0";\n', ("constant", 2, "1.9.0")),
        ("src/lib.rs", "static APP_VERSION: &'static str = \"v1.9.0\";",
         ("constant", 1, "1.9.0")),
        ("web/package.json", '{\n  "name": "x",\n  "version": "1.9.0"\n}',
         ("package.json", 3, "1.9.0")),
        ("py/pyproject.toml", '[project]\nname = "x"\nversion = "1.9.0"\n',
         ("pyproject.toml", 3, "1.9.0")),
        ("CITATION.cff", "cff-version: 1.2.0\nversion: 1.9.0\n", ("CITATION.cff", 2, "1.9.0")),
        ("chart/Chart.yaml", 'apiVersion: v2\nversion: 0.1.0\nappVersion: "1.9.0"\n',
         ("Chart.yaml", 3, "1.9.0")),
        ("Dockerfile", 'FROM a:1.2.3\nLABEL a=b \\\n  org.opencontainers.image.version="1.9.0"\n',
         ("Dockerfile", 3, "1.9.0")),
        ("Dockerfile", "ARG VERSION=1.9.0\nENV V=1.2.3\n", ("Dockerfile", 1, "1.9.0")),
        ("api/openapi.yaml", "openapi: 3.1.0\ninfo:\n  title: x\n  version: 1.9.0\npaths: {}\n",
         ("OpenAPI", 4, "1.9.0")),
        ("openapi.json", '{\n "openapi": "3.1.0",\n "info": {\n  "version": "1.9.0"\n }\n}',
         ("OpenAPI", 4, "1.9.0")),
        ("CHANGELOG.md", "# C\n\n## [2.1.0] - TBD\n\n## [1.9.0] - 2024-01-01\n",
         ("changelog", 5, "1.9.0")),
    ],
)  # fmt: skip
def test_files_that_state_a_version(path: str, text: str, expected: tuple[str, int, str]) -> None:
    assert _scan(path, text) == [expected]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/lib.rs", '// const VERSION: &str = "1.9.0";'),
        ("src/lib.rs", 'const VERSION: &str = env!("CARGO_PKG_VERSION");'),
        ("src/lib.rs", 'const API_VERSION: &str = "1.9.0";'),
        ("src/lib.rs", 'let toml = "[dependencies]\nem-core = \\"1.9\\"";'),
        ("web/package.json", '{"private": true, "version": "1.9.0"}'),
        ("pyproject.toml", '[project]\ndynamic = ["version"]\n'),
        ("docs/MIGRATION.md", 'em-core = "1.9"'),
        ("docs/guide.md", "[old](https://docs.rs/em-core/1.9.0)"),
        ("data.csv", 'em-core = "1.9"'),
    ],
)
def test_files_that_state_none(path: str, text: str) -> None:
    assert _scan(path, text) == []


@pytest.mark.parametrize("path", ["package.json", "pyproject.toml"])
def test_a_file_that_cannot_be_read_is_told(path: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        _scan(path, "{ [")


def test_which_files_are_looked_at() -> None:
    assert is_scanned("docs/guide.md")
    assert not any(map(is_scanned, ["vendor/a/README.md", "yarn.lock", "tests/data/README.md"]))
    assert is_history("docs/RELEASE-NOTES-2.0.0.md")
    assert is_history("docs/archive/old.md")
    assert not is_history("docs/guide.md")
    assert not is_history("src/main.rs")


@pytest.mark.parametrize(
    "line",
    ["Use 1.9.0.", "https://github.com/a/b/releases/tag/v1.9.0", 'em-core = "1.9.0"',
     'version = "1.9.0"', "https://docs.rs/em-core/1.9.0", "IMAGE_TAG=1.9.0"],
)  # fmt: skip
def test_stale_mentions(line: str) -> None:
    assert list(find_stale(f"a\n{line}\n", {"1.9.0"}, NAMES)) == [
        Stated(kind="stale-mention", line=2, text="1.9.0")
    ]


@pytest.mark.parametrize(
    "line",
    ["11.9.0", "1.9.01", "1.9.0.4", 'serde = "1.9.0"', "https://semver.org/spec/v1.9.0.html",
     "https://docs.rs/serde/1.9.0/serde", "2.0.0", "1.9.0-rc.1"],
)  # fmt: skip
def test_mentions_of_something_else(line: str) -> None:
    assert list(find_stale(line, {"1.9.0"}, NAMES)) == []


def test_declared_places_are_counted_by_what_they_say() -> None:
    text = "tag: v2.0.0\ntag: v1.9.0\ntag: v2.0.0-rc.1\nother: 2.0.0\n"

    right, wrong = find_declared(text, "tag: v{version}", "2.0.0")

    assert right == [1]
    assert [(item.line, item.text) for item in wrong] == [(2, "1.9.0"), (3, "2.0.0-rc.1")]
