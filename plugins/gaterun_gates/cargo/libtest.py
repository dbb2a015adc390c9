"""Libtest's own formats: the JSON events of a run, and the terse list of tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from gaterun_gates.cargo.outcome import Status, cut

_MARK = b'{ "type": "'


class _Event(msgspec.Struct):
    type: str
    event: str = ""
    name: str = ""
    stdout: str = ""
    message: str = ""
    test_count: int = 0
    filtered_out: int = 0


@dataclass(slots=True)
class Suite:
    """What one test binary reported.

    Attributes:
        announced: the number of tests that it said it would run; ``None`` if it never began.
        results: status and output by test name.
        started: tests that began, in order.
        ended: whether it reported its end.
        filtered_out: tests that a filter kept from running.
        contradictions: tests with two different results, or more than one beginning or end
            of the suite: somebody else wrote to the stream.
    """

    announced: int | None = None
    results: dict[str, tuple[Status, str]] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    ended: bool = False
    filtered_out: int = 0
    contradictions: list[str] = field(default_factory=list)

    def unfinished(self) -> list[str]:
        """Tests that began and have no result."""
        return [name for name in self.started if name not in self.results]


_STATUS = {
    "ok": Status.PASSED,
    "failed": Status.FAILED,
    "ignored": Status.IGNORED,
    "allowed_failure": Status.FAILED,
}


def read_events(lines: Iterable[bytes]) -> Suite:
    """Read ``--format json`` events, which may stand behind raw output on the same line.

    Source: rust-lang/rust, library/test/src/formatters/json.rs.
    """
    decoder = msgspec.json.Decoder(_Event)
    suite = Suite()
    for raw in lines:
        # The last one: libtest ends each event with a line break, raw output may not.
        position = raw.rfind(_MARK)
        if position < 0:
            continue
        text = raw[position:].decode("utf-8", "replace")
        try:
            event = decoder.decode(text)
        except msgspec.MsgspecError:
            continue
        if event.type == "suite":
            _suite_event(suite, event)
        elif event.type == "test":
            _test_event(suite, event)
    return suite


def _suite_event(suite: Suite, event: _Event) -> None:
    if event.event == "started":
        if suite.announced is not None:
            suite.contradictions.append("the suite begins twice")
        suite.announced = event.test_count
    elif event.event in {"ok", "failed"}:
        if suite.ended:
            suite.contradictions.append("the suite ends twice")
        suite.ended = True
        suite.filtered_out = event.filtered_out


def _test_event(suite: Suite, event: _Event) -> None:
    if event.event == "started":
        suite.started.append(event.name)
    elif event.event in _STATUS:
        status = _STATUS[event.event]
        if event.name in suite.results and suite.results[event.name][0] is not status:
            suite.contradictions.append(f"{event.name} has two results")
        text = event.stdout or event.message
        suite.results[event.name] = (status, cut(text) if status is Status.FAILED else "")


def read_list(text: str) -> frozenset[str]:
    r"""Return the names in ``--list --format terse``.

    >>> sorted(read_list("tests::a: test\nb: benchmark\nnoise\n"))
    ['b', 'tests::a']
    """
    names = set()
    for line in text.splitlines():
        name, mark, kind = line.rpartition(": ")
        if mark and kind in {"test", "benchmark"}:
            names.add(name)
    return frozenset(names)


def incompleteness(suite: Suite, listed: frozenset[str]) -> str:
    """Why the results of a binary cannot be believed; empty when they can.

    A test that calls ``exit(0)`` ends its binary with success and without the tests behind
    it. Only this proves completeness: as many results as announced, for exactly the tests
    that the binary lists, and an end.
    """
    if suite.announced is None:
        return "it never said which tests it has"
    if suite.contradictions:
        return f"its output contradicts itself: {suite.contradictions[0]}"
    if not suite.ended or len(suite.results) != suite.announced:
        last = suite.unfinished()
        culprit = f", running when it stopped: {', '.join(last[:3])}" if last else ""
        return f"{len(suite.results)} of {suite.announced} tests have a result{culprit}"
    if suite.filtered_out:
        return f"{suite.filtered_out} tests were filtered out"
    if odd := sorted(listed ^ suite.results.keys()):
        return f"its list of tests and its results differ: {', '.join(odd[:3])}"
    return ""
