"""A block between two markers in a file of the user's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.core.marked import put
from gaterun.model.errors import UsageError

BLOCK = "<!-- x:begin -->\nnew\n<!-- x:end -->\n"


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        (None, BLOCK, "written"),
        ("", BLOCK, "written"),
        ("# Mine\n", f"# Mine\n\n{BLOCK}", "appended"),
        ("# Mine", f"# Mine\n\n{BLOCK}", "appended"),
        ("# Mine\r\n", "# Mine\r\n\r\n" + BLOCK.replace("\n", "\r\n"), "appended"),
        (f"a\n{BLOCK.replace('new', 'old')}b\n", f"a\n{BLOCK}b\n", "replaced"),
        (f"a\n{BLOCK}b", f"a\n{BLOCK}b", "unchanged"),
        (f"a{BLOCK.rstrip()}", f"a{BLOCK.rstrip()}", "unchanged"),
    ],
)
def test_where_it_goes(tmp_path: Path, before: str | None, after: str, done: str) -> None:
    path = tmp_path / "A.md"
    if before is not None:
        path.write_bytes(before.encode())
    assert put(path, "x", "new\n") == done
    assert path.read_bytes().decode() == after


@pytest.mark.parametrize(
    "before",
    [
        "<!-- x:begin -->\n",
        "<!-- x:end -->\n",
        "<!-- x:end -->\n<!-- x:begin -->\n",
        BLOCK + BLOCK,
        BLOCK + "<!-- x:end -->\n",
    ],
)
def test_damaged_markers_are_left_alone(tmp_path: Path, before: str) -> None:
    path = tmp_path / "A.md"
    path.write_text(before)
    with pytest.raises(UsageError, match="not one pair"):
        put(path, "x", "new\n")
    assert path.read_text() == before


def test_what_is_no_text_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "A.md"
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is not UTF-8"):
        put(path, "x", "new\n")
    assert path.read_bytes() == b"\xff"


@given(st.text(alphabet=st.sampled_from("ab \n#<!->"), max_size=40))
def test_what_was_there_stays(tmp_path_factory: pytest.TempPathFactory, before: str) -> None:
    path = tmp_path_factory.mktemp("marked") / "A.md"
    path.write_text(before, newline="")
    put(path, "x", "one\n")
    put(path, "x", "two\n")
    after = path.read_bytes().decode()
    assert after.startswith(before)
    assert after.count("two\n") == 1
    assert "one" not in after
