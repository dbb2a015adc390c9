"""The cap of an sccache disk cache: how sccache reads sizes, and which setting decides.

Source: sccache's documentation, "Configuration" and "Local", and its behaviour (0.16).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: What sccache uses where nothing, or nothing readable, is configured.
DEFAULT_CAP = 10 * 2**30

_SCALE = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"(\d+)([KMGTkmgt]?)\Z")


def parse_size(text: str) -> int | None:
    """Read a size as sccache does: an integer and at most one letter, in powers of 1024.

    Returns:
        Bytes; ``None`` for what sccache silently replaces by its default (``10GB``,
        ``10GiB``, ``1.5G``, an empty text).

    >>> parse_size("10G"), parse_size("10GB")
    (10737418240, None)
    """
    match = _SIZE.match(text)
    return int(match[1]) * _SCALE[match[2].upper()] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A cap and what decides it.

    Attributes:
        size: bytes.
        kind: ``env``, ``cargo [env]``, ``sccache config``, ``default`` or ``invalid``.
        place: the file or variable; empty for the default.
        text: as written.
    """

    size: int
    kind: str
    place: str = ""
    text: str = ""

    @property
    def explicit(self) -> bool:
        """Whether somebody chose it, in a way that sccache can read."""
        return self.kind not in {"default", "invalid"}


def resolve_cap(
    *,
    environ: Mapping[str, str],
    cargo_env: Mapping[str, tuple[str, str]],
    config_text: str | None,
    config_path: str = "",
) -> Cap:
    """Decide where the cap of the disk cache comes from.

    Args:
        environ: the environment of the build.
        cargo_env: the entries of cargo's ``[env]`` that take effect, as value and file.
        config_text: sccache's own configuration file; ``None`` where there is none.
        config_path: its path.

    >>> resolve_cap(environ={"SCCACHE_CACHE_SIZE": "10GB"}, cargo_env={}, config_text=None).kind
    'invalid'
    """
    name = "SCCACHE_CACHE_SIZE"
    if name in cargo_env:
        text, place = cargo_env[name]
        kind = "cargo [env]"
    elif name in environ:
        text, place, kind = environ[name], name, "env"
    else:
        text, place, kind = "", "", ""
    if kind:
        size = parse_size(text)
        if size is not None:
            return Cap(size=size, kind=kind, place=place, text=text)
    # A folder that is set by a variable replaces the whole [cache.disk] table of the file.
    folder_is_set = "SCCACHE_DIR" in environ or "SCCACHE_DIR" in cargo_env
    configured = None if folder_is_set else _configured(config_text)
    if configured is not None:
        return Cap(size=configured, kind="sccache config", place=config_path, text=str(configured))
    return Cap(size=DEFAULT_CAP, kind="invalid" if kind else "default", place=place, text=text)


def _configured(text: str | None) -> int | None:
    if text is None:
        return None
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        table = tomlkit.parse(text).unwrap()
    except TOMLKitError:
        return None
    disk = table.get("cache", {}).get("disk", {}) if isinstance(table.get("cache"), dict) else {}
    size = disk.get("size") if isinstance(disk, dict) else None
    return size if isinstance(size, int) and not isinstance(size, bool) else None


_REMOTE = (
    "SCCACHE_BUCKET",
    "SCCACHE_GCS_BUCKET",
    "SCCACHE_AZURE_CONNECTION_STRING",
    "SCCACHE_REDIS",
    "SCCACHE_REDIS_ENDPOINT",
    "SCCACHE_REDIS_CLUSTER_ENDPOINTS",
    "SCCACHE_MEMCACHED",
    "SCCACHE_MEMCACHED_ENDPOINT",
    "SCCACHE_GHA_ENABLED",
    "SCCACHE_WEBDAV_ENDPOINT",
    "SCCACHE_OSS_BUCKET",
    "SCCACHE_COS_BUCKET",
)
_OFF = frozenset({"", "0", "false", "off"})


def remote_storage(environ: Mapping[str, str], config_text: str | None) -> str:
    """What makes sccache keep its cache somewhere else than on a local disk; empty if nothing.

    >>> remote_storage({"SCCACHE_GHA_ENABLED": "true"}, None)
    'SCCACHE_GHA_ENABLED'
    """
    for name in _REMOTE:
        if environ.get(name, "").lower() not in _OFF:
            return name
    for match in re.finditer(r"(?m)^\s*\[cache\.(\w+)", config_text or ""):
        if match[1] != "disk":
            return f"[cache.{match[1]}]"
    return ""


def read_sccache_config(environ: Mapping[str, str]) -> tuple[str | None, str]:
    """The text and the path of sccache's own configuration file; ``None`` where there is none.

    Args:
        environ: the environment as sccache sees it.
    """
    import sys

    home = Path(environ.get("HOME") or Path.home())
    folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "sccache"
    if sys.platform == "darwin":
        folder = home / "Library" / "Application Support" / "Mozilla.sccache"
    path = Path(environ.get("SCCACHE_CONF") or folder / "config")
    try:
        return path.read_text("utf-8"), str(path)
    except (OSError, UnicodeDecodeError):
        return None, ""
