"""Goldens of reports: one readable file each, in the format's own extension."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


def _extension(suffix: str) -> type[SingleFileSnapshotExtension]:
    class Golden(SingleFileSnapshotExtension):
        _write_mode = WriteMode.TEXT
        file_extension = suffix

    return Golden


@pytest.fixture
def golden(snapshot: SnapshotAssertion, request: pytest.FixtureRequest) -> SnapshotAssertion:
    """A golden whose extension is that of the test file's name: test_junit gives xml."""
    suffix = {
        "html": "html",
        "junit": "xml",
        "markdown": "md",
        "json": "json",
        "jsonl": "jsonl",
        "sarif": "sarif",
        "gitlab": "json",
        "openmetrics": "prom",
    }
    name = Path(str(request.node.path)).stem.removeprefix("test_")
    return snapshot.use_extension(_extension(suffix.get(name, "txt")))
