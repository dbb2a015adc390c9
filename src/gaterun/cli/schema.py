"""``gaterun schema``: the JSON Schema of a file format, made from the types that read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from msgspec.structs import fields

from gaterun.cli import key_help
from gaterun.cli.document_schemas import DOCUMENTS, document_schema
from gaterun.core.config import CHOICES, Settings, type_of
from gaterun.core.discovery import load
from gaterun.core.phase_table import GATE_KEYS, PHASE_KEYS, TASK_KEYS
from gaterun.model.gate import Gate
from gaterun.model.options import help_of
from gaterun.model.phase import Outputs

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command(
    name="schema",
    epilog="""\b
Examples:
  gaterun schema phase > phase.schema.json     for the editor: #:schema phase.schema.json
  gaterun schema metrics
""",
)
@click.argument("name", type=click.Choice(["phase", "config", "waivers", *DOCUMENTS]))
def command(name: str) -> None:
    """Print the JSON Schema (2020-12) of a file format.

    Phase files, gaterun.toml, waivers.toml, metrics, run records, or events (a line of jsonl).
    """
    if name == "phase":
        schema = phase_schema(load().gates)
    elif name == "config":
        schema = config_schema()
    elif name == "waivers":
        schema = waivers_schema()
    else:
        schema = document_schema(name)
    click.echo(json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False))


def _of(kind: Any) -> dict[str, Any]:
    import msgspec

    if kind is Any:
        return {}
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    # Small enumerations stand where they are used, so that nothing refers to elsewhere.
    return parts[schema["$ref"].rpartition("/")[2]] if schema.keys() == {"$ref"} else schema


def _keys(keys: Mapping[str, Any], about: Mapping[str, str]) -> dict[str, Any]:
    """The properties of a table, each with its meaning for editors."""
    return {key: {**_of(kind), "description": about[key]} for key, kind in keys.items()}


def phase_schema(gates: Mapping[str, Gate]) -> dict[str, Any]:
    """The schema of a phase file, with the options of `gates`."""
    import msgspec

    options: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for name, gate in gates.items():
        (schema,), parts = msgspec.json.schema_components(
            [gate.options], ref_template="#/$defs/{name}"
        )
        definitions |= parts
        reference = schema.get("$ref", "").rpartition("/")[2]
        known = definitions.get(reference, {}).get("properties", {})
        options[name] = {
            name: known.get(name, {"description": ""}) for name in gate.options.__struct_fields__
        }
    common = _keys(GATE_KEYS, key_help.GATE)
    use = common.pop("use") | {"enum": sorted(gates)}
    # An entry that extends another phase's may leave `use` and required options to it.
    entry = {
        "type": "object",
        "properties": {"use": use, **common},
        "allOf": [
            {
                "if": {"properties": {"use": {"const": name}}, "required": ["use"]},
                "then": {
                    "properties": {"use": True, **dict.fromkeys(common, True), **properties},
                    "additionalProperties": False,
                },
            }
            for name, properties in options.items()
        ]
        + [_manual(common)],
    }
    entries = {
        "type": "array",
        "items": {"anyOf": [{"enum": sorted(gates)}, {"$ref": "#/$defs/gate"}]},
    }
    task = _keys(TASK_KEYS, key_help.TASK)
    phase = _keys(PHASE_KEYS, key_help.PHASE)
    phase["outputs"] = {
        **phase["outputs"],
        "properties": _keys(dict.fromkeys(Outputs.__struct_fields__, str), key_help.OUTPUTS),
        "additionalProperties": False,
    }
    return {
        "title": "gaterun phase file",
        "type": "object",
        "properties": {
            "phase": {
                "type": "object",
                "properties": {**phase, "gates": {**phase["gates"], **entries}},
                "additionalProperties": False,
            },
            "task": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": {**task, "gate": {**task["gate"], **entries}},
                    "additionalProperties": False,
                },
            },
        },
        "additionalProperties": False,
        "$defs": {**definitions, "gate": entry},
    }


def _manual(common: Mapping[str, Any]) -> dict[str, Any]:
    """An entry that a person signs: it has files, and no plugin."""
    from gaterun.core.signoff import ManualOptions

    known = _of(ManualOptions)["properties"]
    return {
        "if": {"properties": {"mode": {"const": "manual"}}, "required": ["mode"]},
        "then": {
            "properties": {**dict.fromkeys(common, True), **known},
            "additionalProperties": False,
        },
    }


def waivers_schema() -> dict[str, Any]:
    """The schema of waivers.toml."""
    from gaterun.core.waiver_file import SIGNOFF_KEYS, WAIVER_KEYS

    needed = {"waiver": ["gate", "reason", "owner", "expires"], "signoff": list(SIGNOFF_KEYS)}
    about = {"waiver": key_help.WAIVER, "signoff": key_help.SIGNOFF}
    tables = {
        kind: {
            "type": "array",
            "items": {
                "type": "object",
                "properties": _keys(keys, about[kind]),
                "required": needed[kind],
                "additionalProperties": False,
            },
        }
        for kind, keys in (("waiver", WAIVER_KEYS), ("signoff", SIGNOFF_KEYS))
    }
    return {
        "title": "waivers.toml",
        "type": "object",
        "properties": tables,
        "additionalProperties": False,
    }


def config_schema() -> dict[str, Any]:
    """The schema of gaterun.toml."""
    properties: dict[str, Any] = {}
    for entry in fields(Settings):
        properties[entry.name] = {
            **_of(type_of(entry.name)),
            "description": help_of(entry),
        }
        if entry.name in CHOICES:
            properties[entry.name]["enum"] = list(CHOICES[entry.name])
    table = {"type": "object", "properties": properties, "additionalProperties": False}
    return {
        "title": "gaterun.toml",
        **table,
        "properties": {
            **properties,
            "profile": {"type": "object", "additionalProperties": table},
        },
    }
