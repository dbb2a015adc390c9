"""The JUnit report: a suite a task, a test case a gate.

``junit`` is what today's readers understand. ``junit-strict`` leaves out what the schemas
of Jenkins' xunit plugin and of Ant (windyroad) do not know, and is valid against both.
junit-xml makes the objects and the element tree; its own writers are not used, as they
fail on what tools print.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from msgspec import Struct

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.metrics_document import instant
from gaterun.model.record import GateResult, RunRecord
from gaterun.model.report import Listener, Reporter, Style
from gaterun.reporters import clean, junit_case, junit_properties, xml_text
from gaterun.reporters.junit_case import Case, Kind
from gaterun.reporters.junit_log import attachment

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

#: Bytes of one text, and of the file: readers built on libxml2 refuse a node above 10 MB.
TEXT_LIMIT = 64_000
FILE_LIMIT = 10_000_000

_COUNTERS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


class Suite(Struct, frozen=True, kw_only=True):
    """The gates of one task under the suite's unique name."""

    name: str
    title: str
    results: tuple[GateResult, ...]
    started: float


def render(record: RunRecord, *, strict: bool, state: Path | None = None) -> str:
    """The whole file as text. Texts are cut shorter when it would be too great.

    Args:
        state: where runs are recorded, for the logs that cases name as attachments.
    """
    from xml.etree import ElementTree as ET

    limit = TEXT_LIMIT
    while True:
        text = xml_text.serialize(_document(record, limit, strict=strict, state=state))
        if len(text.encode("utf-8")) <= FILE_LIMIT or limit < 1000:
            break
        limit //= 4
    ET.fromstring(text)  # noqa: S314 - our own text; an unreadable file must never leave here
    return text


def suites(record: RunRecord) -> list[Suite]:
    """The record's results by task: tasks in the phase's order, names unique."""
    by_task: dict[str, list[GateResult]] = {task: [] for task in record.tasks}
    for result in record.results:
        by_task.setdefault(result.task, []).append(result)
    used: Counter[str] = Counter()
    found = []
    for task, results in by_task.items():
        if results:
            name = _unique(f"{_first_part(record)}.{slug(task, 'task')}", used)
            started = min((each.started for each in results if each.started), default=0)
            title = record.tasks.get(task, "")
            found.append(
                Suite(
                    name=name,
                    title=title,
                    results=tuple(results),
                    started=started or record.started,
                )
            )
    return found


def _first_part(record: RunRecord) -> str:
    """The phase; of a shard more, as whoever reads it reads the merged run's as well."""
    phase = slug(record.phase, "phase")
    return f"{phase}.{slug(record.shard.label, 'shard')}" if record.shard else phase


def slug(text: str, otherwise: str) -> str:
    """`text` in the letters of a Java package's part, as dots separate only.

    >>> slug("7.1", "task"), slug("", "task")
    ('7-1', 'task')
    """
    return re.sub("[^a-z0-9_-]+", "-", text.lower()).strip("-_") or otherwise


def _unique(name: str, used: Counter[str]) -> str:
    candidate = name
    while candidate in used:
        used[name] += 1
        candidate = f"{name}-{used[name]}"
    used[candidate] += 1
    return candidate


def _document(record: RunRecord, limit: int, *, strict: bool, state: Path | None) -> Element:
    from xml.etree import ElementTree as ET

    root = ET.Element("testsuites")
    for index, suite in enumerate(suites(record)):
        root.append(_suite(record, suite, index, limit, strict=strict, state=state))
    if not strict:
        root.set("name", f"gaterun, {record.shard.label}" if record.shard else "gaterun")
        root.set("tests", str(len(root.findall("testsuite/testcase"))))
        for counter, tag in _COUNTERS.items():
            root.set(counter, str(len(root.findall(f"testsuite/testcase/{tag}"))))
        root.set("time", seconds(record.seconds))
        root.set("timestamp", _timestamp(record.started))
    return root


def _suite(
    record: RunRecord,
    suite: Suite,
    index: int,
    limit: int,
    *,
    strict: bool,
    state: Path | None,
) -> Element:
    import junit_xml

    used: Counter[str] = Counter()
    cases = [
        junit_case.case(result, _unique(_name(result), used), limit) for result in suite.results
    ]
    built = []
    for case, result in zip(cases, suite.results, strict=True):
        test = junit_xml.TestCase(name=case.name, classname=suite.name, elapsed_sec=0.0)
        if case.kind is Kind.FAILURE:
            test.add_failure_info(case.message, case.body, case.type)
        elif case.kind is Kind.ERROR:
            test.add_error_info(case.message, case.body, case.type)
        elif case.kind is Kind.SKIPPED:
            test.add_skipped_info(case.message, case.body)
        if not strict:
            named = attachment(record, result, state)
            test.stdout = "\n".join(filter(None, (case.output, named))) or None
        built.append(test)
    properties = junit_properties.of_suite(record, suite.title, suite.started)
    if index == 0:
        properties |= junit_properties.of_policy(record)
    if strict:
        for result, case in zip(suite.results, cases, strict=True):
            for name, value in junit_properties.of_gate(result).items():
                properties[junit_case.attribute(f"{case.name}:{name}")] = value
    element = junit_xml.TestSuite(
        name=suite.name,
        test_cases=built,
        hostname="localhost",
        id=str(index),
        package=suite.name if strict else None,
        timestamp=_timestamp(suite.started),
        properties=properties,
    ).build_xml_doc()
    _finish(element, suite, cases, strict=strict)
    if strict:
        _append_logs(element, cases, limit)
    return element


def _finish(element: Element, suite: Suite, cases: list[Case], *, strict: bool) -> None:
    """Put right what the library leaves out, writes wrongly or cannot say."""
    element.attrib.pop("disabled", None)  # unknown to Jenkins' schema: the file is refused
    total = 0.0
    elements = element.findall("testcase")
    for test, case, result in zip(elements, cases, suite.results, strict=True):
        test.set("time", seconds(result.seconds))
        total += float(seconds(result.seconds))
        verdict = test.find(case.kind.value) if case.kind else None
        if verdict is not None:
            verdict.set("type", case.type)
            if strict and case.kind is Kind.SKIPPED:
                del verdict.attrib["type"]  # unknown to windyroad's schema
        if not strict:
            test.set("file", case.file)
            test.set("line", str(case.line))
            test.insert(0, _property_list(junit_properties.of_gate(result)))
            if result.flaky and case.kind is Kind.PASSED:
                _add_flaky(test)
    element.set("time", seconds(total))
    element.set("tests", str(len(elements)))
    for counter, tag in _COUNTERS.items():
        element.set(counter, str(len(element.findall(f"testcase/{tag}"))))


def _append_logs(element: Element, cases: list[Case], limit: int) -> None:
    """The suite's outputs, after the cases: the only place that both schemas allow."""
    from xml.etree import ElementTree as ET

    texts = [f"{case.name}\n{case.output}" for case in cases if case.output]
    ET.SubElement(element, "system-out").text = clean.clip("\n".join(texts), limit)
    ET.SubElement(element, "system-err")


def _property_list(properties: Mapping[str, str]) -> Element:
    from xml.etree import ElementTree as ET

    element = ET.Element("properties")
    for name, value in properties.items():
        ET.SubElement(element, "property", {"name": name, "value": value})
    return element


def _add_flaky(test: Element) -> None:
    from xml.etree import ElementTree as ET

    message = "passed only after a retry"
    flaky = ET.Element("flakyFailure", {"message": message, "type": "gaterun.flaky"})
    ET.SubElement(flaky, "stackTrace").text = message
    test.insert(1, flaky)


def _name(result: GateResult) -> str:
    return junit_case.attribute(result.node_id.rpartition("::")[2])[:200].strip() or "gate"


def seconds(value: float) -> str:
    """A time as Jenkins' schema wants it: three decimals, no sign, no exponent.

    >>> seconds(1.5), seconds(-1), seconds(1e-9), seconds(float("nan"))
    ('1.500', '0.000', '0.000', '0.000')
    """
    return f"{value:.3f}" if math.isfinite(value) and value > 0 else "0.000"


def _timestamp(started: float) -> str:
    # In UTC without zone and fraction, all that windyroad's schema allows.
    return instant(started)[:19]


def _start(stream: TextIO, state: Path | None, *, strict: bool) -> Listener:
    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            stream.write(render(event.record, strict=strict, state=state))
            stream.flush()

    return listen


def start_extended(stream: TextIO, style: Style) -> Listener:
    """Write the file for today's readers when the run is over."""
    return _start(stream, style.state, strict=False)


def start_strict(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the file that is valid against both schemas when the run is over."""
    return _start(stream, None, strict=True)


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``junit`` and ``junit-strict``."""
    # Found by the default patterns of Azure, Datadog and the GitHub actions.
    name = "TEST-gaterun.xml"
    return [
        Reporter(
            name="junit",
            title="JUnit XML",
            filename=f"junit-reports/{name}",
            start=start_extended,
        ),
        Reporter(
            name="junit-strict",
            title="JUnit XML, valid against the schemas of Jenkins xunit and Ant",
            filename=f"junit-reports-strict/{name}",
            start=start_strict,
        ),
    ]
