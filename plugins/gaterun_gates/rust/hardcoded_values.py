"""Tell whether a string is a value that belongs in configuration."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Value(StrEnum):
    """Kinds of values that differ from one installation to the next."""

    CREDENTIALS = "credentials"
    URL = "local-url"
    HOST_PORT = "host-port"
    ADDRESS = "ip-address"
    PATH = "absolute-path"
    VARIABLE = "value-of-a-variable"


_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:(?P<user>[^\s/@:{}]*)(?::(?P<secret>[^\s/@]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:?#{}\"'<>]+)",
    re.IGNORECASE,
)
_HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*):(?P<port>\d{2,5})")
_PRIVATE = (".local", ".internal", ".lan", ".corp", ".intranet", ".svc", ".localdomain")
# The first folders of the Filesystem Hierarchy Standard 3.0 that hold files of programs;
# `/dev`, `/proc` and `/sys` are interfaces of the system, and `/api/v1` is a route.
_PATH = re.compile(
    r"(?:/(?:etc|var|usr|opt|home|srv|mnt|media|root|run|Users|private|data)/[^\s{}?*:<>|]+"
    r"|/tmp(?:/[^\s{}?*:<>|]*)?|[A-Za-z]:[\\/][^\s{}?*:<>|]+)"
)
_SHORTEST = 4


class Hardcoded(msgspec.Struct, frozen=True, kw_only=True):
    """A string that belongs in configuration.

    Attributes:
        shown: the string as far as it may be shown: no credentials, no documented values.
    """

    value: Value
    shown: str


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_private(host: str) -> bool:
    lowered = host.lower().rstrip(".")
    return (
        lowered == "localhost"
        or lowered.endswith((*_PRIVATE, ".localhost"))
        or ".svc." in lowered
        or _is_address(host)
    )


def _url(text: str) -> Hardcoded | None:
    match = _URL.match(text)
    if match is None:
        return None
    scheme, host, secret = match.group("scheme", "host", "secret")
    if secret and not re.fullmatch(r"\{\w*\}|<.*>|\$\{?\w+\}?", secret):
        return Hardcoded(value=Value.CREDENTIALS, shown=f"{scheme}://…@{host}")
    if _is_private(host):
        return Hardcoded(value=Value.URL, shown=f"{scheme}://{host}")
    return None


def _host_port(text: str) -> Hardcoded | None:
    match = _HOST_PORT.fullmatch(text)
    if match is None or not 0 < int(match.group("port")) < 65536:
        return None
    host, port = match.group("host", "port")
    named = any(c.isalpha() for c in host) and ("." in host or len(port) >= 4)
    if host == "localhost" or _is_address(host) or named:
        return Hardcoded(value=Value.HOST_PORT, shown=text)
    return None


def classify(text: str, variables: Mapping[str, str]) -> Hardcoded | None:
    """What kind of configuration a string is; ``None`` when it is none.

    Args:
        text: the value of the literal.
        variables: documented values to the variable that has each.

    >>> classify("http://localhost:8080/x", {}).value.value
    'local-url'
    >>> classify("/api/v1/users", {}) is None
    True
    """
    stripped = text.strip()
    found = _url(stripped) or _host_port(stripped)
    if found is not None:
        return found
    # `a::b` is an address too, and far more often a path.
    colons = stripped.count(":") >= 2 and any(c.isdigit() for c in stripped)
    like_address = stripped.count(".") == 3 or colons
    if like_address and len(stripped) > 2 and _is_address(stripped):
        return Hardcoded(value=Value.ADDRESS, shown=stripped)
    if _PATH.fullmatch(stripped):
        return Hardcoded(value=Value.PATH, shown=stripped)
    if stripped in variables:
        return Hardcoded(value=Value.VARIABLE, shown=f"the value of {variables[stripped]}")
    return None


def comparable_values(documented: Mapping[str, str | None]) -> dict[str, str]:
    """The documented values that are telling enough to be looked for, to their variables.

    Numbers, and plain words such as ``debug``, occur everywhere and prove nothing.
    """
    found: dict[str, str] = {}
    for name, value in documented.items():
        if value is None or len(value) < _SHORTEST:
            continue
        if value.isalpha() or not any(c.isalpha() for c in value):
            continue
        found.setdefault(value, name)
    return found
