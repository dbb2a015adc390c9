"""Reads the waiver file of a workspace, and says what in it is wrong and where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from gaterun.core.phase_table import Table
from gaterun.core.source import Source, unmarked
from gaterun.model.condition import nearest
from gaterun.model.errors import UsageError
from gaterun.model.waiver import WAIVERS_FILE, Decisions, SignOff, Waiver

_FINDING_KEYS = ("rule", "path", "message", "fingerprint")
#: Keys of an entry, and the types of their values.
WAIVER_KEYS: Mapping[str, Any] = {
    "gate": str,
    "reason": str,
    "owner": str,
    "expires": date,
    "phase": str,
    "issue": str,
    **dict.fromkeys(_FINDING_KEYS, str),
    "limit": int,
    "condition": str,
    "instead": str,
}
SIGNOFF_KEYS: Mapping[str, Any] = {
    "phase": str,
    "gate": str,
    "name": str,
    "reason": str,
    "date": date,
    "digest": str,
}


def find_source(root: Path, file: Path | None = None) -> Source | None:
    """The text of the waiver file; ``None`` when there is none and none is named.

    Args:
        file: the one that the command line names.

    Raises:
        UsageError: it cannot be read, or the named one is not there.
    """
    path = file or root / WAIVERS_FILE
    name = str(file) if file else WAIVERS_FILE
    try:
        # As bytes: line ends stay as they are when it is written again.
        return Source(name, unmarked(path.read_bytes().decode("utf-8")))
    except FileNotFoundError as error:
        if file is None and not path.is_symlink():
            return None
        raise UsageError(f"{name} cannot be read: there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{name} cannot be read: {why}",
            help="mend it: without it nobody knows what is waived and what is signed",
        ) from error


def read(source: Source, *, today: date, longest: int) -> tuple[Decisions, list[UsageError]]:
    """Every entry of a waiver file that is right, and what is wrong with the others.

    Raises:
        UsageError: it is no TOML.
    """
    errors: list[UsageError] = []
    known = ("waiver", "signoff")
    for key in source.document:
        if key not in known:
            errors.append(
                source.error((key,), f"unknown table '{key}'", help=nearest(key, list(known)))
            )
    waivers: list[Waiver] = []
    signoffs: list[SignOff] = []
    for table in _tables(source, "waiver", errors):
        try:
            waivers.append(_waiver(source, table, today, longest))
        except UsageError as error:
            errors.append(error)
    for table in _tables(source, "signoff", errors):
        try:
            signoffs.append(_signoff(source, table, today))
        except UsageError as error:
            errors.append(error)
    return Decisions(file=source.name, waivers=tuple(waivers), signoffs=tuple(signoffs)), errors


def _tables(source: Source, key: str, errors: list[UsageError]) -> list[Table]:
    entries = source.document.get(key, [])
    if not isinstance(entries, list):
        errors.append(source.error((key,), f"{key}s are a list", help=f"write [[{key}]]"))
        return []
    tables = []
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            errors.append(source.error((key, index), f"a {key} is a table"))
            continue
        table = Table()
        table.lay(source, (key, index), entry)
        tables.append(table)
    return tables


def _text(table: Table, key: str, kinds: Mapping[str, Any], *, missing: str = "") -> str:
    """The text of a key; `missing` is said where it has to be there and is not."""
    value: str = table.take(key, kinds[key], "")
    if missing and not value.strip():
        raise table.error(key, missing, help=f'add {key} = "…"')
    return value.strip()


def _date(table: Table, key: str) -> date | None:
    try:
        found: date | None = table.take(key, date, None)
    except UsageError as error:
        value = table.values[key]
        raise table.error(
            key, f"'{value}' is no day of the calendar", help="write it as 2026-12-31"
        ) from error
    return found


def _place(source: Source, table: Table) -> str:
    _, path = table.home or (source, ())
    return f"{source.name}:{source.line(path)}"


def _waiver(source: Source, table: Table, today: date, longest: int) -> Waiver:
    table.known(list(WAIVER_KEYS), "[[waiver]]")
    needed = {
        "gate": "the waiver does not say which gate it is for",
        "reason": "the waiver does not say why",
        "owner": "the waiver does not say who answers for it",
    }
    texts = {
        key: _text(table, key, WAIVER_KEYS, missing=needed.get(key, ""))
        for key, kind in WAIVER_KEYS.items()
        if kind is str
    }
    expires = _date(table, "expires")
    if expires is None:
        raise table.error(
            "expires", "a waiver needs an end", help=f"add expires = {today.isoformat()}, or later"
        )
    left = (expires - today).days
    if left > longest:
        raise table.error(
            "expires",
            f"the waiver has {left} days left, the longest is {longest}",
            help="give it an earlier end and renew it then; the setting is max_waiver_days",
        )
    waiver = Waiver(
        expires=expires,
        limit=table.take("limit", int, 0),
        place=_place(source, table),
        **texts,
    )
    _check_match(waiver, table)
    return waiver


def _check_match(waiver: Waiver, table: Table) -> None:
    """Refuse a waiver that covers nothing, everything, or two kinds of things."""
    given = [key for key in _FINDING_KEYS if getattr(waiver, key)]
    if waiver.condition and given:
        raise table.error(
            given[0], "a waiver is of findings or of a condition", help="write two waivers"
        )
    if waiver.condition and not waiver.instead:
        raise table.error(
            "condition",
            "the waiver does not say what has to hold instead of the condition",
            help='add instead = "…", a condition that holds today: worse than that still fails',
        )
    if waiver.instead and not waiver.condition:
        raise table.error("instead", "there is no condition that it could hold instead of")
    if "limit" in table.values and (waiver.condition or waiver.limit < 1):
        raise table.error("limit", "a limit is the number of findings, at least 1, that it covers")
    if waiver.condition:
        return
    if not given:
        raise table.error(
            "gate",
            "the waiver does not say what it covers",
            help='add rule, path, message or fingerprint of findings, or condition = "…"',
        )
    if not any(getattr(waiver, key).strip("*?/.") for key in given):
        raise table.error(
            given[0], "the waiver covers every finding", help="name a rule, a path or a message"
        )
    if waiver.path.startswith(("/", "./", "../")) or "\\" in waiver.path:
        raise table.error(
            "path", f"'{waiver.path}' fits no finding", help="write it from the workspace root"
        )


def _signoff(source: Source, table: Table, today: date) -> SignOff:
    table.known(list(SIGNOFF_KEYS), "[[signoff]]")
    texts = {
        key: _text(table, key, SIGNOFF_KEYS, missing=f"the sign-off has no {key}")
        for key, kind in SIGNOFF_KEYS.items()
        if kind is str
    }
    signed = _date(table, "date")
    if signed is None:
        raise table.error("date", "the sign-off has no date")
    # Whoever signs may be a day ahead of UTC by their own clock, and wrote it by hand.
    if (signed - today).days > 1:
        raise table.error("date", f"the sign-off is of {signed}, which is still to come")
    return SignOff(date=signed, place=_place(source, table), **texts)
