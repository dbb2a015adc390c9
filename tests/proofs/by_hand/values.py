"""Gates `hardcoded` and `from-env`: string literals and functions, by syn."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from by_hand import survey
from by_hand.rows import Clone, Row

FOLDERS = r"/(etc|var|usr|opt|home|tmp|root|srv|mnt|run|Users)/[^\s{}]+|/tmp/?$"
FROM_ENV = re.compile(r"(try_)?from_env(_\w+)?")
HOST_PORT = re.compile(r"[A-Za-z0-9.-]+:\d{2,5}")
PRIVATE = ("localhost", ".local", ".internal", ".lan", ".corp")


def rows(clone: Clone) -> Iterator[Row]:
    places: dict[str, set[str]] = {"value": set(), "const": set()}
    sources = survey.read(clone.root, clone.scratch)
    for path in sources.shipped - sources.build:
        for text in sources.files[path]["strings"]:
            known = text["place"] in places and not sources.is_test(path, text["line"])
            if known and belongs_in_configuration(text["value"]):
                places[text["place"]].add(f"{path}:{text['line']}")
    yield Row(
        gate="hardcoded",
        metric="total",
        gaterun=clone.report.places("hardcoded"),
        by_hand=frozenset(places["value"]),
        how="syn: string literals that are addresses or paths, by the rules that `explain` prints",
    )
    yield Row(
        gate="hardcoded",
        metric="in_consts",
        gaterun=clone.report.value("hardcoded", "in_consts"),
        by_hand=len(places["const"]),
        how="the same in `const` and `static`",
    )
    found = frozenset(
        f"{path}:{function['line']}"
        for path in sources.shipped - sources.build
        for function in sources.files[path]["functions"]
        if FROM_ENV.fullmatch(function["name"]) and not sources.is_test(path, function["line"])
    )
    yield Row(
        gate="from-env",
        metric="total",
        gaterun=clone.report.value("from-env", "total"),
        by_hand=len(found),
        how="syn: functions named `from_env…` outside of tests",
    )


def belongs_in_configuration(text: str) -> bool:
    """An address of an installation, or a path into a machine's own folders."""
    if re.match(FOLDERS, text):
        return True
    if "://" in text:
        try:
            parts = urlsplit(text)
            host = parts.hostname or ""
        except ValueError:
            return False
        secret = bool(parts.password) and not (parts.password or "").startswith("{")
        return secret or host.endswith(PRIVATE) or _address(host)
    if text == "::":
        return False  # an IPv6 address by its form, a Rust path's separator by its use
    host, _, port = text.rpartition(":")
    if HOST_PORT.fullmatch(text) and port.isdecimal():
        return "." in host or host == "localhost" or _address(host)
    return _address(text)


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
