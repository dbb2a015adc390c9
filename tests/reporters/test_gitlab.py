"""GitLab's code quality report, as GitLab reads it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from hypothesis import given, settings
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from gaterun.model.record import RunRecord
from gaterun.model.verdict import ExitCode
from gaterun.reporters import gitlab
from gaterun.reporters.issues import inside, issues

from .nasty import records
from .sample import HARDCODED, RECORD, SCCACHE
from .told import written

#: What GitLab's own check of an entry asks for.
ENTRY = {
    "type": "object",
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "additionalProperties": False,
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "required": ["path", "lines"],
            "additionalProperties": False,
            "properties": {
                "path": {"type": "string", "minLength": 1, "pattern": "^[^/]"},
                "lines": {
                    "type": "object",
                    "required": ["begin"],
                    "additionalProperties": False,
                    "properties": {"begin": {"type": "integer", "minimum": 1}},
                },
            },
        },
    },
}
VALIDATOR = jsonschema.Draft202012Validator(ENTRY)


def read_by_gitlab(text: str) -> list[Any]:
    """Entries up to the first that is not valid, one for each fingerprint."""
    found: dict[str, Any] = {}
    for entry in json.loads(text):
        if not VALIDATOR.is_valid(entry):
            break
        found.setdefault(entry["fingerprint"], entry)
    return list(found.values())


def test_golden(golden: SnapshotAssertion) -> None:
    assert written(gitlab) == golden


def test_everything_but_the_waived_is_read() -> None:
    read = read_by_gitlab(written(gitlab))
    assert len(read) == sum(not issue.waived for issue in issues(RECORD)) > 20
    assert read[0]["severity"] == "blocker"


def test_a_broken_entry_hides_the_rest() -> None:
    """So that the reader above is known to be as strict as GitLab."""
    entries = json.loads(written(gitlab))
    entries[3]["location"]["path"] = ""
    assert len(read_by_gitlab(json.dumps(entries))) == 3


def test_nothing_to_say_is_an_empty_list() -> None:
    fine = replace(RECORD, results=(SCCACHE, HARDCODED), exit_code=ExitCode.OK)
    assert written(gitlab, fine) == "[]\n"


@settings(max_examples=60, deadline=None)
@given(records())
def test_any_text_is_read_whole(record: RunRecord) -> None:
    text = written(gitlab, record)
    assert not text.encode("utf-8").startswith(b"\xef\xbb\xbf")
    read = read_by_gitlab(text)
    assert len(read) == sum(not issue.waived for issue in issues(record))
    for entry in read:
        assert inside(entry["location"]["path"])
