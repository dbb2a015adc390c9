"""The canary: a one-line library, built through a repository's own configuration."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import gaterun
from gaterun_gates.cargo.environment import cargo_env
from gaterun_gates.infra.build_setup import Setup, overrides
from gaterun_gates.infra.sccache_server import Server


class Canary:
    """Builds of the canary, each into a new target folder."""

    def __init__(self, ctx: gaterun.Context, setup: Setup, server: Server, profile: str) -> None:
        self._ctx = ctx
        self._profile = profile
        self.server = server
        self.builds = 0
        self._overrides = overrides(setup, server.env)
        self._folder = ctx.scratch / "canary"
        (self._folder / "src").mkdir(parents=True)
        # Unique, so that no earlier canary can be the reason of a hit.
        (self._folder / "src" / "lib.rs").write_text(
            f'pub const CANARY: &str = "{uuid.uuid4()}";\n', "utf-8"
        )
        (self._folder / "Cargo.toml").write_text(
            canary_manifest(_manifest_text(ctx.root / "Cargo.toml")), "utf-8"
        )

    def build(self, env: Mapping[str, str | None] | None = None) -> gaterun.Completed:
        """Build it once more."""
        self.builds += 1
        return self._ctx.run(
            [
                *("cargo", "build", "--offline", "--color", "never", "--profile", self._profile),
                *("--manifest-path", self._folder / "Cargo.toml"),
                *("--target-dir", self._ctx.scratch / f"t{self.builds}"),
                *self._overrides,
            ],
            env={**cargo_env(), **self.server.env, **(env or {})},
            timeout=180,
        )


def canary_manifest(workspace_manifest: str) -> str:
    """The canary's manifest, with what the workspace's profiles say about ``incremental``.

    Args:
        workspace_manifest: the text of the workspace's Cargo.toml; may be empty or broken.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    manifest: dict[str, object] = {
        "package": {"name": "gaterun-canary", "version": "0.0.0", "edition": "2021"},
        "workspace": {},
    }
    try:
        profiles = tomlkit.parse(workspace_manifest).unwrap().get("profile")
    except TOMLKitError:
        profiles = None
    if isinstance(profiles, dict):
        manifest["profile"] = {
            name: {key: table[key] for key in ("inherits", "incremental") if key in table}
            for name, table in profiles.items()
            if isinstance(table, dict)
        }
    return tomlkit.dumps(manifest)


def _manifest_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
