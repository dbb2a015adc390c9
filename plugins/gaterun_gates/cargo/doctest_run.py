"""Runs the documentation tests, in a call of their own, as no other runner can."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import gaterun
from gaterun_gates.cargo.config import config_files
from gaterun_gates.cargo.doctest import read_doctests, read_headers, read_listed
from gaterun_gates.cargo.invocation import Invocation
from gaterun_gates.cargo.outcome import CaseOutcome, Status
from gaterun_gates.cargo.runner import neutral_command, plain_folder, runner_env
from gaterun_gates.cargo.toml_file import table

# They make rustdoc pass examples over, or hand them to another program.
_TELLING = ("--no-run", "--test-args", "--test-runtool", "--runtool")


def _binary(call: Invocation, file: str) -> str:
    """The id under which the examples of a file are counted."""
    path = PurePosixPath(file.replace("\\", "/"))
    folders = sorted(
        ((package.folder, package.name) for package in call.workspace.members),
        key=lambda pair: -len(pair[0].parts),
    )
    for folder, name in folders:
        relative = PurePosixPath(call.workspace.relative(folder))
        if relative == PurePosixPath() or path.is_relative_to(relative):
            return f"{name}::doc"
    return "::doc"


def tampering_flags(folder: Path) -> list[str]:
    """Flags for rustdoc, from the environment or cargo's configuration, that bend results."""
    flags = [os.environ.get("RUSTDOCFLAGS", ""), os.environ.get("CARGO_BUILD_RUSTDOCFLAGS", "")]
    for file in config_files(folder):
        tables: list[object] = [table(file.values, "build")]
        tables += table(file.values, "target").values()
        for item in tables:
            value = item.get("rustdocflags", "") if isinstance(item, dict) else ""
            flags.append(" ".join(map(str, value)) if isinstance(value, list) else str(value))
    return [flag for text in flags for flag in text.split() if flag.startswith(_TELLING)]


def _has_doctests(workspace: gaterun.Workspace) -> bool:
    return any(target.doctest for package in workspace.members for target in package.targets)


def list_doctests(ctx: gaterun.Context, call: Invocation) -> frozenset[str]:
    """The ids of the documentation tests, without running any.

    Raises:
        gaterun.CannotMeasure: cargo does not list them.
    """
    from gaterun_gates.cargo.failure import explain

    if not _has_doctests(call.workspace):
        return frozenset()
    completed = call.run(
        ctx,
        ["cargo", "test", "--doc", *call.arguments(), "--", "--list", "--format", "terse"],
    )
    if not completed.ok:
        raise explain(completed, otherwise=gaterun.Reason.INCOMPLETE)
    return frozenset(f"{_binary(call, file)}${name}" for file, name in read_listed(completed.out()))


def run_doctests(ctx: gaterun.Context, call: Invocation) -> list[CaseOutcome]:
    """Run the documentation tests of every library.

    Raises:
        gaterun.CannotMeasure: they did not run, or their results are not complete.
    """
    from gaterun_gates.cargo.failure import explain

    libraries = [
        target for package in call.workspace.members for target in package.targets if target.doctest
    ]
    if not libraries:
        return []
    if flags := tampering_flags(call.workspace.root):
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE,
            f"flags for rustdoc keep documentation tests from running: {' '.join(flags)}",
            help="take them out of RUSTDOCFLAGS or .cargo/config.toml",
        )
    with plain_folder(ctx.scratch) as folder:
        completed = call.run(
            ctx,
            ["cargo", "test", "--doc", "--no-fail-fast", *call.arguments()],
            runner_env(call.triples, neutral_command(folder)),
        )
    headers = read_headers(completed.err())
    if len(headers) != len(libraries):
        if not completed.ok and not headers:
            raise explain(completed, otherwise=gaterun.Reason.INCOMPLETE)
        raise gaterun.CannotMeasure(
            gaterun.Reason.INCOMPLETE,
            f"documentation tests ran for {len(headers)} of {len(libraries)} libraries",
        )
    tests = read_doctests(completed.out())
    why = tests.incomplete
    if not why and tests.blocks < len(headers):
        why = f"{len(headers)} libraries printed {tests.blocks} blocks of results"
    failed = any(example.status is Status.FAILED for example in tests.examples)
    if not why and completed.ok is failed:
        why = f"documentation tests and exit status {completed.exit_status} contradict each other"
    if why:
        raise gaterun.CannotMeasure(gaterun.Reason.INCOMPLETE, why)
    return [
        CaseOutcome(
            binary=_binary(call, example.file),
            name=example.name,
            status=example.status,
            output=f"panicked at {example.file}:{example.line}:1:\n{_reason(example.output)}"
            if example.status is Status.FAILED
            else "",
            doctest=True,
        )
        for example in tests.examples
    ]


def _reason(output: str) -> str:
    """What a failed example says: its panic or its compile error, without its place."""
    from gaterun_gates.cargo.panics import find_panic

    errors = [line for line in output.splitlines() if line.startswith("error")]
    return errors[0] if errors else find_panic(output).message
