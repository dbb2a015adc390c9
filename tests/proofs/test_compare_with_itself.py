"""The proof of `compare_with_itself.py`, sampled: one comparison of one small crate."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gaterun.core.controls import commit, git, write_tree

WORKSPACE = {
    "Cargo.toml": '[package]\nname = "one"\nversion = "1.0.0"\nedition = "2021"\n\n[workspace]\n',
    ".gitignore": "target/\nCargo.lock\n",
    "src/lib.rs": "pub fn one() -> u8 {\n    1\n}\n",
}


@pytest.fixture
def proof(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "compare_with_itself", Path(__file__).with_name("compare_with_itself.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.cargo
def test_a_commit_is_not_faster_than_itself(proof: ModuleType, tmp_path: Path) -> None:
    root = tmp_path.resolve() / "workspace"
    root.mkdir()
    git(root, "init", "--quiet")
    write_tree(root, WORKSPACE)
    commit(root, "All is well")
    said: list[str] = []
    assert proof.prove(root, times=1, pairs=6, say=said.append) == [], "\n".join(said)
    heading, row, summary = said
    assert heading.split()[-4:] == ["faster", "10", "%", "limit"]
    assert row.startswith(" 1")
    assert summary.startswith("1 comparisons of 6 pairs: passed as 25 % faster 0, failed")


@pytest.mark.parametrize(
    ("faster", "within", "wrong"),
    [
        (True, True, True),
        (False, False, True),
        (None, False, True),
        (False, True, False),
        (None, None, False),
    ],
)
def test_a_difference_that_is_none_is_wrong(
    proof: ModuleType, faster: bool | None, within: bool | None, wrong: bool
) -> None:
    found = proof.Comparison(
        low=0.0, middle=0.0, high=0.0, resolution=0.0, faster=faster, within=within
    )
    assert found.wrong is wrong
    assert ("WRONG" in str(found)) is wrong
