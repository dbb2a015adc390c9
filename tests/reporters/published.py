"""Schemas that others have published, which are no part of this repository.

They are looked for in ``../shared/data``, and else taken from a package that has the same text: the
JUnit schema of Jenkins from pytest's source distribution, OASIS' schema of SARIF from Microsoft's
jest-sarif. The windyroad schema is in no registry: it comes from GitHub, where that can be reached.
"""

from __future__ import annotations

import hashlib
import tarfile
import urllib.request
from pathlib import Path

from tests.external import tools

from .sample import DATA

PYTEST = "pytest==9.0.2"
JEST_SARIF = "@microsoft/jest-sarif@1.0.0-beta.0"
WINDYROAD = "https://raw.githubusercontent.com/windyroad/JUnit-Schema/cfa434d4b8e102a8f55b8727b552a0063ee9044e/JUnit.xsd"
#: Beginnings of the SHA-256 digests of what is taken from elsewhere.
DIGESTS = {
    "jenkins-junit-10.xsd": "a1a816f58d1b",
    "windyroad-JUnit.xsd": "147ff89ef34a",
    "sarif-schema-2.1.0.json": "2d99159ae54a",
}


def published(name: str) -> Path:
    """Where the schema is; the test is skipped where it cannot be had."""
    if (DATA / name).exists():
        return DATA / name
    kept = tools.cache("schemas") / name
    if not kept.exists():
        data = _taken(name)
        assert hashlib.sha256(data).hexdigest().startswith(DIGESTS[name])
        aside = kept.with_suffix(".part")
        aside.write_bytes(data)
        aside.replace(kept)
    return kept


def _taken(name: str) -> bytes:
    if name.startswith("sarif"):
        found = tools.npm(JEST_SARIF) / "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
        return found.read_bytes()
    if name.startswith("jenkins"):
        with tarfile.open(tools.source_of(PYTEST)) as packed:
            (member,) = [one for one in packed.getmembers() if one.name.endswith("/junit-10.xsd")]
            content = packed.extractfile(member)
            assert content
            return content.read()
    try:
        with urllib.request.urlopen(WINDYROAD, timeout=20) as answer:
            return bytes(answer.read())
    except OSError:
        tools.missing(f"{name} of raw.githubusercontent.com")
