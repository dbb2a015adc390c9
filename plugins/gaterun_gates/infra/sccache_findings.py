"""Words for what the gate ``sccache`` finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaterun import Finding, Severity
from gaterun_gates.infra.build_setup import Setup, relative
from gaterun_gates.infra.cargo_config import lookup
from gaterun_gates.infra.rustc_wrapper import Wrapper
from gaterun_gates.infra.sccache_ci import Unprepared
from gaterun_gates.infra.sccache_server import last_line
from gaterun_gates.infra.sccache_size import Cap
from gaterun_gates.infra.sccache_stats import Stats


def not_installed(wrapper: Wrapper, root: Path) -> Finding:
    """The configured program is not there."""
    return Finding(
        rule="sccache::not-installed",
        message=f"'{wrapper.program}' is configured as rustc wrapper but not installed, "
        "so that every build fails",
        path=_file(wrapper.source, root),
        severity=Severity.ERROR,
        help="install sccache, for example with `cargo install --locked sccache`",
    )


def not_configured(setup: Setup) -> Finding:
    """No wrapper, or none any more, or one where cargo does not look."""
    ineffective = setup.env.get("RUSTC_WRAPPER")
    if setup.wrapper is not None:
        return Finding(
            rule="sccache::switched-off",
            message=f"{setup.wrapper.source} is empty, which switches every wrapper off",
            severity=Severity.ERROR,
            path=_file(setup.wrapper.source, setup.folder),
        )
    if ineffective is not None:
        return Finding(
            rule="sccache::no-effect",
            message="RUSTC_WRAPPER under [env] has no effect on cargo",
            path=_file(ineffective.source, setup.folder),
            severity=Severity.ERROR,
            help='write `rustc-wrapper = "sccache"` under [build]',
        )
    return Finding(
        rule="sccache::not-configured",
        message="no rustc wrapper is configured, neither by a variable nor in .cargo/config.toml",
        severity=Severity.ERROR,
        help='write `rustc-wrapper = "sccache"` under [build] in .cargo/config.toml',
    )


def not_used(setup: Setup) -> Finding:
    """There is a wrapper, and no compilation reached sccache."""
    return Finding(
        rule="sccache::other-wrapper",
        message=f"the rustc wrapper '{wrapper_name(setup)}' is not sccache",
        path=_file(setup.wrapper.source, setup.folder) if setup.wrapper else "",
        severity=Severity.ERROR,
    )


def wrapper_fails(setup: Setup, message: str) -> Finding:
    """A build with the wrapper fails, and without it succeeds.

    Args:
        setup: what is configured.
        message: what the failed build wrote.
    """
    if "incremental compilation is prohibited" in message:
        return Finding(
            rule="sccache::incremental-prohibited",
            message="sccache refuses to work: CARGO_INCREMENTAL=1 is set",
            severity=Severity.ERROR,
            help="unset CARGO_INCREMENTAL or set it to 0",
        )
    return Finding(
        rule="sccache::wrapper-fails",
        message=f"a build with the wrapper '{wrapper_name(setup)}' fails, without it succeeds: "
        f"{last_line(message)}",
        path=_file(setup.wrapper.source, setup.folder) if setup.wrapper else "",
        severity=Severity.ERROR,
    )


def of_cap(cap: Cap, reported: int | None, running: int | None, root: Path) -> list[Finding]:
    """What is wrong with the cap.

    Args:
        cap: what is configured.
        reported: what sccache says that a new server would use.
        running: the cap of a server that is running already; ``None`` without one.
        root: the workspace root.
    """
    findings: list[Finding] = []
    if cap.kind == "invalid":
        findings.append(
            Finding(
                rule="sccache::invalid-cap",
                message=f"'{cap.text}' is no size for sccache, which silently uses "
                f"{_bytes(reported)}",
                path=_file(cap.place, root),
                help="write an integer with one letter, such as 10G (that is 10 GiB)",
            )
        )
    elif cap.kind == "default":
        findings.append(
            Finding(
                rule="sccache::default-cap",
                message=f"nobody chose the size of the cache: {_bytes(reported)} is sccache's own "
                "default",
                severity=Severity.NOTE,
                help="set SCCACHE_CACHE_SIZE, for example under [env] in .cargo/config.toml",
            )
        )
    elif reported is not None and reported != cap.size:
        findings.append(
            Finding(
                rule="sccache::cap-differs",
                message=f"the cap is configured as {_bytes(cap.size)} ({cap.kind}), but sccache "
                f"uses {_bytes(reported)}",
                path=_file(cap.place, root),
            )
        )
    if running is not None and running != reported:
        findings.append(
            Finding(
                rule="sccache::running-server",
                message="an sccache server that is already running has a cap of "
                f"{_bytes(running)}; settings reach it only when it starts",
                help="stop it with `sccache --stop-server`",
            )
        )
    return findings


def of_canary(setup: Setup, seen: Stats, last: Stats, *, operational: bool) -> list[Finding]:
    """What is wrong with the canary's builds.

    Args:
        setup: what is configured.
        seen: counters after the first build.
        last: counters that the last build added.
        operational: whether it was served from the cache.
    """
    findings: list[Finding] = []
    if not operational:
        findings.append(
            Finding(
                rule="sccache::no-hit",
                message=f"the second build of the canary had {last.hits} hits and {last.misses} "
                f"misses{_reasons(last)}",
                severity=Severity.ERROR,
            )
        )
    if "incremental" in seen.not_cached:
        findings.append(
            Finding(
                rule="sccache::incremental",
                message="workspace members are compiled incrementally, so sccache caches only "
                "dependencies",
                path=_file(_incremental_source(setup), setup.folder),
                help="set `incremental = false` under [build] in .cargo/config.toml, and watch "
                "the time of a one-line edit",
            )
        )
    if last.errors or seen.errors:
        findings.append(
            Finding(
                rule="sccache::cache-errors",
                message=f"{last.errors + seen.errors} reads or writes of the cache failed",
            )
        )
    return findings


def of_workflows(jobs: Sequence[Unprepared]) -> list[Finding]:
    """Jobs whose cargo fails, as the repository's wrapper is not installed there."""
    return [
        Finding(
            rule="sccache::not-installed-in-ci",
            message=f"job '{each.job}' runs `{each.command}` before sccache is installed",
            path=each.path,
            line=each.line,
            help="add mozilla-actions/sccache-action before it, or set RUSTC_WRAPPER to nothing",
        )
        for each in jobs
    ]


def notes(setup: Setup, cap: Cap, seen: Stats) -> list[str]:
    """Facts worth a line each."""
    place = relative(cap.place, setup.folder)
    notes = [origin(setup), f"cap from {cap.kind}" + (f" ({place})" if place else "")]
    if setup.configured_by == "environment":
        notes.append("the repository itself does not configure sccache")
    if setup.wrapper is not None and setup.wrapper.workspace_only:
        notes.append("build.rustc-workspace-wrapper: dependencies are built without sccache")
    if "CARGO_TARGET_DIR" in setup.environ:
        notes.append("CARGO_TARGET_DIR is part of sccache's keys: another value finds nothing")
    if seen.version:
        notes.append(f"sccache {seen.version}")
    return notes


def origin(setup: Setup) -> str:
    """Which wrapper is configured, and where."""
    if setup.wrapper is None:
        return "no rustc wrapper configured"
    source = relative(setup.wrapper.source, setup.folder)
    return f"rustc wrapper '{setup.wrapper.program}' from {source}"


def _incremental_source(setup: Setup) -> str:
    for keys in (("build", "incremental"), ("profile", "dev", "incremental")):
        found = lookup(setup.files, *keys)
        if found is not None:
            return found.source
    return str(setup.folder / "Cargo.toml")


def wrapper_name(setup: Setup) -> str:
    """The configured program; empty for none."""
    return setup.wrapper.program if setup.wrapper else ""


def _reasons(stats: Stats) -> str:
    found = ", ".join(f"{reason} {number}" for reason, number in sorted(stats.not_cached.items()))
    return f"; not cacheable: {found}" if found else ""


def _bytes(size: int | None) -> str:
    if size is None:
        return "no known size"
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size} bytes"


def _file(source: str, root: Path) -> str:
    """The file of a source relative to `root`; empty for a variable."""
    return relative(source, root) if "/" in source else ""
