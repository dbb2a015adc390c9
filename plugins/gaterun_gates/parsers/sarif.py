"""Results out of a SARIF 2.1.0 log.

Source: OASIS SARIF 2.1.0, sections 3.14 (run), 3.20 (invocation) and 3.27 (result).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote

from gaterun_gates.parsers.json_path import read_json

_LEVELS = ("error", "warning", "note", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class SarifFinding:
    """A result of kind ``fail`` that nothing suppresses and that is not absent."""

    rule: str
    level: str
    message: str
    path: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SarifLog:
    """What a log says.

    Attributes:
        runs: number of runs.
        suppressed: results that a suppression in the log hides.
        broken: what the tool says about an invocation that did not succeed; else empty.
    """

    runs: int
    findings: tuple[SarifFinding, ...]
    suppressed: int
    broken: str


def read_sarif(data: bytes) -> SarifLog:
    """Read a log.

    Raises:
        ValueError: it is no SARIF log.
    """
    log = _object(read_json(data))
    runs = log.get("runs")
    if not isinstance(runs, list) or not str(log.get("version", "")).startswith("2."):
        raise ValueError("it is no SARIF 2 log: 'version' and 'runs' are needed")
    findings: list[SarifFinding] = []
    suppressed = 0
    broken = ""
    for item in runs:
        run = _object(item)
        for invocation in _list(run.get("invocations")):
            if _object(invocation).get("executionSuccessful") is False:
                said = _object(invocation).get("exitCodeDescription")
                broken = str(said or "the tool says that its run did not succeed")
        levels = _rule_levels(run)
        if not isinstance(run.get("results"), list):
            broken = broken or "a run has no results: the tool did not look for any"
        for entry in _list(run.get("results")):
            result = _object(entry)
            if result.get("kind", "fail") != "fail" or result.get("baselineState") == "absent":
                continue
            if _is_suppressed(result):
                suppressed += 1
            else:
                findings.append(_finding(result, levels))
    return SarifLog(runs=len(runs), findings=tuple(findings), suppressed=suppressed, broken=broken)


def _rule_levels(run: Mapping[str, object]) -> dict[str, str]:
    """Default level by rule id, of the driver and its extensions."""
    tool = _object(run.get("tool"))
    levels: dict[str, str] = {}
    for component in (tool.get("driver"), *_list(tool.get("extensions"))):
        for rule in map(_object, _list(_object(component).get("rules"))):
            level = _object(rule.get("defaultConfiguration")).get("level")
            if isinstance(level, str):
                levels[str(rule.get("id", ""))] = level
    return levels


def _is_suppressed(result: Mapping[str, object]) -> bool:
    """Section 3.35: suppressed unless a suppression is under review or rejected."""
    given = _list(result.get("suppressions"))
    return bool(given) and all(
        _object(item).get("status", "accepted") == "accepted" for item in given
    )


def _finding(result: Mapping[str, object], levels: Mapping[str, str]) -> SarifFinding:
    rule = str(result.get("ruleId") or _object(result.get("rule")).get("id") or "")
    level = str(result.get("level") or levels.get(rule, "warning"))
    message = _object(result.get("message"))
    places = _list(result.get("locations"))
    physical = _object(_object(places[0] if places else None).get("physicalLocation"))
    region = _object(physical.get("region"))
    uri = str(_object(physical.get("artifactLocation")).get("uri", ""))
    return SarifFinding(
        rule=rule,
        level=level if level in _LEVELS else "warning",
        message=str(message.get("text") or message.get("markdown") or message.get("id") or ""),
        path=unquote(uri.removeprefix("file://")),
        line=_integer(region.get("startLine")),
        column=_integer(region.get("startColumn")),
    )


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _integer(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
