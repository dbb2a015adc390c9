"""Resolves which program cargo puts before rustc, and where that was configured.

Source: the cargo reference, chapters "Configuration" (``build.rustc-wrapper``) and
"Environment Variables" (``RUSTC_WRAPPER``).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gaterun_gates.infra.cargo_config import ConfigFile, Setting, lookup

#: In cargo's order: the first that is set decides, and an empty value switches wrappers off.
VARIABLES = ("RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """A configured wrapper.

    Attributes:
        program: as configured; empty when switched off.
        source: the variable or file that configures it.
        path: the executable; ``None`` when it is not there.
        workspace_only: configured by ``build.rustc-workspace-wrapper``, so that
            dependencies are built without it.
    """

    program: str
    source: str
    path: Path | None
    workspace_only: bool = False

    @property
    def looks_like_sccache(self) -> bool:
        """Whether its name, or that of what it links to, is sccache's."""
        names = [Path(self.program).name]
        if self.path is not None:
            names.append(self.path.resolve().name)
        return any(name.removesuffix(".exe").lower() == "sccache" for name in names)


def resolve_wrapper(
    files: Sequence[ConfigFile], environ: Mapping[str, str], folder: Path
) -> Wrapper | None:
    """The wrapper that cargo uses when started in `folder`; ``None`` when none is configured.

    Args:
        files: the merged configuration of the folder, the strongest first.
        environ: the environment of cargo.
        folder: cargo's working directory.
    """
    for name in VARIABLES:
        if name in environ:
            setting = Setting(value=environ[name], source=name, base=folder)
            return _located(setting, environ)
    found = lookup(files, "build", "rustc-wrapper")
    if found is not None:
        return _located(found, environ)
    found = lookup(files, "build", "rustc-workspace-wrapper")
    if found is not None:
        return _located(found, environ, workspace_only=True)
    return None


def _located(
    setting: Setting, environ: Mapping[str, str], *, workspace_only: bool = False
) -> Wrapper:
    program = str(setting.value)
    search = environ.get("PATH")
    if "/" in program:
        found = shutil.which(str(setting.base / program))
    else:
        found = shutil.which(program, path=search) if program else None
    return Wrapper(
        program=program,
        source=setting.source,
        path=Path(found) if found else None,
        workspace_only=workspace_only,
    )
