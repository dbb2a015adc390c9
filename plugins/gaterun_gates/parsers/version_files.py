"""Versions that files other than Cargo.toml state of the crate beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from gaterun_gates.parsers.cargo_manifest import parse_toml
from gaterun_gates.parsers.toml_line import line_of
from gaterun_gates.prose.semver_text import SEMVER
from gaterun_gates.prose.stated_version import Stated, stated_at

_ROOT_URL = re.compile(rf"\bhtml_root_url\s*=\s*\"[^\"\n]*?/(?P<version>{SEMVER})/?[^\"\n]*\"")
_CONST = re.compile(
    r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?(?:const|static)\s+"
    r"(?:CRATE_|PKG_|PACKAGE_|APP_|LIB_|SERVER_|CLI_)?VERSION\s*:\s*&\s*(?:'static\s+)?str\s*=\s*"
    rf"\"v?(?P<version>{SEMVER})\"",
    re.MULTILINE,
)
_LABEL = re.compile(
    r"(?:(?<=\s)|^)(?:org\.opencontainers\.image\.version|version|VERSION)"
    rf"\s*[= ]\s*[\"']?v?(?P<version>{SEMVER})[\"']?(?=\s|$)"
)


def find_in_rust(text: str) -> Iterator[Stated]:
    """``html_root_url``, and constants named ``VERSION`` with a version spelled out."""
    for kind, word, pattern in (
        ("html_root_url", "html_root_url", _ROOT_URL),
        ("constant", "VERSION", _CONST),
    ):
        if word not in text:
            continue
        for match in pattern.finditer(text):
            position = match.start("version")
            line = text[text.rfind("\n", 0, position) + 1 : position].lstrip()
            if not line.startswith(("//", "*", "/*")):
                yield stated_at(text, position, match.end("version"), kind)


def find_in_package_json(text: str) -> Iterator[Stated]:
    """``version`` of a package that is not private.

    Raises:
        ValueError: it is no JSON.
    """
    document = json.loads(text)
    if isinstance(document, dict) and document.get("private") is not True:
        version = document.get("version")
        if isinstance(version, str):
            place = re.search(
                rf"^(?:\s{{0,4}}|\t|\{{\s*)\"version\"\s*:\s*\"(?P<version>{re.escape(version)})\"",
                text,
                re.MULTILINE,
            )
            start, end = place.span("version") if place else (0, 0)
            yield replace(stated_at(text, start, end, "package.json"), text=version)


def find_in_pyproject(text: str) -> Iterator[Stated]:
    """``project.version`` or ``tool.poetry.version``.

    Raises:
        ValueError: it is no TOML.
    """
    document = parse_toml(text)
    for path in (("project", "version"), ("tool", "poetry", "version")):
        value: object = document
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, str):
            line = line_of(text, *path)
            begin = sum(len(each) + 1 for each in text.split("\n")[: line - 1])
            start = max(text.find(value, begin), 0)
            found = stated_at(text, start, start + len(value), "pyproject.toml")
            # Where it is not spelled out on that line, nobody knows how to write another.
            known = (found.line, found.text) == (line, value)
            yield found if known else replace(found, line=line, text=value, end=start)


def find_in_citation(text: str) -> Iterator[Stated]:
    """``version`` of a CITATION.cff."""
    return _yaml(text, "CITATION.cff", "version")


def find_in_chart(text: str) -> Iterator[Stated]:
    """``appVersion`` of a Helm chart; ``version`` is that of the chart itself."""
    return _yaml(text, "Chart.yaml", "appVersion")


def find_in_dockerfile(text: str) -> Iterator[Stated]:
    """``LABEL version=``, its OCI name, and ``ARG VERSION=`` (Dockerfile reference)."""
    instruction = ""
    continued = False
    begin = 0
    for line in text.split("\n"):
        if not continued:
            started = re.match(r"\s*([A-Za-z]+)\s", line)
            instruction = started[1].upper() if started else ""
        continued = line.rstrip().endswith("\\")
        if instruction in ("LABEL", "ARG"):
            for match in _LABEL.finditer(line):
                first, last = match.span("version")
                yield stated_at(text, begin + first, begin + last, "Dockerfile")
        begin += len(line) + 1


def find_in_openapi(text: str) -> Iterator[Stated]:
    """``info.version`` of an OpenAPI document, JSON or YAML."""
    info = re.search(r"^[ \t]*[\"']?info[\"']?\s*:", text, re.MULTILINE)
    if info is None:
        return
    end = re.compile(r"^\S|^[ \t]*[\"']?(?:paths|servers|components)[\"']?\s*:", re.MULTILINE)
    stop = end.search(text, info.end())
    block = text[info.end() : stop.start() if stop else len(text)]
    found = re.search(
        rf"^[ \t]*[\"']?version[\"']?\s*:\s*[\"']?v?(?P<version>{SEMVER})[\"']?,?\s*$",
        block,
        re.MULTILINE,
    )
    if found:
        first, last = found.span("version")
        yield stated_at(text, info.end() + first, info.end() + last, "OpenAPI")


def _yaml(text: str, kind: str, key: str) -> Iterator[Stated]:
    pattern = rf"^{key}\s*:\s*[\"']?v?(?P<version>{SEMVER})[\"']?\s*(?:#.*)?$"
    for match in re.finditer(pattern, text, re.MULTILINE):
        yield stated_at(text, *match.span("version"), kind)


#: The reader for a file of this name, in lower case.
READERS: dict[str, Callable[[str], Iterator[Stated]]] = {
    "package.json": find_in_package_json,
    "pyproject.toml": find_in_pyproject,
    "citation.cff": find_in_citation,
    "chart.yaml": find_in_chart,
    "dockerfile": find_in_dockerfile,
    "containerfile": find_in_dockerfile,
    "openapi.json": find_in_openapi,
    "openapi.yaml": find_in_openapi,
    "openapi.yml": find_in_openapi,
    "swagger.json": find_in_openapi,
    "swagger.yaml": find_in_openapi,
}
