"""The SARIF 2.1.0 report, for code scanning: one run, a result for each finding."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from gaterun.hookspecs import hookimpl
from gaterun.model.event import Event, RunFinished
from gaterun.model.finding import Severity
from gaterun.model.record import RunRecord
from gaterun.model.report import Listener, Reporter, Style
from gaterun.model.verdict import ExitCode

if TYPE_CHECKING:
    from gaterun.reporters.issues import Issue

#: What GitHub takes: results and rules of a run, bytes of the compressed file (10 MB, with a
#: margin for what follows the results).
RESULTS = 25_000
RULES = 25_000
COMPRESSED = 9_500_000

#: Characters of a rule's name and texts that GitHub takes.
RULE_NAME = 255
RULE_TEXT = 1024

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

#: Under which our identity of a finding stands; GitHub's own action adds another.
FINGERPRINT = "gaterunFinding/v1"

#: The verdict of a run that came to its end.
_COMPLETED = frozenset({ExitCode.OK, ExitCode.FAILED, ExitCode.MAX_WARNINGS, ExitCode.NO_GATES})

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def write(record: RunRecord, stream: TextIO, *, compressed: int = COMPRESSED) -> None:
    """Write `record`; the same verdicts give the same bytes, whenever and where they were found.

    What GitHub would not take is left out, the least important, and a notification says so.

    Args:
        compressed: bytes that the file may have when it is compressed.
    """
    import msgspec

    from gaterun.reporters.issues import issues

    found = issues(record)
    rules = _rules(found)
    encoder = msgspec.json.Encoder()
    size = zlib.compressobj(1)
    used = 0

    def put(data: bytes) -> bool:
        nonlocal used
        used += len(size.compress(data))
        if used > compressed:
            return False
        stream.write(data.decode("utf-8"))
        return True

    driver = {
        "name": "gaterun",
        "version": _text(record.version) or "unknown",
        "rules": list(rules.values()),
    }
    head = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"gaterun/{_text(record.phase) or 'phase'}/"},
        "columnKind": "unicodeCodePoints",
    }
    opening = f'{{"$schema":"{SCHEMA}","version":"2.1.0","runs":[\n'
    put(opening.encode() + encoder.encode(head)[:-1] + b',"results":[')
    index = {rule: number for number, rule in enumerate(rules)}
    written = 0
    for issue in found[:RESULTS]:
        if issue.rule not in index:
            continue
        data = encoder.encode(_result(issue, index[issue.rule]))
        if not put((b"," if written else b"") + b"\n" + data):
            break
        written += 1
    invocation = _invocation(record, left_out=len(found) - written)
    stream.write(f'\n],"invocations":[{encoder.encode(invocation).decode()}]}}\n]}}\n')


def _rules(found: list[Issue]) -> dict[str, dict[str, object]]:
    rules: dict[str, dict[str, object]] = {}
    for issue in found[:RESULTS]:
        if issue.rule in rules or len(rules) == RULES:
            continue
        short = issue.rule[:RULE_NAME]
        if issue.rule.startswith("gaterun/"):
            full = _OF_GATES.get(issue.rule, "The gate reached no verdict.")
        else:
            full = f"What the gate {issue.rule.partition('/')[0]} reports as {short}."
        rules[issue.rule] = {
            "id": issue.rule,
            "shortDescription": {"text": short},
            "fullDescription": {"text": full[:RULE_TEXT]},
            "help": {"text": (issue.help or full)[:RULE_TEXT]},
            "defaultConfiguration": {"level": _LEVELS[issue.severity]},
        }
    return rules


_OF_GATES = {"gaterun/condition": "A condition of the phase file does not hold."}


def _result(issue: Issue, index: int) -> dict[str, object]:
    region: dict[str, int] = {"startLine": issue.line}
    if issue.column:
        region["startColumn"] = issue.column
    place = {"artifactLocation": {"uri": uri(issue.path)}, "region": region}
    message = f"{issue.message} (help: {issue.help})" if issue.help else issue.message
    result: dict[str, object] = {
        "ruleId": issue.rule,
        "ruleIndex": index,
        "level": _LEVELS[issue.severity],
        "message": {"text": _text(message)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {FINGERPRINT: _digest(issue.key)},
        "properties": {"gate": _text(issue.node_id)},
    }
    if issue.waived:
        # Accepted, as no status says else: the schemas do not agree on the name of that property.
        result["suppressions"] = [{"kind": "external", "justification": _text(issue.waived)}]
    return result


def uri(path: str) -> str:
    r"""`path` as a relative URI, byte by byte as the file system has it.

    >>> uri("a b/ä:%.rs"), uri("caf\udce9")
    ('a%20b/%C3%A4%3A%25.rs', 'caf%E9')
    """
    from urllib.parse import quote_from_bytes

    if path.isascii() and path.replace("/", "").replace("_", "").replace(".", "").isalnum():
        return path
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = path.encode("utf-8", "replace")
    return quote_from_bytes(data, safe="/")


def _digest(key: str) -> str:
    import hashlib

    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _text(text: str) -> str:
    """`text` clean, on one line, as it may come from a record."""
    from gaterun.reporters.issues import LONGEST, bounded

    return bounded(text, 2 * LONGEST)


def _invocation(record: RunRecord, *, left_out: int) -> dict[str, object]:
    told = [("warning", warning) for warning in record.warnings[:100]]
    if left_out:
        text = f"{left_out:,} results are left out, the least important: more are not taken"
        told.insert(0, ("error", text))
    return {
        "executionSuccessful": record.exit_code in _COMPLETED and not record.interrupted,
        "exitCode": int(record.exit_code),
        "exitCodeDescription": record.exit_code.name.lower().replace("_", " "),
        "toolExecutionNotifications": list(_notifications(told)),
    }


def _notifications(told: list[tuple[str, str]]) -> Iterator[dict[str, object]]:
    for level, text in told:
        yield {"level": level, "message": {"text": _text(text) or "no message"}}


def start(stream: TextIO, style: Style) -> Listener:  # noqa: ARG001 - the contract
    """Write the report when the run is over."""

    def listen(event: Event) -> None:
        if isinstance(event, RunFinished):
            write(event.record, stream)
            stream.flush()

    return listen


@hookimpl
def gaterun_reporters() -> list[Reporter]:
    """Offer ``sarif``."""
    return [
        Reporter(
            name="sarif",
            title="SARIF 2.1.0, for code scanning",
            filename="gaterun.sarif",
            start=start,
        )
    ]
