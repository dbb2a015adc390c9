"""One side of a comparison: a checkout, its target folder, its caches, and its timed builds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gaterun
from gaterun import Reason
from gaterun_gates.cargo.environment import cargo_env
from gaterun_gates.infra.build_messages import Build, read_build
from gaterun_gates.infra.build_setup import Setup, overrides
from gaterun_gates.infra.sccache_server import Server, last_line
from gaterun_gates.infra.sccache_stats import Stats

_WAITED = re.compile(r"^\s*Blocking waiting for file lock on (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One timed build.

    Attributes:
        wall: seconds.
        cpu: user and system seconds of cargo and its children, and of the sccache server
            and its children where one is used.
        max_rss: bytes of the largest process; without those that an sccache server ran.
        build: what was built.
        cache: the counters of the sccache server that this build added.
        waited: the lock that cargo waited for; empty if none, otherwise the times are void.
    """

    wall: float
    cpu: float
    max_rss: int
    build: Build
    cache: Stats | None
    waited: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is built, equal on both sides.

    Attributes:
        profile: cargo profile.
        jobs: number of parallel jobs.
        arguments: further arguments for ``cargo build``.
    """

    profile: str
    jobs: int
    arguments: tuple[str, ...] = ()


class Side:
    """Base or head.

    Args:
        ctx: runs cargo.
        label: ``base`` or ``head``.
        tree: the checkout.
        target: the target folder, outside the checkout.
        setup: what is configured for builds in the checkout.
        command: what is built.
    """

    def __init__(
        self,
        ctx: gaterun.Context,
        *,
        label: str,
        tree: Path,
        target: Path,
        setup: Setup,
        command: Command,
    ) -> None:
        self._ctx = ctx
        self.label = label
        self.tree = tree
        self.target = target
        self.setup = setup
        self.server: Server | None = None
        self._command = command

    def clean(self) -> None:
        """Remove the target folder."""
        shutil.rmtree(self.target, ignore_errors=True)

    def build(self, *, cached: bool) -> Sample:
        """Build once and time it.

        Args:
            cached: with the wrapper that the checkout configures; otherwise with none.

        Raises:
            gaterun.CannotMeasure: the build failed (``build-failed``) or gives no complete
                account of itself (``incomplete``).
        """
        server = self.server if cached else None
        env: dict[str, str | None] = dict(cargo_env())
        extra: list[str] = []
        if not cached:
            env |= {"RUSTC_WRAPPER": "", "RUSTC_WORKSPACE_WRAPPER": ""}
        elif server is not None:
            env.update(server.env)
            extra = overrides(self.setup, server.env)
        stats, cpu = _counters(server)
        done = self._ctx.run([*self._argv(), *extra], cwd=self.tree, env=env)
        after, cpu_after = _counters(server)
        build = read_build(done.lines(), self.tree)
        self._check(done, build)
        return Sample(
            wall=done.seconds,
            cpu=done.cpu_seconds + cpu_after - cpu,
            max_rss=done.max_rss,
            build=build,
            cache=after.since(stats) if after is not None and stats is not None else None,
            waited=waited_for(done.err()),
        )

    def _argv(self) -> list[str | Path]:
        # No variable that begins with CARGO_: sccache hashes them all.
        locked = ["--locked"] if (self.tree / "Cargo.lock").is_file() else []
        return [
            *("cargo", "build", "--workspace", *locked, "--profile", self._command.profile),
            *("--target-dir", self.target, "--jobs", str(self._command.jobs)),
            *("--message-format=json", "--color", "never", *self._command.arguments),
        ]

    def _check(self, done: gaterun.Completed, build: Build) -> None:
        if not done.ok or (build.finished and not build.success):
            raise gaterun.CannotMeasure(
                Reason.BUILD_FAILED,
                f"{self.label} does not build: {build.error or _first_error(done.err())}",
                help=f"see {done.stderr}",
            )
        if not build.finished:
            raise gaterun.CannotMeasure(
                Reason.INCOMPLETE, f"cargo did not say that the build of {self.label} is finished"
            )
        if not build.units:
            raise gaterun.CannotMeasure(
                Reason.NO_INPUT, f"nothing is built on the {self.label} side"
            )


def waited_for(text: str) -> str:
    """The lock that cargo waited for, from its standard error; empty if none."""
    match = _WAITED.search(text)
    return match[1] if match else ""


def _counters(server: Server | None) -> tuple[Stats | None, float]:
    return (None, 0.0) if server is None else (server.stats(), server.cpu_seconds())


def _first_error(text: str) -> str:
    for line in text.splitlines():
        if line.startswith("error"):
            return line
    return last_line(text)


def start_server(side: Side, server: Server) -> None:
    """Start a side's server with what the side's ``[env]`` says about sccache, and use it."""
    settings: Mapping[str, str | None] = {
        name: entry.value for name, entry in side.setup.env.items() if name.startswith("SCCACHE_")
    }
    server.start(settings)
    side.server = server
