"""Which tests the phase's base has, so that one that is gone can be named."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec

import gaterun
from gaterun_gates.cargo.arguments import feature_arguments
from gaterun_gates.cargo.binaries import read_test_build
from gaterun_gates.cargo.doctest_run import list_doctests
from gaterun_gates.cargo.environment import cargo_env, recorded_env
from gaterun_gates.cargo.invocation import Invocation
from gaterun_gates.cargo.libtest_run import list_libtest
from gaterun_gates.cargo.metadata import read_workspace


def base_tests(
    ctx: gaterun.Context, base: str, call: Invocation, *, doctests: bool
) -> frozenset[str]:
    """The ids of the tests at `base`, built in a checkout and listed there; none is run.

    What a commit has does not change, so that the list is kept for later runs.

    Args:
        base: a commit.
        call: how head's tests are built, which is how base's are.
        doctests: documentation examples too.

    Raises:
        gaterun.CannotMeasure: the base has no workspace, its tests do not compile, or they are
            not listed.
    """
    kept = _kept(ctx, base, call, doctests=doctests)
    if kept.is_file():
        return frozenset(msgspec.json.decode(kept.read_bytes(), type=list[str]))
    ctx.progress("building the tests of the base")
    tree = ctx.checkout(base)
    if not (tree / "Cargo.toml").is_file():
        raise gaterun.CannotMeasure(
            gaterun.Reason.NOT_COMPARABLE, "the base has no Cargo.toml in the workspace root"
        )
    # A folder that goes away: another path is another artefact to cargo, run after run.
    there = replace(call, workspace=read_workspace(ctx, tree), target=ctx.scratch / "base")
    built = there.run(
        ctx, ["cargo", "test", "--no-run", "--message-format=json", *there.arguments()]
    )
    found = list_libtest(ctx, there, read_test_build(built, there.workspace).binaries)
    if doctests:
        found |= list_doctests(ctx, there)
    new = kept.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(sorted(found)))
    new.replace(kept)
    return found


def _kept(ctx: gaterun.Context, base: str, call: Invocation, *, doctests: bool) -> Path:
    version = ctx.run(["rustc", "-vV"], cwd=call.workspace.root, env=cargo_env()).out()
    features = feature_arguments(call.features, all_features=call.all_features)
    key = msgspec.json.encode([base, version, features, doctests, sorted(recorded_env().items())])
    return ctx.state / f"base-{hashlib.sha256(key).hexdigest()[:16]}.json"
