"""Install instructions in documents: dependency lines in TOML, and ``cargo install`` lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from gaterun_gates.prose.semver_text import is_semver
from gaterun_gates.prose.stated_version import Stated, stated_at

#: What may stand before a line of TOML: a doc comment, a quote, a list mark, a prompt.
_LEAD = r"^[ \t]*(?://[/!]|[>#*-])?[ \t]*"
_NAME = r"[\"']?(?P<alias>[A-Za-z0-9_-]+)[\"']?"

_SHORT = re.compile(
    rf"{_LEAD}`*{_NAME}(?:\.version)?\s*=\s*[\"'](?P<req>[^\"'\n]*)[\"']", re.MULTILINE
)
_TABLE = re.compile(rf"{_LEAD}`*{_NAME}\s*=\s*\{{(?P<body>[^}}]*)\}}", re.MULTILINE)
_SECTION = re.compile(
    rf"{_LEAD}\[(?:[^\]\n]*\.)?(?:dev-|build-)?dependencies\.{_NAME}\]"
    r"(?P<body>(?:\n(?![ \t]*(?://[/!])?[ \t]*(?:\[|```|$)).*)*)",
    re.MULTILINE,
)
_FIELD = re.compile(r"(?:^|[\s,{!/])version\s*=\s*[\"'](?P<req>[^\"']*)[\"']")
_PACKAGE = re.compile(r"(?:^|[\s,{!/])package\s*=\s*[\"'](?P<name>[^\"']*)[\"']")
_ADD = re.compile(
    r"\bcargo\s+(?P<verb>install|binstall|add|quickinstall)\b(?P<rest>(?:[^\n`|&;]|\\\n)*)"
)
_AT = re.compile(r"(?<![\w/-])(?P<name>[A-Za-z_][\w-]*)@(?P<req>[^\s`'\"]+)")
_FLAG = re.compile(r"--vers(?:ion)?[ =][\"']?(?P<req>[^\s\"'`]+)")
_REQUIREMENT = re.compile(r"[\^~=<>*0-9][\^~=<>*0-9A-Za-z.,+ -]*\Z")


def find_snippets(text: str, names: Collection[str]) -> Iterator[Stated]:
    """Install instructions for the crates `names`.

    What does not read as a requirement (``x.y.z``, ``{version}``) is left out.
    """
    if not any(name in text for name in names):
        return
    for match in _SHORT.finditer(text):
        if match["alias"] in names and _REQUIREMENT.match(match["req"]):
            yield _stated(text, match.start("req"), match["alias"], match["req"])
    for pattern in (_TABLE, _SECTION):
        for match in pattern.finditer(text):
            renamed = _PACKAGE.search(match["body"])
            name = renamed["name"] if renamed else match["alias"]
            found = _FIELD.search(match["body"])
            if name in names and found and _REQUIREMENT.match(found["req"]):
                yield _stated(text, match.start("body") + found.start("req"), name, found["req"])
    for match in _ADD.finditer(text):
        yield from _command(text, match, names)


def _command(text: str, match: re.Match[str], names: Collection[str]) -> Iterator[Stated]:
    rest = match["rest"]
    offset = match.start("rest")
    for found in _AT.finditer(rest):
        if found["name"] in names and _REQUIREMENT.match(found["req"]):
            yield _stated(text, offset + found.start("req"), found["name"], found["req"])
    flag = _FLAG.search(rest)
    words = [word for word in re.findall(r"(?<!\S)[A-Za-z_][\w-]*(?!\S)", rest) if word in names]
    if flag and words and _REQUIREMENT.match(flag["req"]):
        # A bare version after --version means exactly that one.
        yield stated_at(
            text,
            offset + flag.start("req"),
            offset + flag.end("req"),
            "install",
            package=words[0],
            requirement=not is_semver(flag["req"]),
        )


def _stated(text: str, position: int, package: str, requirement: str) -> Stated:
    end = position + len(requirement.rstrip())
    return stated_at(text, position, end, "install", package=package, requirement=True)
