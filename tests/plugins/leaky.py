"""Gates that say what they should keep to themselves; loaded with ``-p leaky``."""

from __future__ import annotations

import os
from typing import Annotated

import gaterun
from gaterun import Better, Finding, Gate, Measured, Measurement, Metric, Unit

OK = Metric(name="ok", unit=Unit.BOOLEAN, better=Better.NEITHER)
TEXT = Metric(name="text", unit=Unit.TEXT, better=Better.NEITHER)
COUNT = Metric(name="count")


class ShellOptions(gaterun.Options, frozen=True, kw_only=True):
    script: Annotated[str, gaterun.help("file that sh runs")]


def _shell(ctx: gaterun.Context) -> Measurement:
    done = ctx.run(["sh", ctx.root / ctx.options.script])
    return Measurement(metrics={"ok": done.ok}, inspected={"scripts": 1})


def _leak(ctx: gaterun.Context) -> Measurement:
    token = os.environ["DEPLOY_TOKEN"]
    ctx.progress(f"logging in with {token}")
    ctx.run(["sh", "-c", "echo $DEPLOY_TOKEN; echo $DEPLOY_TOKEN >&2; exit 3", token])
    said = f"the token {token} is here"
    return Measurement(
        metrics={
            "ok": False,
            "text": Measured(value=said),
            "count": Measured(value=None, why=said, breakdown={token: 1.0}),
        },
        inspected={"things": 1},
        findings=[Finding(rule="leak", message=said, path=f"{token}.rs", help=said)],
        notes=[said],
        recipe={"token": token},
    )


def _leaky_crash(ctx: gaterun.Context) -> Measurement:
    raise RuntimeError(f"cannot log in with {os.environ['DEPLOY_TOKEN']}")


def _leaky_timeout(ctx: gaterun.Context) -> Measurement:
    ctx.run(["sh", "-c", "echo $DEPLOY_TOKEN; sleep 100"], timeout=0.3)
    raise AssertionError


def _sets(ctx: gaterun.Context) -> Measurement:
    ctx.run(["true"], env={"ADDED": "value-of-added", "LC_TIME": None})
    ctx.run(["true"], env={"ADDED": "value-of-added", "LC_TIME": None})
    ctx.run(["true"], env={"ADDED": "other", "LC_TIME": None})
    return Measurement(metrics={"ok": True}, inspected={"things": 1})


class ManyOptions(gaterun.Options, frozen=True, kw_only=True):
    number: Annotated[int, gaterun.help("how many findings")] = 1000


def _many(ctx: gaterun.Context) -> Measurement:
    findings = [
        Finding(
            rule="many", message=f"this is finding {n} of very many", path=f"src/{n}.rs", line=n
        )
        for n in range(ctx.options.number)
    ]
    return Measurement(
        metrics={"n": len(findings)}, inspected={"things": len(findings)}, findings=findings
    )


@gaterun.hookimpl
def gaterun_gates() -> list[Gate]:
    gates = {
        "leak": _leak,
        "leaky-crash": _leaky_crash,
        "leaky-timeout": _leaky_timeout,
        "sets": _sets,
    }
    return [
        *(
            Gate(
                name=name,
                title=name,
                metrics=(OK, TEXT, COUNT),
                requires=("ok == true",),
                measure=measure,
            )
            for name, measure in gates.items()
        ),
        Gate(
            name="many",
            title="many findings",
            metrics=(Metric(name="n"),),
            options=ManyOptions,
            measure=_many,
        ),
        Gate(
            name="shell",
            title="a script",
            metrics=(OK,),
            requires=("ok == true",),
            options=ShellOptions,
            measure=_shell,
            inputs=("*.sh",),
        ),
    ]
