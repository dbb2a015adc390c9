"""Gate ``env-coverage``: variables that are documented, read and tested, compared by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import gaterun

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gaterun_gates.rust.compiled import RustSources
    from gaterun_gates.rust.dotenv_file import DotenvFile
    from gaterun_gates.rust.env_comparison import EnvComparison
    from gaterun_gates.rust.env_reads import EnvUse

ABOUT = """
Which environment variables are documented, which does shipped code read, and do the two agree?

**Read** means: by `std::env::var` and its kin under any alias, inside macros too, through
constants, `format!`, loops over lists, functions and closures that pass the name on, and by
the attributes of clap, structopt, envconfig, confique and schematic. A name in a comment or a
string, a method that happens to be called `var`, and `Command::env` (which hands a variable
to a child) are no reads. Code under `cfg(test)`, in `tests/`, `benches/`, `examples/` is test
code; a file that no target compiles does not count at all.

**Documented** means: a key of `.env.example`, or a commented default there (`# PORT=8080`),
or a word in code or a table of one of the `docs`.

- `implemented`: required names that the chosen crates read at run time and do something with;
- `undocumented`: names they read that no document has. `CARGO_*` is cargo's own;
- `unread`: documented names that no shipped code reads. Read only by a test is unread;
- `dynamic`: reads whose name is made at run time. One that could be the missing name makes
  `unread` unmeasured. Say what it reads in a comment: `// gaterun: env=PORT,HOST`.

Pitfalls: a function that reads the variable it is given is followed by name and type; where
two functions share a name, `wrappers` says which one is meant. `tested` says that a test that
is run sets, reads or names the variable, not that it asserts anything.

How it can be gamed: by reading a variable into `let _` (counted as `discarded`, not as
implemented), by shortening the list (`require = ["required == 93"]` pins it), by a key in
`.env.example` that nothing reads (`unread`), by hiding names from the scan (`dynamic`).
"""

_IGNORE = ("CARGO", "CARGO_*", "OUT_DIR", "RUST_LOG", "RUST_BACKTRACE", "HOME", "PATH")


class EnvCoverageOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of ``env-coverage``."""

    crates: Annotated[
        tuple[str, ...],
        gaterun.help("members that count, by package, folder or last part; all when empty"),
    ] = ()
    names: Annotated[
        tuple[str, ...], gaterun.help("the required names; those of env_file when empty")
    ] = ()
    env_file: Annotated[str, gaterun.help("the file that documents the variables")] = ".env.example"
    docs: Annotated[
        tuple[str, ...], gaterun.help("Markdown files, as globs, that document variables too")
    ] = ()
    ignore: Annotated[
        tuple[str, ...], gaterun.help("names, with *, that need no documentation")
    ] = _IGNORE
    wrappers: Annotated[
        tuple[str, ...],
        gaterun.help("functions (name or Type::name) known to read the name they are given"),
    ] = ()


def _texts(ctx: gaterun.Context, globs: Sequence[str]) -> frozenset[str]:
    from gaterun_gates.rust.doc_names import words_in_code

    words: frozenset[str] = frozenset()
    for path in ctx.files(*globs) if globs else ():
        words |= words_in_code((ctx.root / path).read_text("utf-8", "replace"))
    return words


def _documented(ctx: gaterun.Context, options: EnvCoverageOptions) -> DotenvFile | None:
    from gaterun_gates.rust.dotenv_file import parse_dotenv

    path = ctx.root / options.env_file
    if path.is_file():
        return parse_dotenv(path.read_bytes().decode("utf-8", "replace"))
    if options.names:
        return None
    raise gaterun.CannotMeasure(
        gaterun.Reason.NO_INPUT,
        f"there is no {options.env_file} and no list of names",
        help="document the variables in .env.example, or give names = [...]",
    )


def _tested_words(sources: RustSources, names: Collection[str]) -> set[str]:
    """Those of `names` that are a string in tests that are run."""
    found: set[str] = set()
    for file in sources.files.values():
        data, left = file.source.data, set(names) - found
        there = {name for name in left if name.encode() in data}
        if not there or not (file.test or b"test" in data):
            continue
        for token in file.source.tokens:
            if (
                token.is_string
                and token.string in there
                and file.is_test_at(token.start)
                and not file.source.is_ignored_at(token.start)
            ):
                found.add(token.string)
    return found


def _set_by_build(sources: RustSources) -> set[str]:
    """Names that build scripts give to the compiler by ``cargo:rustc-env=NAME=…``."""
    found: set[str] = set()
    for file in sources.containing(b"rustc-env="):
        for token in file.source.tokens if file.build else ():
            if token.is_string and "rustc-env=" in token.string:
                found.add(token.string.partition("rustc-env=")[2].partition("=")[0])
    return found


def measure(
    ctx: gaterun.Context,
    workspace: gaterun.Workspace,
    rust_sources: RustSources,
    env_use: EnvUse,
) -> gaterun.Measurement:
    """Compare the variables that are read with those that are documented and required.

    Raises:
        gaterun.CannotMeasure: nothing documents variables, or a crate is not there.
    """
    from gaterun_gates.rust.env_comparison import compare
    from gaterun_gates.rust.env_findings import findings, metrics, notes
    from gaterun_gates.rust.env_scan import scan
    from gaterun_gates.rust.packages import chosen_packages

    options: EnvCoverageOptions = ctx.options
    packages = {package.name for package in chosen_packages(workspace, options.crates)}
    documented = _documented(ctx, options)
    also = _texts(ctx, options.docs)
    required = options.names or tuple(documented.names if documented is not None else ())
    use = (
        scan(rust_sources, wrappers=options.wrappers, state=ctx.state)
        if options.wrappers
        else env_use
    )
    result: EnvComparison = compare(
        use,
        required=required,
        documented=documented,
        also_documented=also if options.docs else None,
        packages=packages,
        ignore=options.ignore,
        test_literals=_tested_words(rust_sources, required),
        set_by_build=_set_by_build(rust_sources),
    )
    broken = sorted({*use.parse_errors, *rust_sources.unreadable})
    has_documents = documented is not None or bool(options.docs)
    compiled = [f for f in rust_sources.files.values() if packages & set(f.packages)]
    names = {*result.required, *result.read, *(documented.names if documented else ())}
    return gaterun.Measurement(
        metrics=metrics(result, documented, len(broken), has_documents=has_documents),
        inspected={"variables": len(names) if compiled else 0},
        findings=list(findings(result, documented, options.env_file)),
        notes=list(notes(result, documented, use, broken, rust_sources.orphans)),
        recipe={"crates": ", ".join(sorted(packages)), "env_file": options.env_file},
    )


def _metrics() -> Iterator[gaterun.Metric]:
    higher, neither = gaterun.Better.HIGHER, gaterun.Better.NEITHER
    yield gaterun.Metric(name="required", better=neither, help="names that are asked for")
    yield gaterun.Metric(
        name="implemented", better=higher, help="required names that the crates read at run time"
    )
    yield gaterun.Metric(
        name="coverage",
        unit=gaterun.Unit.RATIO,
        better=higher,
        help="implemented of required",
    )
    yield gaterun.Metric(name="documented", better=neither, help="names in the documentation")
    yield gaterun.Metric(
        name="undocumented",
        help="names that are read and not documented",
        counts=gaterun.Counted(rules=("undocumented",)),
    )
    yield gaterun.Metric(
        name="unread",
        help="names that are documented and read nowhere",
        counts=gaterun.Counted(rules=("unread",)),
    )
    yield gaterun.Metric(
        name="missing",
        help="required names that the crates do not read",
        counts=gaterun.Counted(rules=("missing",)),
    )
    yield gaterun.Metric(name="tested", better=higher, help="required names that tests use")
    yield gaterun.Metric(name="untested", help="required names that no test uses")
    yield gaterun.Metric(
        name="dynamic",
        help="shipped reads whose name is made at run time",
        counts=gaterun.Counted(rules=("dynamic",)),
    )
    yield gaterun.Metric(name="discarded", help="names that are read and thrown away")
    yield gaterun.Metric(
        name="duplicates",
        help="keys that the env file has more than once",
        counts=gaterun.Counted(rules=("duplicate",)),
    )
    yield gaterun.Metric(
        name="near_misses",
        help="documented and read names that look alike",
        counts=gaterun.Counted(rules=("near-miss",)),
    )
    yield gaterun.Metric(
        name="default_mismatches",
        help="literal defaults that differ from the documented value",
        counts=gaterun.Counted(rules=("default-mismatch",)),
    )
    yield gaterun.Metric(
        name="parse_errors", help="files, and lines of the env file, that could not be read"
    )


def _defects() -> Sequence[gaterun.Defect]:
    from gaterun_gates.defects.rust import ENV_COVERAGE

    return ENV_COVERAGE


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.env_coverage import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="env-coverage",
    title="environment variables are documented and read",
    about=ABOUT,
    metrics=tuple(_metrics()),
    measure=measure,
    inputs=("**",),
    options=EnvCoverageOptions,
    requires=("undocumented == 0", "unread == 0"),
    pins=("undocumented", "unread"),
    controls=_controls,
    defects=_defects,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer ``env-coverage``."""
    return [GATE]
