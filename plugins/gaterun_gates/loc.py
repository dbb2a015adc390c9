"""Gate ``loc``: how much production code there is, and how much less than at the base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import gaterun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gaterun_gates.rust.code_size import Moves, Size
    from gaterun_gates.rust.compiled import RustSources

ABOUT = """
How many lines of production code were removed since the phase began?

A line of code is a line with at least one token that is no comment; test code (what only
`cfg(test)` and test, benchmark and example targets compile) is counted apart. Generated files
(`// @generated`, or git's attribute `linguist-generated`) and `vendor/` are left out on both
sides. The base is the commit that the phase names; the other side is the working tree with
everything uncommitted.

`removed` is the smaller of two numbers, less what was only moved:

- `net_removed`: lines of production code at the base less those now;
- `normalized_removed`: the same from tokens, in lines of the base's width. Laying out code
  anew, or wider, changes no token;
- `moved_out`: lines that left production code and are still in the tree: in tests, in files
  that are not Rust, in `vendor/`, in files marked as generated.

Pitfalls: a file that no target compiles (an orphan) is still code and counts by its path, so
commenting out its `mod` line removes nothing, and deleting it counts. `removed` says nothing
about whether the code was needed: the tests gate does. One range of commits can hold more
than one phase.

How it can be gamed: by formatting (tokens decide), by deleting comments (they are not
counted), by moving (found line by line; lines that were edited on the way are not recognised),
by packing code into strings or other languages (look at `gross_removed` beside `removed`).
"""


class LocOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of ``loc``."""

    exclude: Annotated[
        tuple[str, ...], gaterun.help("globs of Rust files that are not counted on either side")
    ] = ()


def measure(
    ctx: gaterun.Context, workspace: gaterun.Workspace, rust_sources: RustSources
) -> gaterun.Measurement:
    """Count the code now, and at the base if the phase names one.

    Raises:
        gaterun.CannotMeasure: the base commit or one of its files is not in this clone.
    """
    from gaterun_gates.rust.blob_cache import BlobCache
    from gaterun_gates.rust.line_count import Count, count
    from gaterun_gates.rust.loc_sides import BaseSide, head_side, total

    counts = BlobCache(ctx.state / "counts.json", Count, count)
    now = head_side(ctx, workspace, rust_sources, ctx.options.exclude)
    ours = (now.side.read(path) for path in now.side.paths)
    counts.fill((source for source in ours if source is not None), ctx.run, ctx.scratch)
    size = total(now.side, counts)
    orphans = [
        path
        for path in now.side.paths
        if path not in rust_sources.files and now.side.read(path) is not None
    ]
    metrics: dict[str, float | gaterun.Measured | None] = {
        "prod_code": size.code,
        "prod_tokens": size.tokens,
        "test_code": size.test_code,
        "files": size.files,
        "compiled_files": len(rust_sources.files),
        "orphan_files": len(orphans),
        "parse_errors": len({*size.errors, *rust_sources.unreadable}),
    }
    notes = [f"{size.left_out} generated or vendored files are not counted"] * bool(size.left_out)
    findings: list[gaterun.Finding] = []
    if ctx.base is None:
        why = "the phase names no base"
        missing = gaterun.Measured(value=None, why=why)
        for name in _COMPARED:
            metrics[name] = missing
    else:
        before = BaseSide(ctx, ctx.base, now, workspace)
        old = total(before.side, counts)
        moved = before.moves()
        metrics |= _compared(old, size, moved)
        metrics["gross_added"], metrics["gross_removed"] = before.gross()
        notes += _notes(old, size, before.reformatted())
        findings += _findings(moved)
    counts.save()
    rust_sources.save()  # the base's files, and those that no target compiles, have outlines too
    return gaterun.Measurement(
        metrics=metrics,
        inspected={"files": size.files},
        findings=findings,
        notes=notes,
        recipe={"base": ctx.base or "", "exclude": ", ".join(ctx.options.exclude)},
    )


def _compared(old: Size, new: Size, moved: Moves) -> dict[str, float | gaterun.Measured | None]:
    from gaterun_gates.rust.code_size import normalized_removed

    net, normalized = old.code - new.code, normalized_removed(old, new)
    least = min(net, normalized)
    return {
        "base_prod_code": old.code,
        "base_test_code": old.test_code,
        "net_removed": net,
        "normalized_removed": normalized,
        "moved_out": moved.lines,
        # What moved out is no removal, however much else came in.
        "removed": max(least - moved.lines, min(least, 0)),
    }


def _notes(old: Size, new: Size, reformatted: Sequence[str]) -> Iterator[str]:
    yield f"production code: {old.code} lines at the base, {new.code} now"
    if new.test_code < old.test_code:
        yield f"test code: {old.test_code} lines at the base, {new.test_code} now"
    if reformatted:
        yield f"{', '.join(reformatted)} changed: lines are laid out anew, tokens decide"


def _findings(moved: Moves) -> Iterator[gaterun.Finding]:
    for path, lines in moved.places:
        yield gaterun.Finding(
            rule="moved-out",
            message=f"{lines} lines that were production code are here now",
            path=path,
            help="moved code is not removed code",
        )


_COMPARED = (
    "removed",
    "net_removed",
    "normalized_removed",
    "moved_out",
    "base_prod_code",
    "base_test_code",
    "gross_added",
    "gross_removed",
)


def _metrics() -> Iterator[gaterun.Metric]:
    higher, neither = gaterun.Better.HIGHER, gaterun.Better.NEITHER
    yield gaterun.Metric(
        name="removed", better=higher, help="lines of production code that are gone since the base"
    )
    yield gaterun.Metric(name="net_removed", better=higher, help="by counting lines")
    yield gaterun.Metric(name="normalized_removed", better=higher, help="by counting tokens")
    yield gaterun.Metric(name="moved_out", help="lines that left production code, not the tree")
    yield gaterun.Metric(name="gross_added", better=neither, help="lines git says were added")
    yield gaterun.Metric(name="gross_removed", better=neither, help="lines git says were removed")
    yield gaterun.Metric(name="prod_code", help="lines of production code now")
    yield gaterun.Metric(name="prod_tokens", help="tokens of production code now")
    yield gaterun.Metric(name="test_code", better=neither, help="lines of test code now")
    yield gaterun.Metric(name="base_prod_code", better=neither, help="production code at the base")
    yield gaterun.Metric(name="base_test_code", better=neither, help="test code at the base")
    yield gaterun.Metric(name="files", better=neither, help="Rust files counted")
    yield gaterun.Metric(name="compiled_files", better=neither, help="files some target compiles")
    yield gaterun.Metric(name="orphan_files", help="Rust files that no target compiles")
    yield gaterun.Metric(name="parse_errors", help="files that could not be parsed in full")


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.loc import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="loc",
    title="lines of production code removed",
    about=ABOUT,
    metrics=tuple(_metrics()),
    measure=measure,
    inputs=("**/*.rs", "**/Cargo.toml", "Cargo.lock", ".cargo/**", "**/.gitattributes"),
    options=LocOptions,
    requires=(),  # how much is to go is for the phase to say
    controls=_controls,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer ``loc``."""
    return [GATE]
