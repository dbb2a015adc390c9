"""Gates that behave in every way a gate can, for gaterun's own tests."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec

import gaterun
from gaterun import Better, Change, Finding, Gate, Measured, Measurement, Metric, Reason, Unit

#: Starts a grandchild in a session of its own, says both process ids, and sleeps.
HANG = """
import os, subprocess, sys, time
deaf = len(sys.argv) > 2 and sys.argv[2] == "deaf"
if deaf:
    import signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
orphan = subprocess.Popen(["sleep", "1000"], start_new_session=True)
with open(sys.argv[1] + ".part", "w") as out:
    out.write(f"{os.getpid()} {orphan.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
print("hanging", flush=True)
time.sleep(1000)
"""


def _signals(ctx: gaterun.Context) -> Path:
    """Where gates and tests tell each other things: beside the tree, which is not to change."""
    folder = ctx.root.parent / "signals"
    folder.mkdir(exist_ok=True)
    return folder


OK = (Metric(name="ok", unit=Unit.BOOLEAN, better=Better.NEITHER, help="always there"),)
REQUIRE_OK = ("ok == true",)


def _true(ctx: gaterun.Context) -> Measurement:
    return Measurement(metrics={"ok": True}, inspected={"things": 1})


def _false(ctx: gaterun.Context) -> Measurement:
    return Measurement(
        metrics={"ok": False},
        inspected={"things": 1},
        findings=[Finding(rule="fake", message="it is not ok", path="src/lib.rs", line=3)],
    )


def _crash(ctx: gaterun.Context) -> Measurement:
    raise RuntimeError("boom")


class ExitOptions(gaterun.Options, frozen=True, kw_only=True):
    status: Annotated[int, gaterun.help("status")] = 0


def _exit(ctx: gaterun.Context) -> Measurement:
    sys.exit(ctx.options.status)


class HangOptions(gaterun.Options, frozen=True, kw_only=True):
    pids: Annotated[str, gaterun.help("file that says the process ids")] = "pids"
    deaf: Annotated[bool, gaterun.help("ignore INT and TERM")] = False


def _hang(ctx: gaterun.Context) -> Measurement:
    (ctx.scratch / "left").write_text("behind")
    (_signals(ctx) / "scratch-of-hang").write_text(str(ctx.scratch))
    ctx.progress("hanging")
    ctx.run(
        [
            sys.executable,
            "-c",
            HANG,
            _signals(ctx) / ctx.options.pids,
            "deaf" if ctx.options.deaf else "",
        ]
    )
    return _true(ctx)


class SleepyOptions(gaterun.Options, frozen=True, kw_only=True):
    seconds: Annotated[float, gaterun.help("of each command")] = 0.3
    times: Annotated[int, gaterun.help("how many commands")] = 1


def _sleepy(ctx: gaterun.Context) -> Measurement:
    for _ in range(ctx.options.times):
        ctx.run(["sleep", str(ctx.options.seconds)])
    return _true(ctx)


def _nothing(ctx: gaterun.Context) -> Measurement:
    return Measurement(metrics={"ok": True}, inspected={"things": 0})


def _missing_tool(ctx: gaterun.Context) -> Measurement:
    ctx.run(["no-such-tool-anywhere"])
    return _true(ctx)


def _refuses(ctx: gaterun.Context) -> Measurement:
    raise gaterun.CannotMeasure(Reason.BUILD_FAILED, "the build failed", help="mend it")


GARBAGE = b"\xff\xfe\x00garbage\n" + b"x" * 100_000 + b"\n\x1b[31mred\x1b[0m\r\n\x00"


def _garbage(ctx: gaterun.Context) -> Measurement:
    """A tool that prints what is no UTF-8, NUL and a line of 100 KB; all goes to the findings."""
    code = (
        f"import sys; sys.stdout.buffer.write({GARBAGE[:11]!r} + b'x' * 100000 + {GARBAGE[-17:]!r})"
    )
    done = ctx.run([sys.executable, "-c", code])
    text = done.out()
    return Measurement(
        metrics={"ok": False},
        inspected={"bytes": done.stdout.stat().st_size},
        findings=[Finding(rule="garbage\x00\x1b[0m", message=text, path="a\x07b.rs", line=1)],
        notes=[text],
        recipe={"argv": text},
    )


def _surrogate(ctx: gaterun.Context) -> Measurement:
    name = os.fsdecode(b"src/\xff.rs")
    return Measurement(
        metrics={"ok": False},
        inspected={"files": 1},
        findings=[Finding(rule="name", message=f"{name} is bad", path=name)],
    )


class ValueOptions(gaterun.Options, frozen=True, kw_only=True):
    """What the gate ``value`` says that it has measured."""

    number: Annotated[float | None, gaterun.help("value of n")] = None
    points: Annotated[float | None, gaterun.help("value of score")] = None
    share: Annotated[float | None, gaterun.help("value of ratio")] = None
    file: Annotated[str, gaterun.help("file that holds the value of n")] = ""
    parts: Annotated[dict[str, float], gaterun.help("breakdown of n")] = {}
    inspected: Annotated[dict[str, int], gaterun.help("counts")] = msgspec.field(
        default_factory=lambda: {"things": 1}
    )
    recipe: Annotated[dict[str, str], gaterun.help("recipe")] = {}
    change: Annotated[tuple[float, ...], gaterun.help("base, low, middle, high of time")] = ()


def _value(ctx: gaterun.Context) -> Measurement:
    options = ctx.options
    number = options.number
    if options.file:
        number = float((ctx.root / options.file).read_text())
    metrics: dict[str, Any] = {
        "n": Measured(value=number, breakdown=dict(options.parts)),
        "score": options.points,
        "ratio": options.share,
    }
    if options.change:
        base, low, middle, high = options.change
        change = Change(base=base, low=low, middle=middle, high=high, confidence=0.95, pairs=8)
        metrics["time"] = Measured(value=base * (1 + middle), change=change)
    return Measurement(metrics=metrics, inspected=options.inspected, recipe=options.recipe)


VALUE_METRICS = (
    Metric(name="n", help="a count"),
    Metric(name="score", better=Better.HIGHER, help="points"),
    Metric(name="ratio", unit=Unit.RATIO, better=Better.HIGHER, help="a share"),
    Metric(name="time", unit=Unit.SECONDS, host_bound=True, help="a duration"),
    Metric(name="size", unit=Unit.BYTES, help="bytes"),
    Metric(name="flag", unit=Unit.BOOLEAN, better=Better.NEITHER, help="yes or no"),
    Metric(name="label", unit=Unit.TEXT, better=Better.NEITHER, help="a text"),
)


class LintsOptions(gaterun.Options, frozen=True, kw_only=True):
    """What the gate ``lints`` finds: lines such as ``unused src/lib.rs:3 unused variable x``."""

    file: Annotated[str, gaterun.help("file with the findings")] = "lints"
    claim: Annotated[int | None, gaterun.help("what it says that it counted")] = None
    recipe: Annotated[dict[str, str], gaterun.help("recipe")] = {}


def _lints(ctx: gaterun.Context) -> Measurement:
    options = ctx.options
    found = []
    for text in (ctx.root / options.file).read_text().splitlines():
        rule, place, message = text.split(" ", 2)
        path, _, line = place.partition(":")
        found.append(Finding(rule=rule, message=message, path=path, line=int(line)))
    note = Finding(rule="note", message="no warning", severity=gaterun.Severity.NOTE)
    return Measurement(
        metrics={"warnings": len(found) if options.claim is None else options.claim, "files": 1},
        inspected={"files": 1},
        findings=[*found, note],
        recipe=options.recipe,
    )


LINTS_METRICS = (
    Metric(
        name="warnings",
        help="what it found",
        counts=gaterun.Counted(severities=(gaterun.Severity.WARNING,)),
        irrelevant=("jobs",),
    ),
    Metric(name="files", better=Better.NEITHER, help="files"),
)


class WrongOptions(gaterun.Options, frozen=True, kw_only=True):
    kind: Annotated[str, gaterun.help("what is wrong with the measurement")] = "none"


def _wrong(ctx: gaterun.Context) -> Any:
    """What a plugin with a bug, and no type checker, may return."""
    good: dict[str, Any] = {"metrics": {"ok": True}, "inspected": {"things": 1}}
    wrong: dict[str, Any] = {
        "inspected-none": {"inspected": {"things": None}},
        "inspected-list": {"inspected": ["things"]},
        "metrics-none": {"metrics": None},
        "metric-list": {"metrics": {"ok": [True]}},
        "metric-text": {"metrics": {"ok": "yes"}},
        "metric-object": {"metrics": {"ok": object()}},
        "metric-huge": {"metrics": {"ok": 10**40}},
        "breakdown-text": {"metrics": {"ok": Measured(value=True, breakdown={"a": "b"})}},  # type: ignore[dict-item]
        "findings-texts": {"findings": ["not a finding"]},
        "findings-none": {"findings": None},
        "finding-line": {"findings": [Finding(rule="r", message="m", line="7")]},  # type: ignore[arg-type]
        "finding-column": {"findings": [Finding(rule="r", message="m", column=-1)]},
        "finding-message": {"findings": [Finding(rule="r", message=b"m", fingerprint="f")]},  # type: ignore[arg-type]
        "finding-severity": {"findings": [Finding(rule="r", message="m", severity="error")]},  # type: ignore[arg-type]
        "notes-number": {"notes": [1]},
        "recipe-number": {"recipe": {"cores": 2}},
    }
    if ctx.options.kind == "none":
        return None
    return Measurement(**{**good, **wrong[ctx.options.kind]})


class LaneOptions(gaterun.Options, frozen=True, kw_only=True):
    wait: Annotated[bool, gaterun.help("until the file go is there")] = False


def _lane(ctx: gaterun.Context) -> Measurement:
    """Counts how often it met another of its kind; two at once are seen by an O_EXCL file."""
    marker = _signals(ctx) / "lane"
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return Measurement(metrics={"ok": False}, inspected={"things": 1})
    try:
        (_signals(ctx) / "lane-entered").touch()
        ctx.run(["sleep", "0.2"])
        while ctx.options.wait and not (_signals(ctx) / "go").exists():
            ctx.run(["sleep", "0.05"])
    finally:
        marker.unlink()
    return _true(ctx)


def _shares(ctx: gaterun.Context, expensive: object) -> Measurement:
    return _true(ctx)


def _wants_slow(ctx: gaterun.Context, slow_resource: object) -> Measurement:
    return _true(ctx)


def _wants_broken(ctx: gaterun.Context, broken_resource: object) -> Measurement:
    return _true(ctx)


def _expensive(ctx: gaterun.Context) -> object:
    with (_signals(ctx) / "computed").open("a") as out:
        out.write("x")
    ctx.run(["true"])
    return 42


def _slow_resource(ctx: gaterun.Context) -> object:
    ctx.run(["sleep", "30"])
    return None


def _broken_resource(ctx: gaterun.Context) -> object:
    raise ValueError("no such luck")


def _python_loop(ctx: gaterun.Context) -> Measurement:
    """Starts no process, and does not end until the file go is there."""
    while not (_signals(ctx) / "go").exists():
        time.sleep(0.02)
    return _true(ctx)


def _edits(ctx: gaterun.Context) -> Measurement:
    """Changes the tree that is measured."""
    (ctx.root / "edited").write_text("x")
    return _true(ctx)


class BoundOptions(gaterun.Options, frozen=True, kw_only=True):
    number: Annotated[int, gaterun.help("what it measures")] = 0
    reads: Annotated[str, gaterun.help("a path that it reads as well")] = ""


def _bound(ctx: gaterun.Context) -> Measurement:
    """Says with each measurement that it was made; the number of `src` files is its value."""
    with (_signals(ctx) / "measured").open("a") as out:
        out.write("x")
    if ctx.options.reads:
        ctx.reads(ctx.root / ctx.options.reads)
    files = ctx.files("src/**")
    texts = [(ctx.root / file).read_text("utf-8", "replace") for file in files]
    return Measurement(
        metrics={"n": ctx.options.number + sum(text.count("bad") for text in texts)},
        inspected={"things": 1},
        findings=[
            Finding(rule="bad", message="bad", path=file, line=number)
            for file, text in zip(files, texts, strict=True)
            for number, line in enumerate(text.splitlines(), 1)
            if "bad" in line
        ],
    )


class MendOptions(gaterun.Options, frozen=True, kw_only=True):
    path: Annotated[str, gaterun.help("file to change")] = "place.txt"
    after: Annotated[str, gaterun.help("what it should hold")] = "right\n"
    before: Annotated[str | None, gaterun.help("what it is said to hold")] = None
    other: Annotated[str, gaterun.help("how to go wrong")] = ""


def _mend(ctx: gaterun.Context) -> Any:
    """Makes a file hold a text; `other` says what a plugin with a bug would do."""
    options = ctx.options
    if options.other == "raise":
        raise RuntimeError("boom")
    if options.other == "refuse":
        raise gaterun.CannotMeasure(Reason.TOOL_MISSING, "no such tool", help="install it")
    if options.other == "none":
        return None
    if options.other == "texts":
        return ["place.txt"]
    if options.other == "number":
        return [gaterun.Edit(path="place.txt", before=None, after=3)]  # type: ignore[arg-type]
    path = ctx.root / options.path
    before = options.before
    if before is None and path.is_file():
        before = path.read_bytes().decode("utf-8", "surrogateescape")
    return [gaterun.Edit(path=options.path, before=before, after=options.after)]


def _ok(name: str, measure: Any, **more: Any) -> Gate:
    return Gate(
        name=name,
        title=f"the fake gate {name}",
        about=f"What {name} is about.",
        metrics=OK,
        requires=REQUIRE_OK,
        measure=measure,
        **more,
    )


@gaterun.hookimpl
def gaterun_gates() -> list[Gate]:
    return [
        _ok("pass", _true),
        Gate(
            name="bound",
            title="depends on src",
            metrics=(Metric(name="n", help="how bad"),),
            requires=("n <= 3",),
            measure=_bound,
            options=BoundOptions,
            inputs=("src/**",),
        ),
        _ok("fail", _false),
        _ok("crash", _crash),
        _ok("exit", _exit, options=ExitOptions),
        _ok("hang", _hang, options=HangOptions),
        _ok("sleepy", _sleepy, options=SleepyOptions),
        _ok("nothing", _nothing),
        _ok("missing-tool", _missing_tool),
        _ok("refuses", _refuses),
        _ok("garbage", _garbage),
        _ok("surrogate", _surrogate),
        _ok("wrong", _wrong, options=WrongOptions),
        _ok("lane", _lane, options=LaneOptions, uses=("lane",)),
        _ok("alone", _true, exclusive=True),
        _ok("shares", _shares),
        _ok("wants-slow", _wants_slow),
        _ok("wants-broken", _wants_broken),
        _ok("python-loop", _python_loop),
        _ok("edits", _edits),
        _ok("mend", _true, options=MendOptions, fix=_mend),
        Gate(
            name="value",
            title="a number",
            about="Says what it is told.",
            metrics=VALUE_METRICS,
            options=ValueOptions,
            measure=_value,
        ),
        Gate(
            name="lints",
            title="places",
            about="Finds what a file says.",
            metrics=LINTS_METRICS,
            options=LintsOptions,
            measure=_lints,
        ),
    ]


@gaterun.hookimpl
def gaterun_resources() -> list[gaterun.Resource]:
    return [
        gaterun.Resource(name="expensive", compute=_expensive, about="computed once"),
        gaterun.Resource(name="slow_resource", compute=_slow_resource),
        gaterun.Resource(name="broken_resource", compute=_broken_resource),
    ]
