"""Clippy's message stream: identity, places, fingerprints and counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaterun
from gaterun_gates.cargo import diagnostics
from gaterun_gates.cargo.lints import read_lints
from gaterun_gates.cargo.messages import Diagnostic, read_messages
from gaterun_gates.cargo.metadata import decode_workspace

DATA = Path(__file__).parent / "data"
ROOT = Path("/ws")
RECORDED = (DATA / "clippy" / "messages.jsonl").read_bytes().splitlines(keepends=True)


def _completed(folder: Path, lines: list[bytes], status: int = 0) -> gaterun.Completed:
    (folder / "out").write_bytes(b"".join(lines))
    (folder / "err").write_text("")
    return gaterun.Completed(
        argv=("cargo-clippy", "clippy"),
        cwd=folder,
        exit_status=status,
        seconds=0.1,
        cpu_seconds=0.1,
        max_rss=0,
        stdout=folder / "out",
        stderr=folder / "err",
    )


@pytest.fixture
def workspace():
    return decode_workspace((DATA / "cargo" / "metadata.json").read_bytes())


def test_distinct_findings_are_counted_and_repetitions_are_not(tmp_path, workspace):
    run = read_lints(_completed(tmp_path, RECORDED), workspace)
    lints = run.of(workspace.members)
    by_lint = lints.by_lint()
    assert lints.raw == sum(b'"level": "warning"' in line for line in RECORDED)
    assert lints.raw > 2 * len(lints.warnings)
    assert by_lint["clippy::needless_return"] == 2  # a library's and a module's, not their tests'
    assert by_lint["unused_variables"] == 2  # two calls of one macro
    # Said once per target of the package, each time at another file.
    raw = Counter(
        json.loads(line)["message"]["code"]["code"] for line in RECORDED if b"spans" in line
    )
    assert raw["clippy::cargo_common_metadata"] > by_lint["clippy::cargo_common_metadata"]
    assert len(lints.generated) == 2
    assert {f.path for f in lints.generated.values()} == {"$OUT_DIR(a)/g.rs"}
    assert run.external == {}


def test_a_message_of_a_package_that_is_no_member_is_external(tmp_path, workspace):
    moved = [
        line.replace(b"path+file:///ws/crates/b#", b"path+file:///ws/old/b#")
        if b"needless_return" in line
        else line
        for line in RECORDED
    ]
    run = read_lints(_completed(tmp_path, moved), workspace)
    assert run.of(workspace.members).by_lint()["clippy::needless_return"] == 1
    assert [f.rule for f in run.external.values()] == ["clippy::needless_return"]


def test_an_error_gives_no_count_but_names_its_place(tmp_path, workspace):
    broken = [
        line.replace(b'"level": "warning"', b'"level": "error"', 1)
        if b"clone_on_copy" in line
        else line
        for line in RECORDED
    ]
    with pytest.raises(gaterun.CannotMeasure) as caught:
        read_lints(_completed(tmp_path, broken), workspace).of(workspace.members)
    assert caught.value.reason is gaterun.Reason.BUILD_FAILED
    assert "crates/b/src/m.rs:2:" in caught.value.message


def test_a_compiler_bug_is_a_crash(tmp_path, workspace):
    broken = [
        line.replace(b'"level": "warning"', b'"level": "error: internal compiler error"', 1)
        for line in RECORDED
    ]
    with pytest.raises(gaterun.CannotMeasure) as caught:
        read_lints(_completed(tmp_path, broken), workspace).of(workspace.members)
    assert caught.value.reason is gaterun.Reason.CRASHED


@pytest.mark.parametrize("lost", ["build-finished", '"name": "ex"', '"name": "it"'])
def test_a_stream_that_lacks_something_is_incomplete(tmp_path, workspace, lost):
    lines = [line for line in RECORDED if lost.encode() not in line]
    assert len(lines) < len(RECORDED)
    with pytest.raises(gaterun.CannotMeasure) as caught:
        read_lints(_completed(tmp_path, lines), workspace).of(workspace.members)
    assert caught.value.reason is gaterun.Reason.INCOMPLETE


def test_other_lines_in_the_stream_are_passed_over(tmp_path, workspace):
    noise = [b"hello\n", b"{not json}\n", b'{"reason":"new-thing","x":1}\n', b"\xff\xfe\n", b"\n"]
    noisy = read_lints(_completed(tmp_path, [*noise, *RECORDED]), workspace)
    plain = read_lints(_completed(tmp_path, RECORDED), workspace)
    assert noisy.of(workspace.members).raw == plain.of(workspace.members).raw


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("src/lib.rs", "src/lib.rs"),
        ("src\\win.rs", "src/win.rs"),
        ("src/../sub/src/shared.rs", "sub/src/shared.rs"),
        ("/ws/src/lib.rs", "src/lib.rs"),
        ("/outside/x.rs", "../outside/x.rs"),
        ("/ws/target/debug/build/a-b911ad564e928747/out/g.rs", "$OUT_DIR(a)/g.rs"),
        ("/ws/target/debug/build/my-a/b911ad564e928747/out/d/g.rs", "$OUT_DIR(my-a)/d/g.rs"),
        (
            "/home/x/.cargo/registry/src/i-1/serde-1.0.0/src/lib.rs",
            "/home/x/.cargo/registry/src/i-1/serde-1.0.0/src/lib.rs",
        ),
        ("<anon>", "<anon>"),
    ],
)
def test_paths_are_normalised(name, path):
    assert diagnostics.source_path(name, ROOT) == path


def _diagnostic(*, line: int = 3, text: str = "    return 1;", message: str = "m") -> Diagnostic:
    start = len(text) - len(text.lstrip()) + 1
    return msgspec.convert(
        {
            "level": "warning",
            "message": message,
            "code": {"code": "clippy::x"},
            "spans": [
                {
                    "file_name": "src/lib.rs",
                    "line_start": line,
                    "column_start": start,
                    "is_primary": True,
                    "text": [
                        {"text": text, "highlight_start": start, "highlight_end": len(text) + 1}
                    ],
                }
            ],
        },
        Diagnostic,
    )


@given(line=st.integers(1, 9999), indent=st.integers(0, 40), number=st.integers(0, 999))
def test_a_fingerprint_survives_moved_lines_indents_and_numbers(line, indent, number):
    moved = _diagnostic(line=line, text=" " * indent + "return 1;", message=f"m {number}")
    assert diagnostics.fingerprint(moved, ROOT) == diagnostics.fingerprint(
        _diagnostic(message="m 1"), ROOT
    )


def test_a_fingerprint_tells_other_code_apart():
    assert diagnostics.fingerprint(_diagnostic(), ROOT) != diagnostics.fingerprint(
        _diagnostic(text="    return 2;"), ROOT
    )


def test_a_message_without_code_or_span_is_a_finding_of_rustc():
    bare = Diagnostic(level="warning", message="something\n  odd")
    found = diagnostics.finding(bare, ROOT, severity=gaterun.Severity.WARNING)
    assert (found.rule, found.path, found.line) == ("rustc", "", 0)
    assert found.message == "something odd"


@pytest.mark.parametrize(
    ("message", "summary"),
    [
        ("1 warning emitted", True),
        ("24 warnings emitted", True),
        ("aborting due to 2 previous errors; 1 warning emitted", True),
        ("`one` (lib) generated 1 warning", True),
        ("unused variable: `x`", False),
    ],
)
def test_summaries_of_older_cargos_do_not_count(message, summary):
    assert diagnostics.is_summary(Diagnostic(level="warning", message=message)) is summary


def test_help_is_the_suggestion_with_its_text():
    found = [
        diagnostics.help_text(line.message)
        for line in read_messages(RECORDED)
        if line.message and line.message.code and "needless_return" in line.message.code.code
    ]
    assert "remove `return`: `1`" in found
