"""Collect every read and export of environment variables in a workspace.

What a file says by itself is found once for its content (`env_file`). This is the rest: names
that come from constants, structs and callers in other files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gaterun_gates.rust import kept
from gaterun_gates.rust.env_reads import EnvExport, EnvRead, EnvUse, Kind, OpenRead

if TYPE_CHECKING:
    from gaterun_gates.rust.compiled import RustFile, RustSources
    from gaterun_gates.rust.file_use import FileUse
    from gaterun_gates.rust.workers import Run

#: Bytes of files that may use the environment. Of these only what matters is parsed, so that it takes
#: more of them than for other scans (`workers.WORTHWHILE`) until a second process pays.
_WORTHWHILE = 5_000_000


def _in_workspace(file: RustFile, use: FileUse, whole: EnvUse) -> None:
    """Add what a file does to what the workspace does."""

    def kind(*, compiling: bool) -> Kind:
        if file.build and not file.production:
            return Kind.BUILD
        return Kind.COMPILE if compiling else Kind.RUNTIME

    def is_test(*, here: bool) -> bool:
        return here if file.production or file.build else file.test

    whole.reads += [
        EnvRead(
            name=read.name,
            kind=kind(compiling=read.compiling),
            path=file.path,
            line=read.line,
            column=read.column,
            packages=file.packages,
            test=is_test(here=read.test),
            ignored=read.ignored,
            default=read.default,
            discarded=read.discarded,
        )
        for read in use.reads
    ]
    whole.open_reads += [
        OpenRead(
            prefix=read.prefix,
            suffix=read.suffix,
            kind=kind(compiling=read.compiling),
            path=file.path,
            line=read.line,
            column=read.column,
            packages=file.packages,
            test=is_test(here=read.test),
            provider=read.provider,
            why=read.why,
        )
        for read in use.open_reads
    ]
    whole.exports += [
        EnvExport(
            name=export.name,
            path=file.path,
            line=export.line,
            test=is_test(here=export.test),
            ignored=export.ignored,
        )
        for export in use.exports
    ]
    if use.has_errors:
        whole.parse_errors.append(file.path)


class _Answer(NamedTuple):
    """What was found in the files of this `RustSources.identity` with these wrappers."""

    identity: str
    wrappers: list[str]
    use: EnvUse


def _found(
    sources: RustSources, wrappers: Sequence[str], state: Path | None, run: Run | None
) -> tuple[dict[str, FileUse], set[str]]:
    """What each file does, by path, and functions that could not be told from others by name."""
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.env_file import quick_use, use_of_file
    from gaterun_gates.rust.env_wrappers import Wrappers
    from gaterun_gates.rust.file_use import FileUse

    uses = BlobCache(
        state / "uses.json" if state is not None else None,
        FileUse,
        use_of_file,
        quick=quick_use,
        worthwhile=_WORTHWHILE,
    )
    if state is not None and run is not None:
        uses.fill((file.source for file in sources.files.values()), run, state)
    found = {path: uses(file.source) for path, file in sources.files.items()}
    uses.save()
    return found, Wrappers(sources, found, wrappers).run()


def scan(
    sources: RustSources,
    *,
    wrappers: Iterable[str] = (),
    state: Path | None = None,
    run: Run | None = None,
) -> EnvUse:
    """Find the environment variables that the compiled files of a workspace use.

    Args:
        sources: the compiled files.
        wrappers: functions (``name`` or ``Type::name``) that are known to read the
            variable that they are given, where several functions share the name.
        state: the folder that keeps findings from run to run.
        run: starts a program, so that many files are scanned in several processes.
    """
    known = sorted(wrappers)
    identity = sources.identity
    answer_file = state / "answer.json" if state is not None else None
    answer = kept.load(answer_file, _Answer)
    if answer is not None and (answer.identity, answer.wrappers) == (identity, known):
        return answer.use
    found, ambiguous = _found(sources, known, state, run)
    use = EnvUse(ambiguous=ambiguous)
    for path, file in sources.files.items():
        _in_workspace(file, found[path], use)
    kept.save(answer_file, _Answer(identity, known, use))
    return use
