"""What a failed cargo call means."""

from __future__ import annotations

from pathlib import Path

import pytest

import gaterun
from gaterun import Reason
from gaterun_gates.cargo.failure import explain, first_error, killed_compiler

WRAPPER = (
    "error: could not execute process `nosuchwrap /rustup/bin/rustc -vV` (never executed)\n\n"
    "Caused by:\n  No such file or directory (os error 2)\n"
)


def _completed(folder: Path, stderr: str, status: int = 101) -> gaterun.Completed:
    (folder / "out").write_text("")
    (folder / "err").write_text(stderr)
    return gaterun.Completed(
        argv=("cargo", "build"),
        cwd=folder,
        exit_status=status,
        seconds=0.1,
        cpu_seconds=0.1,
        max_rss=0,
        stdout=folder / "out",
        stderr=folder / "err",
    )


@pytest.mark.parametrize(
    ("stderr", "status", "reason", "words"),
    [
        (
            "error: 'cargo-clippy' is not installed for the toolchain 'stable-x86_64'.\nTo install\n",
            1,
            Reason.TOOL_MISSING,
            "rustup component add clippy",
        ),
        ("error: no such command: `nextest`\n", 101, Reason.TOOL_MISSING, "cargo-nextest"),
        (
            "error: toolchain '1.70.0-x' is not installed\n\nStack backtrace:\n   0: anyhow::error\n",
            1,
            Reason.TOOL_MISSING,
            "1.70.0",
        ),
        (
            "error: cannot update the lock file /w/l because --locked was passed to prevent this\n",
            101,
            Reason.BUILD_FAILED,
            "cargo update",
        ),
        (
            "error: rustc 1.70.0 is not supported by:\n  one@0.1.0 requires rustc 1.80\n",
            101,
            Reason.TOOL_VERSION,
            "rustup update",
        ),
        (
            "error: no\n  process didn't exit successfully: `/r/rustc --x` (signal: 9, SIGKILL: kill)\n",
            101,
            Reason.CRASHED,
            "SIGKILL",
        ),
        ("", -9, Reason.CRASHED, "signal 9"),
        ("", 3, Reason.INCOMPLETE, "said nothing"),
        ("error: something new\n", 101, Reason.INCOMPLETE, "something new"),
    ],
)
def test_known_words_have_their_reason(tmp_path, stderr, status, reason, words):
    error = explain(_completed(tmp_path, stderr, status), otherwise=Reason.INCOMPLETE)
    assert error.reason is reason
    assert words in f"{error.message} {error.help}"
    assert "anyhow" not in error.message


def test_a_missing_wrapper_is_named_with_the_file_that_configures_it(tmp_path, monkeypatch):
    monkeypatch.delenv("RUSTC_WRAPPER", raising=False)
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo/config.toml").write_text('[build]\nrustc-wrapper = "nosuchwrap"\n')
    error = explain(_completed(tmp_path, WRAPPER), otherwise=Reason.BUILD_FAILED)
    assert error.reason is Reason.TOOL_MISSING
    assert "'nosuchwrap', configured in .cargo/config.toml" in error.message
    monkeypatch.setenv("RUSTC_WRAPPER", "nosuchwrap")
    error = explain(_completed(tmp_path, WRAPPER), otherwise=Reason.BUILD_FAILED)
    assert "configured in RUSTC_WRAPPER" in error.message


def test_a_program_that_is_no_wrapper_is_named_all_the_same(tmp_path):
    error = explain(_completed(tmp_path, WRAPPER), otherwise=Reason.BUILD_FAILED)
    assert error.reason is Reason.TOOL_MISSING
    assert "cargo cannot run 'nosuchwrap'" in error.message


def test_the_first_error_comes_with_its_causes_in_one_line_of_bounded_length():
    text = "   Compiling x\nwarning: w\nerror[E1]: a\n\nCaused by:\n  b\n\nerror: later\n"
    assert first_error(text) == "a: b"
    assert len(first_error(f"error: {'x' * 5000}")) == 400
    assert first_error("") == ""


def test_a_build_script_that_dies_is_not_a_compiler_that_dies():
    died = (
        "process didn't exit successfully: `/t/build/one/build-script-build` (signal: 11, SIGSEGV)"
    )
    assert killed_compiler(died) == ""
