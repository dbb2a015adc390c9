"""Finds what in a repository could neutralise a gate, without running anything of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

import gaterun
from gaterun import Better, Finding, Metric, Severity

if TYPE_CHECKING:
    from pathlib import Path

    from gaterun_gates.audit.auditor import Auditor
    from gaterun_gates.audit.entry import Entry

_ABOUT = """\
Lists what in the repository could make another gate say green without deserving it:
`.cargo/config.toml` (aliases, wrappers, runners, linkers, flags, `[env]`, sources, includes),
`rust-toolchain`, `clippy.toml`, `rustfmt.toml`, nextest's configuration, `[lints]` and profiles of manifests,
`#![allow(...)]` for whole files, `cfg(clippy)`, `.gitattributes`, and names gaterun's own policy files.

**Severity** says what an entry can do. *error*: it makes a gate say green (a runner that answers for
the tests, `--cap-lints allow`, an alias named `clippy`, an allowed group of lints). *warning*: it may.
*note*: legitimate and worth knowing, such as sccache as wrapper. Gates of gaterun have defences of
their own against many of these; a `command` gate and the CI have none.

**Measured** by reading files; neither cargo nor rustup is asked, as both obey what is looked for here.
Files that git ignores are read too where tools would find them. Configuration below the workspace root
counts as *warning* at most: gates start cargo in the root. `added` is the number of errors and warnings
that the base does not have; where it has none, crates excluded, targets not tested and features
that a target needs count too, and so does what made tools stricter there and is gone (`deny`, lint
tables, default features). `policy_changed` counts changed policy files: the configuration, phase
files, the baselines that these name, waivers, and the repository's own gates.

**Pitfalls.** The user's own `$CARGO_HOME/config.toml` and variables are not the repository's, and so not
in here. What a build script, a test or a dependency does cannot be seen in a configuration.

**How it can be gamed, and what is counted against that.** By `exclude`, which stands in the notes with
the number of files. An unreadable file is an error, as it may hold anything. A policy file that
changed since the base is named and counted: this gate's own conditions are in one.
"""


class ConfigAuditOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``config-audit``."""

    exclude: Annotated[
        tuple[str, ...], gaterun.help("globs of files that are left out, such as tests/fixtures/**")
    ] = ()


_NEW = " (not in the base)"

#: Entries that are common, and suspicious where the base does not have them: less is built.
_TELLING = frozenset({"narrowed", "targets"})


class _Audit(Struct, frozen=True, kw_only=True):
    """The entries by file, and the policy files."""

    entries: Mapping[str, tuple[Entry, ...]]
    policy: Sequence[str]


def _levels_above(root: Path) -> int:
    """How many folders above the workspace root belong to the same repository."""
    for level, folder in enumerate((root, *root.parents)):
        if (folder / ".git").exists():
            return level
    return 0


def _paths(ctx: gaterun.Context, names: Sequence[str], above: int) -> set[str]:
    """The files to look at, those that git ignores and tools read included."""
    from gaterun_gates.audit.auditor import PROBED, is_audited

    folders = {""}
    for name in names:
        if name.rpartition("/")[2] == "Cargo.toml":
            folder = name.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
    folders |= {"/".join([".."] * level) for level in range(1, above + 1)}
    probed = (f"{folder}/{name}".lstrip("/") for folder in folders for name in PROBED)
    return {
        *(name for name in names if is_audited(name)),
        *(name for name in probed if (ctx.root / name).is_file()),
    }


def _audit(
    auditor: Auditor,
    names: Sequence[str],
    paths: set[str],
    read: Callable[[str], bytes | None],
) -> _Audit:
    from gaterun_gates.audit.policy import policy_files

    return _Audit(entries=auditor.audit_all(paths, read), policy=policy_files(names, read))


def _reader(root: Path) -> Callable[[str], bytes | None]:
    known: dict[str, bytes | None] = {}

    def read(name: str) -> bytes | None:
        if name not in known:
            try:
                known[name] = (root / name).read_bytes()
            except OSError:
                known[name] = None
        return known[name]

    return read


def _base_reader(
    ctx: gaterun.Context, commit: str, now: Callable[[str], bytes | None], above: Sequence[str]
) -> tuple[list[str], Callable[[str], bytes | None]]:
    """The file names of the base commit, and a function that reads them."""
    from gaterun_gates.audit.auditor import is_audited
    from gaterun_gates.rust.git_tree import blob_id, contents, parse_tree, tree

    blobs = tree(ctx, commit)
    if above:
        listing = ctx.run(["git", "--no-pager", "ls-tree", "-l", "-z", commit, "--", *above])
        if not listing.ok:
            raise gaterun.CannotMeasure(
                gaterun.Reason.INCOMPLETE, "git cannot list the folders above the workspace"
            )
        blobs |= parse_tree(listing.stdout.read_bytes())

    def is_same(name: str) -> bool:
        data = now(name)
        return data is not None and blob_id(data, blobs[name].oid) == blobs[name].oid

    changed = [blobs[name] for name in blobs if is_audited(name) and not is_same(name)]
    known = dict(contents(ctx, changed))

    def read(name: str) -> bytes | None:
        blob = blobs.get(name)
        if blob is None:
            return None
        if is_same(name):
            return now(name)
        if blob.oid not in known:
            known.update(contents(ctx, [blob]))
        return known[blob.oid]

    return list(blobs), read


def _keys(entries: Mapping[str, Sequence[Entry]]) -> Counter[tuple[str, str, str]]:
    return Counter(
        (path, entry.rule, entry.subject) for path, found in entries.items() for entry in found
    )


def _findings(audit: _Audit, new: Counter[tuple[str, str, str]]) -> list[Finding]:
    """The entries as findings, worst first; those that the base does not have say so."""
    left = Counter(new)
    found = []
    for path, entries in audit.entries.items():
        for entry in entries:
            finding = Finding(
                rule=entry.rule,
                message=f"{entry.subject}: {entry.why}",
                path=path,
                line=entry.line,
                severity=entry.severity,
                help=entry.help,
            )
            key = (path, entry.rule, entry.subject)
            if left[key] > 0:
                left[key] -= 1
                finding = replace(
                    finding,
                    message=f"{finding.message}{_NEW}",
                    # The mark is no part of the identity.
                    fingerprint=finding.fingerprint,
                    severity=Severity.WARNING
                    if entry.severity is Severity.NOTE and entry.rule in _TELLING
                    else entry.severity,
                )
            found.append(finding)
    worst_first = list(Severity)
    return sorted(found, key=lambda finding: worst_first.index(finding.severity))


def _lost(
    base: Mapping[str, Sequence[Entry]],
    before: Callable[[str], bytes | None],
    now: Callable[[str], bytes | None],
) -> list[Finding]:
    """What made tools stricter in a file at the base, and does so no more."""
    from gaterun_gates.audit.guards import guards

    found = []
    for name in base:
        old, new = before(name), now(name)
        if name.endswith((".rs", "Cargo.toml")) and old != new and old and new is not None:
            for guard in sorted(guards(name, old) - guards(name, new)):
                found.append(
                    Finding(rule="guard-lost", message=f"the base has {guard} here", path=name)
                )
    return found


def _unread(root: Path, paths: set[str], audit: _Audit) -> list[Finding]:
    return [
        Finding(
            rule="unreadable",
            message="cannot be opened, so it may hold anything",
            path=name,
            severity=Severity.ERROR,
        )
        for name in sorted(paths)
        if name not in audit.entries and (root / name).is_file()
    ]


def _policy_findings(policy: Sequence[str], changed: Mapping[str, bool]) -> list[Finding]:
    return [
        Finding(
            rule="policy",
            message="says what gaterun demands"
            + ("; changed since the base" if changed.get(name) else ""),
            path=name,
            severity=Severity.NOTE,
            fingerprint="" if name == "Cargo.toml" else f"policy:{name}",
        )
        for name in policy
    ]


def measure_config_audit(ctx: gaterun.Context) -> gaterun.Measurement:
    """Judge every file of the repository that configures a tool which gates use."""
    from gaterun_gates.audit.auditor import Auditor, is_audited

    options: ConfigAuditOptions = ctx.options
    above = _levels_above(ctx.root)
    excluded = frozenset(ctx.files(*options.exclude)) if options.exclude else frozenset()
    names = [name for name in ctx.files() if name not in excluded]
    paths = _paths(ctx, names, above) - excluded
    read = _reader(ctx.root)
    auditor = Auditor(ctx.root.as_posix(), above)
    audit = _audit(auditor, names, paths, read)

    now = _keys(audit.entries)
    lost: list[Finding] = []
    new: Counter[tuple[str, str, str]] = Counter()
    changed: dict[str, bool] = {}
    known = False
    added = gaterun.Measured(value=None, why="the phase names no base")
    if ctx.base is not None:
        try:
            outside = [name for name in sorted(paths) if name.startswith("../")]
            base_names, read_base = _base_reader(ctx, ctx.base, read, outside)
            base_names = [name for name in base_names if name not in excluded]
            base_paths = {name for name in base_names if is_audited(name)}
            base = _audit(auditor, base_names, base_paths, read_base)
            new = now - _keys(base.entries)
            policy_names = sorted({*audit.policy, *base.policy})
            changed = {name: read_base(name) != read(name) for name in policy_names}
            lost = _lost(base.entries, read_base, read)
            known = True
        except gaterun.CannotMeasure as error:
            added = gaterun.Measured(value=None, why=error.message)

    findings = [*_unread(ctx.root, paths, audit), *lost, *_findings(audit, new)]
    if known:
        fresh = [each for each in findings if each.message.endswith(_NEW)]
        added = _counted([*lost, *fresh], Severity.ERROR, Severity.WARNING)
    by_severity = Counter(finding.severity for finding in findings)
    policy = _policy_findings(sorted({*audit.policy, *changed}), changed)
    return gaterun.Measurement(
        metrics={
            "risky": _counted(findings, Severity.ERROR, Severity.WARNING),
            "errors": _counted(findings, Severity.ERROR),
            "notes": by_severity[Severity.NOTE] + len(policy),
            "added": added,
            "policy_changed": sum(changed.values())
            if known
            else gaterun.Measured(value=None, why=added.why),
            "files": len(audit.entries),
        },
        inspected={"files": len(audit.entries)},
        findings=[*findings, *policy],
        notes=[f"{len(excluded)} files left out by the option 'exclude'"] if excluded else (),
    )


def _counted(findings: Sequence[Finding], *severities: Severity) -> gaterun.Measured:
    rules = Counter(finding.rule for finding in findings if finding.severity in severities)
    return gaterun.Measured(value=rules.total(), breakdown=dict(sorted(rules.items())))


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.files import CONFIG_AUDIT

    return CONFIG_AUDIT


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.config_audit import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="config-audit",
    title="Configuration audit",
    about=_ABOUT,
    options=ConfigAuditOptions,
    metrics=(
        Metric(
            name="risky",
            help="entries that make a gate say green, or may",
            counts=gaterun.Counted(severities=(Severity.ERROR, Severity.WARNING)),
        ),
        Metric(
            name="errors",
            help="entries that make a gate say green",
            counts=gaterun.Counted(severities=(Severity.ERROR,)),
        ),
        Metric(name="notes", better=Better.NEITHER, help="legitimate entries worth knowing"),
        Metric(name="added", help="risky entries that the base does not have"),
        Metric(
            name="policy_changed",
            help="files that say what gaterun demands, its baselines among them, that changed",
        ),
        Metric(name="files", better=Better.NEITHER, help="files that were read"),
    ),
    measure=measure_config_audit,
    inputs=("**",),
    requires=("errors == 0",),
    timeout=300.0,
    pins=("risky", "errors"),
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
