"""Compares settings and waivers with those at the base: what gates may get away with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gaterun.core.config import Settings
from gaterun.core.source import Read, Source
from gaterun.model.errors import UsageError
from gaterun.model.policy import ChangeKind, PolicyChange, PolicyMode

#: Settings that decide what judges; none of the others makes a verdict better.
JUDGING = (
    *("phase", "phases", "gates", "plugins", "max_warnings", "max_waiver_days"),
    *("base", "base_policy", "pass_env"),
)


def changed_settings(
    base: Mapping[str, Any], head: Mapping[str, Any], file: str
) -> Iterator[PolicyChange]:
    """Settings that decide what judges and are not as they were; profiles too."""
    defaults = Settings()
    then, now = _scopes(base), _scopes(head)
    for scope in dict.fromkeys((*then, *now)):
        for key in JUDGING:
            default = None if scope else getattr(defaults, key)
            before = _plain(then.get(scope, {}).get(key, default))
            after = _plain(now.get(scope, {}).get(key, default))
            kind = _kind_of_setting(key, before, after)
            if before != after and kind is not None:
                name = f"{scope}{key}"
                yield PolicyChange(
                    kind=kind,
                    subject=file,
                    before="" if before is None else f"{name} = {json.dumps(before)}",
                    after=f"{name} is not set"
                    if after is None
                    else f"{name} = {json.dumps(after)}",
                )


def _scopes(table: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    profiles = table.get("profile", {})
    named = profiles.items() if isinstance(profiles, dict) else ()
    return {
        "": table,
        **{f"profile.{name}.": values for name, values in named if isinstance(values, dict)},
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _kind_of_setting(key: str, before: Any, after: Any) -> ChangeKind | None:
    """What a changed setting means; ``None`` where it is stricter now."""
    if key == "max_warnings" and isinstance(before, int) and isinstance(after, int):
        looser = before >= 0 and (after < 0 or after > before)
        return ChangeKind.SETTING_LOOSENED if looser else None
    if key == "max_waiver_days" and isinstance(before, int) and isinstance(after, int):
        return ChangeKind.SETTING_LOOSENED if after > before else None
    modes = list(PolicyMode)
    if key == "base_policy" and before in modes and after in modes:
        looser = modes.index(after) < modes.index(before)
        return ChangeKind.SETTING_LOOSENED if looser else None
    return ChangeKind.SETTING_CHANGED


def waivers(path: Path, read: Read) -> list[str]:
    """Every waiver of a file, as one line each; a sign-off is asked for, and waives nothing."""
    try:
        entries = Source(path.name, read(path)).document.get("waiver", [])
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (UsageError, UnicodeDecodeError) as error:
        return [f"it cannot be read ({error})"]
    return [
        ", ".join(f"{key} = {_word(value)}" for key, value in entry.items())
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    ]


def _word(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
