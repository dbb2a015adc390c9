"""The environment of cargo calls, and what cargo's configuration files add to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.cargo.config import (
    cfg_holds,
    compiler_notes,
    config_files,
    forced_env,
    rustflags,
    split_lint_flags,
    wrapper_setting,
)
from gaterun_gates.cargo.environment import cargo_env, recorded_env
from gaterun_gates.cargo.runner import python_command, runner_env

LINUX = frozenset({"unix", 'target_os="linux"', "debug_assertions"})
TRIPLE = "x86_64-unknown-linux-gnu"


def test_what_leaks_in_is_removed_and_what_the_user_means_is_kept():
    environ = {
        "PATH": "/bin",
        "CARGO": "/x/cargo",
        "CARGO_PKG_NAME": "gaterun",
        "CARGO_MANIFEST_DIR": "/x",
        "CLIPPY_ARGS": "-A warnings",
        "CLIPPY_CONF_DIR": "/x",
        "RUSTC_BOOTSTRAP": "1",
        "RUSTC_WORKSPACE_WRAPPER": "x",
        "CARGO_ENCODED_RUSTFLAGS": "-Awarnings",
        "GIT_DIR": ".git",
        "NEXTEST_RETRIES": "9",
        "CARGO_HOME": "/h",
        "RUSTFLAGS": "-Dwarnings",
        "RUSTC_WRAPPER": "sccache",
        "RUSTUP_TOOLCHAIN": "stable",
    }
    changes = cargo_env(environ)
    assert set(changes.values()) == {None}
    assert set(environ) - set(changes) == {
        "PATH",
        "CARGO_HOME",
        "RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTUP_TOOLCHAIN",
    }
    assert recorded_env(environ) == {
        "RUSTC_WRAPPER": "sccache",
        "RUSTFLAGS": "-Dwarnings",
        "RUSTUP_TOOLCHAIN": "stable",
    }


def _config(folder: Path, text: str, name: str = "config.toml") -> None:
    (folder / ".cargo").mkdir(parents=True, exist_ok=True)
    (folder / ".cargo" / name).write_text(text)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return {"CARGO_HOME": str(tmp_path / "home")}


def test_deeper_configuration_wins_and_an_empty_wrapper_switches_off(tmp_path, home):
    inner = tmp_path / "repo" / "inner"
    _config(tmp_path / "repo", '[build]\nrustc-wrapper = "outer"\n')
    (tmp_path / "home" / "config.toml").write_text('[build]\nrustc-wrapper = "home"\n')
    inner.mkdir()
    assert wrapper_setting(tmp_path, home).value == "home"
    assert wrapper_setting(inner, home).value == "outer"
    _config(inner, '[build]\nrustc-wrapper = ""\n')
    assert wrapper_setting(inner, home) is None
    setting = wrapper_setting(inner, {**home, "CARGO_BUILD_RUSTC_WRAPPER": "env"})
    assert (setting.value, setting.source) == ("env", "CARGO_BUILD_RUSTC_WRAPPER")
    both = {**home, "RUSTC_WRAPPER": "", "CARGO_BUILD_RUSTC_WRAPPER": "env"}
    assert wrapper_setting(inner, both) is None


def test_the_name_without_extension_is_preferred_and_broken_files_are_empty(tmp_path, home):
    _config(tmp_path, '[build]\nrustc-wrapper = "new"\n')
    _config(tmp_path, '[build]\nrustc-wrapper = "old"\n', name="config")
    assert wrapper_setting(tmp_path, home).value == "old"
    _config(tmp_path, "[build\n", name="config")
    assert wrapper_setting(tmp_path, home) is None
    assert config_files(tmp_path, home)[0].values == {}


def test_exactly_one_source_of_flags_wins(tmp_path, home):
    _config(
        tmp_path,
        '[build]\nrustflags = ["-Cdebuginfo=1"]\n'
        "[target.'cfg(unix)']\nrustflags = \"-A warnings\"\n"
        f'[target.{TRIPLE}]\nrustflags = ["-Ctarget-cpu=native"]\n'
        "[target.'cfg(windows)']\nrustflags = [\"-Dwarnings\"]\n",
    )
    flags, sources = rustflags(tmp_path, TRIPLE, LINUX, home)
    assert sorted(flags) == ["-A", "-Ctarget-cpu=native", "warnings"]
    assert sources == [str(tmp_path / ".cargo" / "config.toml")]
    assert rustflags(tmp_path, TRIPLE, LINUX, {**home, "RUSTFLAGS": ""}) == ([], ["RUSTFLAGS"])
    assert rustflags(tmp_path, "arm-x", frozenset(), home)[0] == ["-Cdebuginfo=1"]


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("unix", True),
        ("windows", False),
        ("all()", True),
        ("any()", False),
        ("not(windows)", True),
        ('all(unix, not(target_os = "macos"))', True),
        ('any(windows, target_os="linux",)', True),
        ("all(unix", False),
        ("some(unix)", False),
        ("unix windows", False),
        ("", False),
        ("%", False),
    ],
)
def test_cfg_expressions(expression, holds):
    assert cfg_holds(expression, LINUX) is holds


@given(st.text(alphabet='alnyot(),="x ', max_size=30))
def test_any_text_is_an_expression_that_holds_or_not(text):
    assert cfg_holds(text, LINUX) in {True, False}


OTHER = st.sampled_from([["-C", "opt-level=3"], ["--cfg", "x"], ["-Lfoo"], ["-g"]])
LINT = st.sampled_from(
    [["-A", "warnings"], ["-Dwarnings"], ["--cap-lints=allow"], ["--force-warn", "unused"]]
)


@given(st.lists(st.one_of(OTHER.map(lambda g: (False, g)), LINT.map(lambda g: (True, g)))))
def test_lint_flags_are_taken_out_and_nothing_else(groups):
    others, lints = split_lint_flags([flag for _, group in groups for flag in group])
    assert others == [flag for lint, group in groups if not lint for flag in group]
    assert lints == [" ".join(group) for lint, group in groups if lint]


def test_a_lint_flag_without_value_is_no_traceback():
    assert split_lint_flags(["-g", "-A"]) == (["-g"], ["-A ''"])


def test_the_runner_variable_is_cargos_name_of_the_target(tmp_path):
    assert runner_env(["x86_64-pc-windows-msvc", "thumbv8m.main-none-eabi"], ["/bin/env"]) == {
        "CARGO_TARGET_X86_64_PC_WINDOWS_MSVC_RUNNER": "/bin/env",
        "CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_RUNNER": "/bin/env",
    }
    assert not any(" " in part for part in python_command(tmp_path, tmp_path / "shim.py"))


def test_programs_before_the_compiler_are_mentioned_except_caches(tmp_path, home):
    _config(tmp_path, '[build]\nrustc-wrapper = "/x/sccache.exe"\n')
    assert compiler_notes(tmp_path, home) == []
    _config(tmp_path, '[build]\nrustc-wrapper = "./quiet.sh"\nrustc = "./fake"\n')
    wrapper, compiler = compiler_notes(tmp_path, home)
    assert "rustc wrapper './quiet.sh'" in wrapper
    assert "rustc './fake'" in compiler


def test_only_forced_variables_of_env_are_forced(tmp_path):
    _config(tmp_path, '[env]\nA = "1"\nB = { value = "2" }\nC = { value = "3", force = true }\n')
    assert forced_env(tmp_path, frozenset({"A", "B", "C", "D"})) == ["C"]
