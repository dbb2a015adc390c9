"""Records with any text in every field."""

from __future__ import annotations

import sys

from hypothesis import strategies as st

from gaterun.model.command import Evidence
from gaterun.model.finding import Finding, Severity
from gaterun.model.metric import Better, Change, Measured, Unit
from gaterun.model.policy import BasePolicy, ChangeKind, PolicyChange, PolicyMode
from gaterun.model.record import GateResult, MetricRecord, RunRecord, Tree
from gaterun.model.verdict import Check, ExitCode, Outcome, Reason, Verdict, Waived

from .sample import STARTED

PIECES = (
    "\x1b[31m", "\x1b[0m", "\x1b]8;;http://x\x07", "\r", "\r\n", "\n", "\t", "\x00", "\x9b1m",
    "|", "\\|", "`", "```", "````\n", "<b>", "</details>", "<!--", "-->", "</code>", "]]>", "&amp;",
    "&", "<", ">", '"', "'", "@user", "#123", "http://x.y/z", "www.x.y", ":tada:", "**", "__", "~~",
    "- ", "1. ", "# ", "==", "---", "    ", "\ud800", "\udcff", "\ufffe", "\u202e", "\u2028",
    "検査", "größe", "😀", "e\u0301", "[x](y)", "![x](y)", "$x$", "\\", "::", "..", "/", "",
)  # fmt: skip

texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=6).map("".join),
    st.text(st.characters(codec=None, min_codepoint=0, max_codepoint=sys.maxunicode), max_size=20),
)
numbers = st.one_of(st.integers(), st.floats())
values = st.one_of(st.none(), st.booleans(), numbers, texts)

checks = st.builds(
    Check,
    condition=texts,
    metric=texts,
    actual=values,
    baseline=values,
    target=texts,
    distance=texts,
    holds=st.sampled_from([True, False, None]),
    why=texts,
    reason=st.none() | st.sampled_from(Reason),
)
waived = st.builds(
    Waived,
    condition=texts,
    reason=texts,
    owner=texts,
    expires=texts,
    findings=st.integers(0, 10),
    instead=texts,
    issue=texts,
    place=texts,
)
findings = st.builds(
    Finding,
    rule=texts,
    message=texts,
    path=texts,
    line=st.integers(-1, 10**6),
    column=st.integers(-1, 300),
    severity=st.sampled_from(Severity),
    help=texts,
)
changes = st.builds(
    Change,
    base=st.floats(),
    low=st.floats(),
    middle=st.floats(),
    high=st.floats(),
    confidence=st.just(0.95),
    pairs=st.just(8),
)
metrics = st.builds(
    MetricRecord,
    unit=st.sampled_from(Unit),
    better=st.sampled_from(Better),
    host_bound=st.booleans(),
    measured=st.builds(
        Measured,
        value=values,
        why=texts,
        breakdown=st.dictionaries(texts, st.floats(), max_size=2),
        samples=st.lists(st.floats(), max_size=2).map(tuple),
        change=st.none() | changes,
    ),
    help=texts,
)
evidence = st.builds(
    Evidence,
    argv=st.lists(texts, max_size=3).map(tuple),
    cwd=texts,
    exit_status=st.integers(-9, 255),
    seconds=st.floats(),
    log=texts,
)


policies = st.builds(
    BasePolicy,
    mode=st.sampled_from(PolicyMode),
    ref=texts,
    commit=texts,
    file=texts,
    gates=st.integers(0, 10),
    changes=st.lists(
        st.builds(
            PolicyChange,
            kind=st.sampled_from(ChangeKind),
            subject=texts,
            before=texts,
            after=texts,
            commits=st.lists(texts, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    notes=st.lists(texts, max_size=1).map(tuple),
    obstacle=texts,
    help=texts,
)


@st.composite
def results(draw: st.DrawFn) -> GateResult:
    outcome = draw(st.sampled_from(Outcome))
    task = draw(texts)
    return GateResult(
        node_id=f"{task}::{draw(texts)}",
        task=task,
        gate=draw(texts),
        title=draw(texts),
        verdict=Verdict(
            outcome=outcome,
            message=draw(texts),
            reason=draw(st.sampled_from(Reason)) if outcome is Outcome.INCONCLUSIVE else None,
            help=draw(texts),
            checks=tuple(draw(st.lists(checks, max_size=2))),
            waived=tuple(draw(st.lists(waived, max_size=2))),
        ),
        blocking=draw(st.booleans()),
        advisory_until=draw(texts),
        flaky=draw(st.booleans()),
        blocked_by=draw(texts),
        metrics=draw(st.dictionaries(texts, metrics, max_size=2)),
        inspected=draw(st.dictionaries(texts, st.integers(0, 10), max_size=2)),
        findings=tuple(draw(st.lists(findings, max_size=3))),
        notes=tuple(draw(st.lists(texts, max_size=2))),
        evidence=tuple(draw(st.lists(evidence, max_size=1))),
        file=draw(texts),
        line=draw(st.integers(-1, 100)),
        started=draw(st.sampled_from([0.0, STARTED, float("nan"), 1e300])),
        seconds=draw(st.sampled_from([0.0, 1e-9, 1.5, -1.0, float("nan"), float("inf")])),
        repeat=draw(texts),
    )


@st.composite
def records(draw: st.DrawFn) -> RunRecord:
    """A run of a few gates, unique by node id as in a real one."""
    gates = draw(st.lists(results(), max_size=4, unique_by=lambda result: result.node_id))
    return RunRecord(
        id=draw(texts),
        phase=draw(texts),
        title=draw(texts),
        root=draw(texts),
        version=draw(texts),
        argv=(draw(texts),),
        tree=Tree(commit=draw(texts), branch=draw(texts), digest=draw(texts)),
        environment=draw(st.dictionaries(texts, texts, max_size=2)),
        tasks=draw(st.dictionaries(texts, texts, max_size=2)),
        results=tuple(gates),
        started=STARTED,
        seconds=draw(st.floats()),
        exit_code=draw(st.sampled_from(ExitCode)),
        base=draw(texts),
        interrupted=draw(st.booleans()),
        warnings=tuple(draw(st.lists(texts, max_size=2))),
        policy=draw(st.none() | policies),
    )
