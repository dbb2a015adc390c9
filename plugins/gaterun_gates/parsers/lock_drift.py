"""Asks cargo whether Cargo.lock is what the manifests say, without changing it."""

from __future__ import annotations

from gaterun import Measured
from gaterun_gates.cargo.environment import cargo_env
from gaterun_gates.cargo.failure import first_error
from gaterun_gates.parsers.cargo_lock import find_drift, read_lock
from gaterun_gates.parsers.version_survey import Survey
from gaterun_gates.prose.markdown import decode


def lock_drift(survey: Survey) -> Measured:
    """Ask cargo whether Cargo.lock is what the manifests say, and look where it is not."""
    ctx, workspace = survey.ctx, survey.workspace
    lock = workspace.root / "Cargo.lock"
    if not lock.is_file():
        return _no_lock(survey)
    done = ctx.run(
        ["cargo", "metadata", "--format-version", "1", "--locked", "--offline", "--color", "never"],
        # Resolving does not compile: a wrapper that is missing must not get in the way.
        env={**cargo_env(), "RUSTC_WRAPPER": "", "RUSTC_WORKSPACE_WRAPPER": ""},
    )
    if done.ok:
        return Measured(value=0)
    said = done.err()
    try:
        drifts = list(find_drift(read_lock(decode(lock.read_bytes())), workspace.members))
    except ValueError as error:
        return Measured(value=None, why=f"Cargo.lock cannot be read: {error}")
    for drift in drifts:
        survey.differ(
            "lock",
            f"Cargo.lock has {drift.found} for {drift.package}, the manifest has {drift.expected}",
            "Cargo.lock",
            drift.line,
        )
    if drifts:
        return survey.count("lock")
    if "--locked was passed" in said:
        survey.differ("lock", f"Cargo.lock is out of date: {first_error(said)}", "Cargo.lock", 0)
        return survey.count("lock")
    if "failed to select a version" in said and survey.count("requirement").value:
        return Measured(value=None, why="requirements that no version satisfies hide it")
    if "offline" in said:
        survey.notes.append(
            "crates of a registry are not on this machine: Cargo.lock was compared with the"
            " manifests directly, not by cargo"
        )
        return Measured(value=0)
    return Measured(value=None, why=f"cargo metadata failed: {first_error(said)}")


def _no_lock(survey: Survey) -> Measured:
    if survey.text_at_base("Cargo.lock") is not None:
        survey.differ("lock", "Cargo.lock has been removed since the base", "Cargo.lock", 0)
        return survey.count("lock")
    survey.notes.append("there is no Cargo.lock, so it disagrees with nothing")
    return Measured(value=0)
