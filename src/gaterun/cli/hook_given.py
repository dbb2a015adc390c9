"""Reads what a host gives to ``hook stop``, as far as a kept answer needs it, before what takes long to import."""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: The names of `gaterun.cli.hook_values.Given` whose values are texts.
_TEXTS = (
    *("session_id", "hook_event_name", "cwd", "tool_name", "task_id", "task_subject"),
    "task_description",
)


def asked(argv: Sequence[str]) -> tuple[tuple[str, ...], str] | None:
    """What is asked by a hook's command line and its standard input, and about which folder.

    What was read can be read again.

    Returns:
        ``None`` where it is not to be answered from what was kept.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return None
    try:
        raw = sys.stdin.buffer.read()
    except (OSError, ValueError, AttributeError):
        return None
    sys.stdin = io.TextIOWrapper(io.BytesIO(raw))
    given = _decoded(raw)
    if given is None or not isinstance(given.get("tool_input", {}), dict):
        return None
    texts = [given.get(name, "") for name in _TEXTS]
    folder, event = given.get("cwd", ""), given.get("hook_event_name", "")
    if not all(isinstance(text, str) for text in texts):
        return None
    return (*argv, str(folder), str(event)), str(folder)


def _decoded(raw: bytes) -> dict[str, object] | None:
    """One object of JSON, if there is nothing in it that readers of JSON do not all read alike."""
    import json

    def plain(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name stands twice")
        return found

    def refused(text: str) -> object:
        raise ValueError(text)

    try:
        text = raw.decode()
        if "\\ud" in text.lower():
            return None  # half of a character, it may be
        found = json.loads(
            text, object_pairs_hook=plain, parse_float=refused, parse_constant=refused
        )
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
