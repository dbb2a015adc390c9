"""The JSON Schemas of the documents that gaterun writes, each under a name that stays."""

from __future__ import annotations

from typing import Any

#: The documents, as ``gaterun schema`` calls them.
DOCUMENTS = ("metrics", "run", "events")


def document_schema(name: str) -> dict[str, Any]:
    """The schema of one of `DOCUMENTS`.

    Its ``$id`` is a name, not an address, and changes with the major version alone: within a
    major version fields are only added, so readers ignore what they do not know.
    """
    import msgspec

    from gaterun.model import metrics_document
    from gaterun.model.record import SCHEMA_VERSION, RunRecord

    version = metrics_document.SCHEMA_VERSION if name == "metrics" else SCHEMA_VERSION
    if name == "events":
        schema = _events()
    else:
        kind = metrics_document.MetricsDocument if name == "metrics" else RunRecord
        schema = msgspec.json.schema(kind)
    about = {"metrics": "gaterun metrics", "run": "gaterun run record", "events": "gaterun event"}
    identity = f"urn:gaterun:schema:{name}:{version.partition('.')[0]}"
    return {"$id": identity, "title": about[name], **schema}


def _events() -> dict[str, Any]:
    """One line of the report ``jsonl``: an event's fields, its name and its time in front."""
    import msgspec

    from gaterun.reporters.jsonl import NAMES

    kinds = list(NAMES)
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for kind, reference in zip(kinds, references, strict=True):
        part = parts[reference["$ref"].rpartition("/")[2]]
        part["properties"] = {"event": {"const": NAMES[kind]}, **part["properties"]}
        part["required"] = ["event", *part["required"]]
    return {"oneOf": list(references), "$defs": dict(parts)}
