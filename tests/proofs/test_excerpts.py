"""The proof of `excerpts.py`, sampled: generated code, and a repository of two files."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaterun_gates.rust import env_file
from gaterun_gates.rust.code_text import code_text
from gaterun_gates.rust.source import Source


def _load() -> ModuleType:
    path = Path(__file__).with_name("excerpts.py")
    spec = importlib.util.spec_from_file_location("excerpts", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


excerpts = _load()

#: Expressions with everything that is easily taken for something else.
EXPRESSIONS = (
    *(
        '"a"',
        '"\\""',
        '"\\\\"',
        '"//"',
        '"/*"',
        '"{"',
        '"\\\n  b"',
        'b"\\"{"',
        'c"}"',
        "'é'",
        '"é"',
    ),
    *('r"\\"', 'r#"a"b"#', 'br##"}"#"##', 'cr#"//"#', "'\"'", "'\\''", "b'\\\\'", "'/'", "'{'"),
    *(
        "'\\u{7d}'",
        "b'\"'",
        "1 / 2",
        "a /* } */ / b",
        "a // '\n",
        'f::<\'a>("x")',
        "r#fn",
        "'\\x7f'",
    ),
    *(
        "&'static x",
        "loop { break 'a 1 }",
        "vec!['a', \"b\"]",
        'm!(\'a b \'c\' "d" r#"}"#)',
        "x/*y*/",
    ),
    *("{ let r = b; r }", "|c| c", "a /**/ + 1", "a /** / */ + 1", "a /* ** /* */ */ + 1", "x.r"),
)


@settings(max_examples=600, deadline=None)
@given(expressions=st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=6))
def test_what_is_taken_for_code_is_code_to_tree_sitter(expressions: list[str]) -> None:
    body = "\n".join(f"let _: &'a T = {expression};" for expression in expressions)
    source = Source("a.rs", f"/// It's\nfn f<'a>() {{\n{body}\n}}\n".encode())
    code = code_text(source.data)
    if code is not None and not source.has_errors:
        assert code == excerpts.code_by_tree_sitter(source)


@settings(max_examples=600, deadline=None)
@given(letters=st.text(alphabet="ab r#'\"/*\\{}(\n", max_size=14))
def test_so_it_is_where_nobody_would_write_it(letters: str) -> None:
    source = Source("a.rs", f"m!({letters}\n);".encode())
    code = code_text(source.data)
    if code is not None and not source.has_errors:
        assert code == excerpts.code_by_tree_sitter(source)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / "lib.rs").write_text("mod a;\nmod tests { fn t() {} }\n")
    (tmp_path / "a.rs").write_text('fn f() { std::env::var("A"); }\nfn g() { h(); }\n')
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_repository_is_read_both_ways(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert excerpts.compare(clone) == []
    assert "2 files that declare 1, 1 places" in capsys.readouterr().out


def test_a_difference_is_found(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env_file, "wanted_places", lambda data, code: [])
    assert excerpts.compare(clone) == ["a.rs"]
