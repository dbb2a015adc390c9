"""What GitLab makes of a JUnit file: `Hash.from_xml` of ActiveSupport and GitLab's own walk, emulated.

Written from the behaviour of both: attributes and elements become keys of one hash, an element with
text becomes that text and loses its attributes, and `type` of an element says what its text is.
"""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: Texts that become something else by the element's `type`; of two the whole file is refused.
_CAST = {
    "integer": lambda text: int(text) if text.strip().lstrip("-").isdigit() else 0,
    "boolean": lambda text: text.strip() in {"1", "true"},
    "float": lambda text: 0.0,
    "array": lambda text: [],
    "file": lambda text: "",
    "date": lambda text: _refuse("invalid date"),
}
_DISALLOWED = {"symbol", "yaml"}


class RefusedError(Exception):
    """GitLab shows an error in the place of the whole report."""


def _refuse(why: str) -> Any:
    raise RefusedError(why)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A test case as GitLab shows it."""

    suite: str
    name: str
    file: str
    status: str
    output: Any
    attachment: str
    key: str


def cases(xml: str) -> list[Case]:
    """The test cases of a report; of equal keys the first one only.

    Raises:
        RefusedError: the report as a whole is not shown.
    """
    root = ET.fromstring(xml)
    found: dict[str, Case] = {}
    for data in _walk({root.tag: _value(root)}, top=True):
        case = _case(data)
        found.setdefault(case.key, case)
    return list(found.values())


def _value(element: ET.Element) -> Any:
    kind = element.get("type", "")
    if kind in _DISALLOWED:
        raise RefusedError(f"disallowed type attribute: {kind!r}")
    text = element.text or ""
    if text.strip() and not len(element):
        return _CAST.get(kind, str)(text)
    made: dict[str, Any] = {key.replace("-", "_"): value for key, value in element.attrib.items()}
    for child in element:
        key = child.tag.replace("-", "_")
        if key in made:
            before = made[key] if isinstance(made[key], list) else [made[key]]
            made[key] = [*before, _value(child)]
        else:
            made[key] = _value(child)
    return made or None


def _walk(root: Any, *, top: bool = False) -> Iterator[dict[str, Any]]:
    for node in root if isinstance(root, list) else [root]:
        if not isinstance(node, dict):
            continue
        if top:
            yield from _walk(node.get("testsuites"))
        else:
            listed = node.get("testcase") or []
            yield from listed if isinstance(listed, list) else [listed]
        yield from _walk(node.get("testsuite"))


def _case(data: dict[str, Any]) -> Case:
    status = next((name for name in ("failure", "error", "skipped") if name in data), "success")
    mark = re.search(r"\[\[ATTACHMENT\|(.+?)\]\]", str(data.get("system_out") or ""))
    name, suite = data.get("name", ""), data.get("classname", "")
    return Case(
        suite=suite,
        name=name,
        file=data.get("file", ""),
        status=status,
        output=data.get(status),
        attachment=mark[1] if mark and status == "failure" else "",
        key=hashlib.sha256(f"gaterun_{suite}_{name}".encode()).hexdigest(),
    )
