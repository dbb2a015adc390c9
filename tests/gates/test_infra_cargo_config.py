"""Cargo's configuration files and the wrapper that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun_gates.infra.build_setup import overrides, read_setup
from gaterun_gates.infra.cargo_config import (
    ConfigError,
    cargo_home,
    effective_env,
    env_table,
    lookup,
    read_configs,
)
from gaterun_gates.infra.rustc_wrapper import resolve_wrapper


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def executable(folder: Path, name: str) -> Path:
    path = write(folder, name, "#!/bin/sh\n")
    path.chmod(0o755)
    return path


def value(folder: Path, home: Path, *keys: str) -> object:
    found = lookup(read_configs(folder, home), *keys)
    return None if found is None else found.value


def test_the_deeper_file_wins_and_home_comes_last(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write(home, "config.toml", '[build]\njobs = 1\nrustc = "h"\ntarget-dir = "h"\n')
    write(tmp_path / "repo", ".cargo/config.toml", '[build]\njobs = 2\nrustc = "r"\n')
    write(tmp_path / "repo/sub", ".cargo/config.toml", "[build]\njobs = 3\n")
    sub = tmp_path / "repo/sub"
    assert value(sub, home, "build", "jobs") == 3
    assert value(sub, home, "build", "rustc") == "r"
    assert value(sub, home, "build", "target-dir") == "h"
    assert value(tmp_path / "repo", home, "build", "jobs") == 2
    assert value(sub, home, "build", "nothing") is None
    assert value(sub, home, "build", "jobs", "deeper") is None


def test_the_name_without_suffix_wins_in_one_folder(tmp_path: Path) -> None:
    write(tmp_path, ".cargo/config", "[build]\njobs = 1\n")
    write(tmp_path, ".cargo/config.toml", "[build]\njobs = 2\n")
    assert value(tmp_path, tmp_path / "home", "build", "jobs") == 1


def test_includes_are_weaker_than_the_file_and_the_last_is_the_strongest(tmp_path: Path) -> None:
    write(
        tmp_path,
        ".cargo/config.toml",
        'include = ["a.toml", "b.toml", { path = "no.toml", optional = true }]\n'
        "[build]\njobs = 9\n",
    )
    write(tmp_path, ".cargo/a.toml", '[build]\njobs = 1\nrustc = "a"\nrustdoc = "a"\n')
    write(tmp_path, ".cargo/b.toml", '[build]\njobs = 2\nrustc = "b"\n')
    home = tmp_path / "home"
    assert value(tmp_path, home, "build", "jobs") == 9
    assert value(tmp_path, home, "build", "rustc") == "b"
    assert value(tmp_path, home, "build", "rustdoc") == "a"


def test_includes_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, ".cargo/config.toml", 'include = "a.toml"\n')
    write(tmp_path, ".cargo/a.toml", 'include = "config.toml"\n[build]\njobs = 1\n')
    assert value(tmp_path, tmp_path / "home", "build", "jobs") == 1


@pytest.mark.parametrize("text", ["[build\n", "a = 1\na = 2\n"])
def test_what_is_no_toml_is_an_error_with_its_path(tmp_path: Path, text: str) -> None:
    write(tmp_path, ".cargo/config.toml", text)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        read_configs(tmp_path, tmp_path / "home")
    with pytest.raises(gaterun.CannotMeasure) as refusal:
        read_setup(tmp_path, {"HOME": str(tmp_path)})
    assert refusal.value.reason is gaterun.Reason.PARSE_ERROR


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, ".cargo/config.toml", "").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError):
        read_configs(tmp_path, tmp_path / "home")


def test_cargo_home(tmp_path: Path) -> None:
    assert cargo_home({"CARGO_HOME": "/c", "HOME": "/h"}) == Path("/c")
    assert cargo_home({"HOME": str(tmp_path)}) == tmp_path / ".cargo"


def test_env_table_of_cargo(tmp_path: Path) -> None:
    write(
        tmp_path,
        ".cargo/config.toml",
        '[env]\nA = "1"\nB = { value = "2", force = true }\n'
        'C = { value = "cache", relative = true }\nD = { value = "4" }\n',
    )
    entries = env_table(read_configs(tmp_path, tmp_path / "home"))
    assert {name: entry.value for name, entry in entries.items()} == {
        "A": "1",
        "B": "2",
        "C": str(tmp_path / "cache"),
        "D": "4",
    }
    reached = effective_env(entries, {"A": "shell", "B": "shell"})
    assert sorted(reached) == ["B", "C", "D"]


BUILD = '[build]\nrustc-wrapper = "{}"\n'


def test_wrapper_from_variables_in_cargos_order(tmp_path: Path) -> None:
    program = executable(tmp_path, "bin/sccache")
    write(tmp_path, ".cargo/config.toml", BUILD.format("other"))
    files = read_configs(tmp_path, tmp_path / "home")
    environ = {"PATH": str(program.parent)}

    by_file = resolve_wrapper(files, environ, tmp_path)
    assert by_file is not None
    assert (by_file.program, by_file.path) == ("other", None)

    environ["CARGO_BUILD_RUSTC_WRAPPER"] = "sccache"
    by_key = resolve_wrapper(files, environ, tmp_path)
    assert by_key is not None
    assert (by_key.source, by_key.path) == ("CARGO_BUILD_RUSTC_WRAPPER", program)

    environ["RUSTC_WRAPPER"] = ""
    switched_off = resolve_wrapper(files, environ, tmp_path)
    assert switched_off is not None
    assert (switched_off.program, switched_off.source) == ("", "RUSTC_WRAPPER")


def test_a_relative_wrapper_starts_where_dot_cargo_is(tmp_path: Path) -> None:
    program = executable(tmp_path, "tools/wrap.sh")
    write(tmp_path, ".cargo/config.toml", BUILD.format("tools/wrap.sh"))
    (tmp_path / "sub").mkdir()
    files = read_configs(tmp_path / "sub", tmp_path / "home")
    wrapper = resolve_wrapper(files, {"PATH": ""}, tmp_path / "sub")
    assert wrapper is not None
    assert wrapper.path == program
    assert not wrapper.looks_like_sccache


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sccache", True), ("sccache.exe", True), ("ccache", False), ("sccache-wrapper", False)],
)
def test_what_looks_like_sccache(tmp_path: Path, name: str, *, expected: bool) -> None:
    program = executable(tmp_path, f"bin/{name}")
    wrapper = resolve_wrapper((), {"RUSTC_WRAPPER": str(program)}, tmp_path)
    assert wrapper is not None
    assert wrapper.looks_like_sccache is expected


def test_a_link_to_sccache_looks_like_it(tmp_path: Path) -> None:
    program = executable(tmp_path, "bin/sccache")
    (tmp_path / "cache").symlink_to(program)
    wrapper = resolve_wrapper((), {"RUSTC_WRAPPER": str(tmp_path / "cache")}, tmp_path)
    assert wrapper is not None
    assert wrapper.looks_like_sccache


def test_wrapper_for_members_only(tmp_path: Path) -> None:
    write(tmp_path, ".cargo/config.toml", '[build]\nrustc-workspace-wrapper = "sccache"\n')
    wrapper = resolve_wrapper(read_configs(tmp_path, tmp_path / "home"), {}, tmp_path)
    assert wrapper is not None
    assert wrapper.workspace_only


def test_no_wrapper(tmp_path: Path) -> None:
    assert resolve_wrapper((), {}, tmp_path) is None


@pytest.mark.parametrize(
    ("files", "environ", "expected"),
    [
        ({}, {}, "nothing"),
        ({}, {"RUSTC_WRAPPER": "x"}, "environment"),
        ({"repo/.cargo/config.toml": BUILD.format("x")}, {}, "repository"),
        ({".cargo/config.toml": BUILD.format("x")}, {}, "user"),
        ({"repo/.cargo/config.toml": BUILD.format("x")}, {"RUSTC_WRAPPER": ""}, "nothing"),
    ],
)
def test_who_configures_the_wrapper(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], expected: str
) -> None:
    for name, text in files.items():
        write(tmp_path, name, text)
    (tmp_path / "repo").mkdir(exist_ok=True)
    setup = read_setup(tmp_path / "repo", {"HOME": str(tmp_path), **environ})
    assert setup.configured_by == expected


def test_a_workspace_wrapper_that_leaked_in_is_not_read(tmp_path: Path) -> None:
    setup = read_setup(tmp_path, {"HOME": str(tmp_path), "RUSTC_WORKSPACE_WRAPPER": "clippy"})
    assert "RUSTC_WORKSPACE_WRAPPER" not in setup.environ


def test_overrides_only_for_what_cargo_would_force(tmp_path: Path) -> None:
    write(
        tmp_path,
        ".cargo/config.toml",
        '[env]\nSCCACHE_DIR = { value = "x", force = true }\nSCCACHE_IDLE_TIMEOUT = "5"\n',
    )
    setup = read_setup(tmp_path, {"HOME": str(tmp_path)})
    wanted = {"SCCACHE_DIR": '/a "b"', "SCCACHE_SERVER_UDS": "/s", "SCCACHE_IDLE_TIMEOUT": "0"}
    assert overrides(setup, wanted) == [
        '--config=env.SCCACHE_DIR.value="/a \\"b\\""',
        "--config=env.SCCACHE_DIR.force=true",
        "--config=env.SCCACHE_DIR.relative=false",
    ]
