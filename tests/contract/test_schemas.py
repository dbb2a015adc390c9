"""The published JSON Schemas accept what gaterun reads and writes, and refuse what it refuses."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parents[2]


@cache
def _fake_schema() -> dict[str, Any]:
    from gaterun.cli.schema import phase_schema
    from gaterun.core import discovery

    plugins = discovery.load(entry_points=[("fake_gates", "fake_gates", "x")])
    return phase_schema(plugins.gates)


def errors(schema: dict[str, Any], document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", ["phase", "config", "waivers", "metrics", "run", "events"])
def test_it_is_a_schema(project: Any, name: str) -> None:
    ran = project.run("schema", name)
    assert ran.code == 0, ran.err
    schema = json.loads(ran.out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", sorted(ROOT.glob("phases/gaterun_phases/*.toml")), ids=str)
def test_shipped_phases_are_valid(project: Any, path: Path) -> None:
    schema = json.loads(project.run("schema", "phase").out)
    assert errors(schema, tomllib.loads(path.read_text())) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("phases/gaterun_phases/*.toml")), ids=str)
def test_shipped_phases_can_be_bound(project: Any, path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("GATERUN_PLUGINS", "")
    ran = project.run("list", path.stem)
    assert ran.code == 0, ran.err
    assert project.run(path.stem, "--co").code == 0


VALID = """
[phase]
id = "p"
title = "t"
extends = "q"
base = "main"
gates = ["pass", { use = "value", require = "n < 1" }]
protected = ["a"]
[phase.outputs]
final = "x"
[task.a]
title = "A"
needs = ["b"]
skip = "why"
[[task.a.gate]]
use = "value"
number = 3
parts = { x = 1 }
require = ["n < 3"]
improve = "n >= 3%"
ratchet = ["n"]
floor = { n = 1 }
needs = "x"
tags = ["t"]
timeout = 3
mode = "advisory"
[[task.a.gate]]
id = "of-the-parent"
"""


def test_a_phase_with_everything_is_valid(project: Any) -> None:
    assert errors(_fake_schema(), tomllib.loads(VALID)) == []


@pytest.mark.parametrize(
    "text",
    [
        "[phases]\n",
        '[phase]\ntitel = "x"\n',
        "[phase]\ntitle = 3\n",
        '[phase.outputs]\nfinale = "x"\n',
        "[task.a]\nneed = []\n",
        '[[task.a.gate]]\nuse = "nope"\n',
        '[[task.a.gate]]\nuse = "value"\nnumbr = 3\n',
        '[[task.a.gate]]\nuse = "value"\nnumber = "three"\n',
        '[[task.a.gate]]\nuse = "value"\nrequire = 3\n',
        pytest.param('[[task.a.gate]]\nuse = "value"\nmode = "lenient"\n'),
        '[phase]\ngates = ["nope"]\n',
    ],
)
def test_what_is_refused_is_not_valid(project: Any, text: str) -> None:
    assert errors(_fake_schema(), tomllib.loads(text))
    project.phase(text)
    assert project.run("list", "p").code == 4


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ('jobs = 3\nphase = "p"\nreport = ["md"]\ncolor = "never"\n', True),
        ("[profile.ci]\njobs = 3\n", True),
        ("", True),
        ("job = 3\n", False),
        ('jobs = "3"\n', False),
        ('color = "red"\n', False),
        ("[profile.ci]\njob = 3\n", False),
        ('report = "md"\n', False),
    ],
)
def test_config(project: Any, text: str, valid: bool) -> None:
    schema = json.loads(project.run("schema", "config").out)
    assert (errors(schema, tomllib.loads(text)) == []) is valid
    project.write({"gaterun.toml": text})
    assert project.run("config", "-P", "ci" if "profile" in text else "").code == (
        0 if valid else 4
    )


def test_documents_that_are_written_are_valid(project: Any) -> None:
    project.gates("pass", "fail", "crash", "nothing", "garbage", "shares")
    project.commit()
    project.run("p", "--report", "json:run.json", "--report", "metrics:metrics.json")
    for name in ("run", "metrics"):
        schema = json.loads(project.run("schema", name).out)
        document = json.loads((project.root / f"{name}.json").read_text())
        assert errors(schema, document) == []


def test_events_that_are_written_are_valid(project: Any) -> None:
    project.gates("pass", "fail", "crash", "nothing", "garbage", "shares")
    lines = project.run("p", "--report", "jsonl:-").out.splitlines()
    schema = json.loads(project.run("schema", "events").out)
    names = [json.loads(line)["event"] for line in lines]
    assert (names[0], names[-1]) == ("run-started", "run-finished")
    assert len(set(names)) >= 4
    for line in lines:
        assert errors(schema, json.loads(line)) == []
        renamed = {**json.loads(line), "event": "another"}
        assert errors(schema, renamed)


@pytest.mark.parametrize(("name", "major"), [("metrics", 2), ("run", 1), ("events", 1)])
def test_a_documents_schema_has_a_name_for_its_major_version(
    project: Any, name: str, major: int
) -> None:
    schema = json.loads(project.run("schema", name).out)
    assert schema["$id"] == f"urn:gaterun:schema:{name}:{major}"


def test_records_that_are_kept_are_valid(project: Any) -> None:
    project.gates("pass", "fail", "crash")
    record = project.run("p").record
    schema = json.loads(project.run("schema", "run").out)
    path = project.root / ".gaterun/runs" / record.id / "record.json"
    assert errors(schema, json.loads(path.read_text())) == []


def test_every_setting_has_a_meaning(project: Any) -> None:
    schema = json.loads(project.run("schema", "config").out)
    for name, entry in schema["properties"].items():
        assert name == "profile" or entry["description"]


WAIVERS = """
[[waiver]]
gate = "a"
rule = "r"
limit = 3
reason = "r"
owner = "o"
expires = "2026-12-31"
[[signoff]]
phase = "p"
gate = "a::b"
name = "n"
reason = "r"
date = "2026-12-31"
digest = "0"
"""


@pytest.mark.parametrize(
    ("old", "new", "valid"),
    [
        ("", "", True),
        ("owner", "ownr", False),
        ('owner = "o"\n', "", False),
        ("limit = 3", 'limit = "3"', False),
        ('digest = "0"\n', "", False),
        ("[[waiver]]", "[[waivers]]", False),
    ],
)
def test_waivers(project: Any, old: str, new: str, *, valid: bool) -> None:
    schema = json.loads(project.run("schema", "waivers").out)
    found = errors(schema, tomllib.loads(WAIVERS.replace(old, new, 1)))
    assert (found == []) is valid


@pytest.mark.parametrize(
    ("entry", "valid"),
    [
        ('id = "x"\nmode = "manual"\nfile = "a"\n', True),
        ('id = "x"\nmode = "manual"\nfile = ["a", "b"]\nneeds = "y"\n', True),
        ('id = "x"\nmode = "manual"\nfile = 3\n', False),
        ('id = "x"\nmode = "manual"\nuse = "pass"\nfile = "a"\n', False),
        ('id = "x"\nmode = "manual"\nfil = "a"\n', False),
    ],
)
def test_manual_entries(project: Any, entry: str, *, valid: bool) -> None:
    document = tomllib.loads(f"[[task.a.gate]]\n{entry}")
    assert (errors(_fake_schema(), document) == []) is valid


def test_every_key_of_a_file_has_a_meaning(project: Any) -> None:
    phase = json.loads(project.run("schema", "phase").out)
    waivers = json.loads(project.run("schema", "waivers").out)
    tables = {
        "phase": phase["properties"]["phase"],
        "outputs": phase["properties"]["phase"]["properties"]["outputs"],
        "task": phase["properties"]["task"]["additionalProperties"],
        "gate": phase["$defs"]["gate"],
        **{name: table["items"] for name, table in waivers["properties"].items()},
    }
    for name, table in tables.items():
        assert table["properties"], name
        for key, entry in table["properties"].items():
            assert entry["description"], (name, key)
