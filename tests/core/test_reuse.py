"""A measurement is used again when, and only when, nothing differs that it depends on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PHASE = '[phase]\nbase = "HEAD"\n[task.1]\n[[task.1.gate]]\nuse = "bound"\n'


@pytest.fixture
def bound(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A repository with a gate that was measured once, at homes of the test's own."""
    for name in ("CARGO_HOME", "RUSTUP_HOME"):
        home = project.root.parent / name
        home.mkdir()
        monkeypatch.setenv(name, str(home))
    # rustup, asked for a version, would write it
    lay(project.root.parent / "RUSTUP_HOME/settings.toml", 'version = "12"\n')
    (project.root.parent / "bin").mkdir()
    monkeypatch.setenv("PATH", str(project.root.parent / "bin"), prepend=os.pathsep)
    project.write({"src/lib.rs": "fine\n", "README.md": "read me\n", ".gitignore": "*.gen\n"})
    project.write({"Cargo.lock": "", "outside.txt": "outside\n"})
    project.phase(PHASE)
    project.commit()
    assert measured(project, reused=False) == {"1::bound": "pass"}
    return project


def measured(project: Any, *argv: str, reused: bool) -> dict[str, str]:
    """Run, and see by the gate's own trace and by the record whether it measured."""
    trace = project.signals / "measured"
    before = trace.stat().st_size if trace.exists() else 0
    ran = project.run("p", *argv)
    result = ran.results["1::bound"]
    again = trace.stat().st_size if trace.exists() else 0
    assert ((result.reused is not None), again == before) == (reused, reused), ran.out
    return dict(ran.outcomes)


def lay(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def program(project: Any, name: str) -> None:
    path = project.root.parent / "bin" / name
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)


def options(text: str) -> Callable[[Any, pytest.MonkeyPatch], object]:
    return lambda project, _: project.phase(PHASE + text)


#: Everything that a measurement depends on; each has to make it be measured again.
MISSES: dict[str, Callable[[Any, pytest.MonkeyPatch], object]] = {
    "an edited file": lambda p, m: p.write({"src/lib.rs": "good\n"}),
    "an edit that is staged": lambda p, m: (p.write({"src/lib.rs": "x\n"}), p.git("add", "-A")),
    "an edit that is committed": lambda p, m: (p.write({"src/lib.rs": "y\n"}), p.commit()),
    "an untracked file": lambda p, m: p.write({"src/new.rs": ""}),
    "an ignored file": lambda p, m: p.write({"src/made.gen": ""}),
    "a deleted file": lambda p, m: (p.root / "src/lib.rs").unlink(),
    "a renamed file": lambda p, m: (p.root / "src/lib.rs").rename(p.root / "src/main.rs"),
    "the executable bit": lambda p, m: (p.root / "src/lib.rs").chmod(0o755),
    "a link": lambda p, m: (p.root / "src/link").symlink_to("lib.rs"),
    "a link's target outside": lambda p, m: (
        lay(p.root.parent / "elsewhere", "x"),
        (p.root / "src/link").symlink_to(p.root.parent / "elsewhere"),
    ),
    "assume-unchanged": lambda p, m: (
        p.git("update-index", "--assume-unchanged", "src/lib.rs"),
        p.write({"src/lib.rs": "hidden\n"}),
    ),
    "skip-worktree": lambda p, m: (
        p.git("update-index", "--skip-worktree", "src/lib.rs"),
        p.write({"src/lib.rs": "hidden\n"}),
    ),
    "an option": options("number = 1\n"),
    "another option": options('reads = "outside.txt"\n'),
    "the inputs in the phase file": options('inputs = ["src/**", "README.md"]\n'),
    "the base": lambda p, m: (p.git("commit", "--quiet", "--allow-empty", "-m", "x"),),
    "a toolchain file": lambda p, m: lay(p.root / "rust-toolchain.toml", "[toolchain]\n"),
    "a toolchain file above": lambda p, m: lay(p.root.parent / "rust-toolchain", "stable\n"),
    "rustup's settings": lambda p, m: lay(p.root.parent / "RUSTUP_HOME/settings.toml", "x\n"),
    "a new toolchain": lambda p, m: lay(
        p.root.parent / "RUSTUP_HOME/toolchains/nightly/bin/rustc", "x"
    ),
    "another rustc": lambda p, m: program(p, "rustc"),
    "another cargo": lambda p, m: program(p, "cargo"),
    "another linker": lambda p, m: program(p, "mold"),
    "nextest": lambda p, m: program(p, "cargo-nextest"),
    "sccache": lambda p, m: program(p, "sccache"),
    "cargo's configuration at home": lambda p, m: lay(
        p.root.parent / "CARGO_HOME/config.toml", "[build]\n"
    ),
    "cargo's old configuration at home": lambda p, m: lay(p.root.parent / "CARGO_HOME/config", ""),
    "cargo's configuration above": lambda p, m: lay(p.root.parent / ".cargo/config.toml", ""),
    "clippy's configuration above": lambda p, m: lay(p.root.parent / "clippy.toml", ""),
    "RUSTFLAGS": lambda p, m: m.setenv("RUSTFLAGS", "-Awarnings"),
    "CARGO_TARGET_DIR": lambda p, m: m.setenv("CARGO_TARGET_DIR", "elsewhere"),
    "RUSTUP_TOOLCHAIN": lambda p, m: m.setenv("RUSTUP_TOOLCHAIN", "nightly"),
    "RUSTC_WRAPPER": lambda p, m: m.setenv("RUSTC_WRAPPER", "sccache"),
    "LANG": lambda p, m: m.setenv("LANG", "de_DE.UTF-8"),
    "TZ": lambda p, m: m.setenv("TZ", "Pacific/Kiritimati"),
    "CI": lambda p, m: m.setenv("CI", "an unlikely value"),
    "PATH": lambda p, m: m.setenv("PATH", f"{os.environ['PATH']}:/nowhere"),
    "a variable that is passed on": lambda p, m: (
        lay(p.root / "gaterun.toml", 'pass_env = ["MY_OWN"]\n'),
        m.setenv("MY_OWN", "1"),
    ),
    "gaterun's version": lambda p, m: m.setattr("gaterun.core.binding.__version__", "99"),
    "the scheme": lambda p, m: m.setattr("gaterun.core.binding._SCHEME", "other"),
    "the machine": lambda p, m: m.setattr("platform.machine", lambda: "z80"),
    "a damaged file": lambda p, m: [
        path.write_bytes(path.read_bytes().replace(b'"n"', b'"m"'))
        for path in (p.root / ".gaterun/measured").iterdir()
    ],
    "half a file": lambda p, m: [
        path.write_bytes(path.read_bytes()[:-20])
        for path in (p.root / ".gaterun/measured").iterdir()
    ],
}

#: Everything that it does not depend on; none may make it be measured again.
HITS: dict[str, Callable[[Any, pytest.MonkeyPatch], object]] = {
    "nothing": lambda p, m: None,
    "a touched file": lambda p, m: os.utime(p.root / "src/lib.rs"),
    "a file written again": lambda p, m: p.write({"src/lib.rs": "fine\n"}),
    "another file": lambda p, m: p.write({"README.md": "changed\n"}),
    "a new file elsewhere": lambda p, m: p.write({"docs/new.md": "new\n"}),
    "another gate": options('[[task.1.gate]]\nuse = "pass"\n'),
    "its condition": options('require = "n < 100"\n'),
    "its timeout": options('timeout = "9m"\n'),
    "its tags": options('tags = ["quick"]\n'),
    "a comment in the phase file": options("# more\n"),
    "a title": lambda p, m: p.phase(PHASE.replace("[task.1]", '[task.1]\ntitle = "one"')),
    "what cargo built": lambda p, m: p.write({"target/CACHEDIR.TAG": "S", "target/x": "x"}),
    "a variable that nobody passes on": lambda p, m: m.setenv("UNRELATED", "1"),
    "a secret that nobody passes on": lambda p, m: m.setenv("CARGO_REGISTRY_TOKEN", "abcdefgh"),
    "the width of the window": lambda p, m: m.setenv("COLUMNS", "40"),
    "the terminal": lambda p, m: m.setenv("TERM", "dumb"),
    "a tag": lambda p, m: p.git("tag", "v1"),
    "another branch": lambda p, m: p.git("checkout", "--quiet", "-b", "other"),
    "a refreshed index": lambda p, m: (os.utime(p.root / "src/lib.rs"), p.git("status")),
    "an unrelated program": lambda p, m: program(p, "unrelated"),
    "a setting": lambda p, m: lay(p.root / "gaterun.toml", "jobs = 1\n"),
}


@pytest.mark.parametrize("change", MISSES)
def test_what_matters_makes_it_measure_again(
    bound: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    MISSES[change](bound, monkeypatch)
    measured(bound, reused=False)


@pytest.mark.parametrize("change", HITS)
def test_what_does_not_matter_does_not(
    bound: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    HITS[change](bound, monkeypatch)
    assert measured(bound, reused=True)["1::bound"] == "pass"


def test_two_hundred_changes_that_do_not_matter(bound: Any) -> None:
    for number in range(200):
        bound.write({f"docs/{number % 7}.md": f"{number}\n"})
        if number % 10 == 0:
            assert measured(bound, reused=True) == {"1::bound": "pass"}


def test_the_code_of_the_gate(project: Any) -> None:
    gate = """
    import gaterun

    def measure(ctx):
        return gaterun.Measurement(metrics={"n": NUMBER}, inspected={"things": 1})

    @gaterun.hookimpl
    def gaterun_gates():
        metrics = (gaterun.Metric(name="n"),)
        return [gaterun.Gate(name="own", title="own", metrics=metrics, requires=("n < 9",),
                             measure=measure, inputs=("src/**",))]
    """
    project.write({"gates/own.py": gate.replace("NUMBER", "1"), "gaterun.toml": 'gates = "gates"'})
    project.write({"src/lib.rs": ""})
    project.gates("own")
    project.commit()
    assert project.command("p").results["1::own"].reused is None
    assert project.command("p").results["1::own"].reused is not None
    project.write({"gates/own.py": gate.replace("NUMBER", "22")})
    ran = project.command("p")
    assert ran.results["1::own"].reused is None
    assert ran.outcomes == {"1::own": "fail"}


def test_what_a_gate_reads_outside_of_its_inputs(bound: Any) -> None:
    bound.phase(PHASE + 'reads = "../elsewhere"\n')
    lay(bound.root.parent / "elsewhere/a", "one")
    measured(bound, reused=False)
    measured(bound, reused=True)
    lay(bound.root.parent / "elsewhere/a", "two")
    measured(bound, reused=False)
    measured(bound, reused=True)


def test_a_kept_measurement_is_judged_again(bound: Any) -> None:
    bound.phase(PHASE + 'require = "n > 0"\n')
    assert measured(bound, reused=True) == {"1::bound": "fail"}


def test_what_failed_is_measured_again(bound: Any) -> None:
    bound.write({"src/lib.rs": "bad bad bad bad\n"})
    assert measured(bound, reused=False) == {"1::bound": "fail"}
    assert measured(bound, reused=False) == {"1::bound": "fail"}


def test_fresh_measures_again(bound: Any) -> None:
    measured(bound, "--fresh", reused=False)
    measured(bound, reused=True)


def test_a_reused_result_is_whole_and_says_so(bound: Any) -> None:
    first = bound.run("p", "--fresh", "--report", "json:-")
    ran = bound.run("p", "--report", "json:-")
    result = ran.results["1::bound"]
    assert result.reused is not None
    assert result.reused.run == first.record.id
    assert result.metrics == first.results["1::bound"].metrics
    assert result.evidence == first.results["1::bound"].evidence
    assert json.loads(ran.out)["results"][0]["reused"]["run"] == first.record.id
    assert "reused, 0 s old" in bound.run("p").out


def test_without_inputs_it_is_never_reused(project: Any) -> None:
    project.gates("pass")
    project.commit()
    for _ in range(2):
        assert project.run("p").results["1::pass"].reused is None


def test_inputs_in_the_phase_file_make_any_gate_reusable(project: Any) -> None:
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "pass"\ninputs = ["src/**"]\n')
    project.commit()
    assert project.run("p").results["1::pass"].reused is None
    assert project.run("p").results["1::pass"].reused is not None


@pytest.mark.parametrize("globs", ["[]", '[""]', '["!src/**"]', '["@history"]'])
def test_inputs_that_name_nothing_are_refused(project: Any, globs: str) -> None:
    project.phase(f'[task.1]\n[[task.1.gate]]\nuse = "pass"\ninputs = {globs}\n')
    ran = project.run("p")
    assert ran.code == 4
    assert "phases/p.toml:4:1" in ran.err
    assert "they name no file" in ran.err


def test_the_audit_measures_again_and_believes_what_it_sees(bound: Any) -> None:
    assert measured(bound, "--cache-audit", "1", reused=False) == {"1::bound": "pass"}
    measured(bound, "--cache-audit", "0", reused=True)


def test_the_audit_finds_an_input_that_is_not_declared(bound: Any) -> None:
    """`lib.rs` is what the gate reads, and here the phase file says that it does not."""
    bound.phase(PHASE + 'inputs = ["README.md"]\n')
    measured(bound, reused=False)
    bound.write({"src/lib.rs": "bad\n"})
    measured(bound, reused=True)
    ran = bound.run("p", "--cache-audit", "1")
    assert (ran.code, ran.outcomes) == (1, {"1::bound": "fail"})
    assert "n 0 → 1" in ran.results["1::bound"].verdict.message
    assert "README" not in ran.results["1::bound"].verdict.message
    measured(bound, reused=False)


def test_a_tree_that_changes_meanwhile_is_no_verdict(project: Any) -> None:
    project.write({"src/lib.rs": "", "README.md": ""})
    project.phase(
        '[task.1]\n[[task.1.gate]]\nuse = "bound"\n[[task.1.gate]]\nuse = "pass"\n'
        '[[task.1.gate]]\nuse = "pass"\nid = "other"\ninputs = ["docs/**"]\n'
        '[[task.1.gate]]\nuse = "python-loop"\nid = "loop"\ninputs = ["docs/**"]\n'
    )
    project.commit()
    process = project.start("p", "-j4")
    project.await_file("measured")
    project.write({"src/lib.rs": "bad bad bad bad\n"})
    (project.signals / "go").touch()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 7
    record = project.record_now()
    outcomes = {r.node_id: str(r.verdict.reason or r.outcome) for r in record.results}
    assert outcomes == {
        "1::bound": "tree-changed",
        "1::pass": "tree-changed",  # nobody says what it depends on
        "1::other": "pass",
        "1::loop": "pass",
    }
    assert b"src/lib.rs changed during the run" in out
    assert not list((project.root / ".gaterun/measured").glob("bound-*"))


def test_only_a_committed_tree_has_verdicts_where_that_is_asked_for(bound: Any) -> None:
    assert bound.run("p", "--require-clean").outcomes == {"1::bound": "pass"}
    bound.write({"README.md": "changed\n"})
    ran = bound.run("p", "--require-clean")
    assert (ran.code, ran.outcomes) == (7, {"1::bound": "dirty-tree"})
    assert "commit or stash" in ran.out
    assert measured(bound, reused=True) == {"1::bound": "pass"}


def test_without_git_no_tree_is_that_of_a_commit(project: Any) -> None:
    project.gates("pass")
    assert project.run("p", "--require-clean").outcomes == {"1::pass": "dirty-tree"}


def test_what_was_not_used_for_the_longest_time_goes_first(
    bound: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaterun.core.reuse._KEPT", 3)
    for number in range(1, 6):
        bound.phase(PHASE + f"number = {number % 3}\n")
        bound.run("p")
    assert len(list((bound.root / ".gaterun/measured").iterdir())) == 3


def test_without_a_lock_file_every_day_is_another(
    bound: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bound.root / "Cargo.lock").unlink()
    measured(bound, reused=False)
    measured(bound, reused=True)
    monkeypatch.setattr("gaterun.core.toolchain.today", lambda: "2099-01-01")
    measured(bound, reused=False)
