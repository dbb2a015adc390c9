"""Compare the variables that code reads with those that are required and documented."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec

from gaterun_gates.rust.dotenv_file import DotenvFile, Entry
from gaterun_gates.rust.env_reads import EnvRead, EnvUse, Kind, OpenRead

#: Set by cargo for the compiler and for build scripts; no configuration of the program.
_OF_CARGO = ("CARGO", "CARGO_*", "OUT_DIR", "TARGET", "HOST", "PROFILE", "DEP_*", "NUM_JOBS")
_WORDS_OF_TRUTH = {"yes": "true", "on": "true", "no": "false", "off": "false"}


class EnvComparison(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from reads, required names and documentation.

    Attributes:
        required: the names that are asked for.
        implemented: required names that shipped code reads at run time, with the packages.
        by_pattern: those of `implemented` for which there is no more than a library that reads
            every name with their prefix.
        read: every name that shipped code reads at run time, with its first place first.
        undocumented: names that shipped code reads and no document has.
        unread: documented names that no shipped code reads.
        maybe_read: those of `unread` that a read with an unknown name may be.
        missing: required names that are not implemented.
        discarded: names whose every shipped read throws the value away.
        test_only: names of `unread` that tests read.
        tested: required names that a test which is run reads or sets.
        near_misses: documented but unread, read but undocumented, alike.
        mismatches: names whose literal default differs from the documented value.
        open_reads: shipped reads with an unknown name.
        compile_only: documented names that are only read when compiling.
        places: the first shipped read of each name, at run time or compile time.
    """

    required: tuple[str, ...]
    implemented: Mapping[str, tuple[str, ...]]
    read: Mapping[str, tuple[EnvRead, ...]]
    by_pattern: tuple[str, ...] = ()
    undocumented: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    maybe_read: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()
    test_only: tuple[str, ...] = ()
    tested: tuple[str, ...] = ()
    near_misses: tuple[tuple[str, str], ...] = ()
    mismatches: Mapping[str, EnvRead] = msgspec.field(default_factory=dict)
    open_reads: tuple[OpenRead, ...] = ()
    compile_only: tuple[str, ...] = ()
    places: Mapping[str, EnvRead] = msgspec.field(default_factory=dict)


def ignored(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of `patterns` (with ``*``) covers `name`."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def same_default(code: str, documented: str) -> bool:
    """Whether two defaults mean the same, however they are written.

    >>> same_default("10_000u64", "10000"), same_default("true", "on"), same_default("1", "2")
    (True, True, False)
    """

    def plain(text: str) -> str:
        text = text.strip().strip("'\"").strip()
        number = text.replace("_", "")
        for suffix in ("usize", "isize", *(f"{k}{n}" for k in "uif" for n in (128, 64, 32, 16, 8))):
            if number.endswith(suffix) and number[: -len(suffix)].replace(".", "").isdigit():
                number = number[: -len(suffix)]
        try:
            return repr(float(number))
        except ValueError:
            lowered = text.lower()
            return _WORDS_OF_TRUTH.get(lowered, lowered if lowered in {"true", "false"} else text)

    return plain(code) == plain(documented)


def alike(left: str, right: str) -> bool:
    """Whether two names are likely meant to be one: two letters differ, or a prefix is added."""
    if left == right or min(len(left), len(right)) < 4:
        return False
    shorter, longer = sorted((left, right), key=len)
    if longer.endswith(f"_{shorter}") and shorter.count("_") >= 1:
        return True
    if left.replace("_", "").lower() == right.replace("_", "").lower():
        return True
    return len(longer) - len(shorter) <= 2 and len(shorter) >= 6 and _distance(left, right) <= 2


def _distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def _numbered(left: str, right: str) -> bool:
    """``NODE_1`` and ``NODE_2`` are meant to differ."""
    changed = [
        op for op in difflib.SequenceMatcher(None, left, right).get_opcodes() if op[0] != "equal"
    ]
    return all(left[a:b].isdigit() or right[c:d].isdigit() for _, a, b, c, d in changed)


def compare(
    use: EnvUse,
    *,
    required: Collection[str],
    documented: DotenvFile | None,
    also_documented: Collection[str] | None = None,
    packages: Collection[str],
    ignore: Collection[str] = (),
    test_literals: Collection[str] = (),
    set_by_build: Collection[str] = (),
) -> EnvComparison:
    """Compare.

    Args:
        use: what the code does.
        required: the names asked for.
        documented: the ``.env.example``; ``None`` without one.
        also_documented: words of other documents; ``None`` without any.
        packages: the packages whose reads count as implementation.
        ignore: names or patterns that need neither documentation nor a read.
        test_literals: names that occur as a string in tests that are run.
        set_by_build: names that a build script sets for the compiler.
    """
    chosen = set(packages)
    shipped = [read for read in use.reads if not read.test]
    runtime: defaultdict[str, list[EnvRead]] = defaultdict(list)
    compiled: defaultdict[str, list[EnvRead]] = defaultdict(list)
    for read in shipped:
        (runtime if read.kind is Kind.RUNTIME else compiled)[read.name].append(read)
    used = {
        name: tuple(sorted(reads, key=lambda read: (read.path, read.line, read.column)))
        for name, reads in sorted(runtime.items())
        if not all(read.discarded for read in reads)
    }
    discarded = sorted(set(runtime) - set(used))
    here = {name: reads for name, reads in used.items() if _in(reads, chosen)}
    open_reads = tuple(
        read
        for read in use.open_reads
        if not read.test and read.kind is Kind.RUNTIME and chosen & set(read.packages)
    )
    everywhere_open = [r for r in use.open_reads if not r.test and r.kind is Kind.RUNTIME]
    providers = [read for read in everywhere_open if read.provider]
    hidden = [read for read in everywhere_open if not read.provider]

    wanted = tuple(dict.fromkeys(required))
    implemented = {
        name: _packages_of(name, here, providers, chosen)
        for name in wanted
        if _packages_of(name, here, providers, chosen)
    }
    entries = documented.names if documented is not None else {}
    has_documents = documented is not None or also_documented is not None
    known = set(entries) | set(also_documented or ())
    build_names = {
        name
        for name, reads in compiled.items()
        if any(read.kind is Kind.COMPILE and chosen & set(read.packages) for read in reads)
        and not ignored(name, _OF_CARGO)
        and name not in set_by_build
    }
    undocumented = tuple(
        name
        for name in sorted({*here, *build_names})
        if has_documents and name not in known and not ignored(name, ignore)
    )
    unread = tuple(
        name
        for name in entries
        if name not in used
        and name not in compiled
        and not any(read.may_be(name) for read in providers)
        and not ignored(name, ignore)
    )
    in_tests = {read.name for read in use.reads if read.test}
    run_tests = {read.name for read in use.reads if read.test and not read.ignored}
    run_tests |= {export.name for export in use.exports if export.test and not export.ignored}
    run_tests |= set(test_literals)
    return EnvComparison(
        required=wanted,
        implemented=implemented,
        by_pattern=tuple(name for name in implemented if name not in here),
        read=here,
        undocumented=undocumented,
        unread=unread,
        maybe_read=tuple(name for name in unread if any(read.may_be(name) for read in hidden)),
        missing=tuple(name for name in wanted if name not in implemented),
        discarded=tuple(discarded),
        test_only=tuple(name for name in unread if name in in_tests),
        tested=tuple(name for name in wanted if name in run_tests),
        near_misses=tuple(
            (old, new)
            for old in unread
            for new in undocumented
            if alike(old, new) and not _numbered(old, new)
        ),
        mismatches=_mismatches(entries, here),
        open_reads=tuple(read for read in open_reads if not read.provider),
        compile_only=tuple(n for n in entries if n in compiled and n not in used),
        places={
            name: reads[0]
            for source in (compiled, runtime, used, here)
            for name, reads in source.items()
        },
    )


def _in(reads: Iterable[EnvRead], packages: set[str]) -> bool:
    return any(packages & set(read.packages) for read in reads)


def _packages_of(
    name: str,
    read: Mapping[str, tuple[EnvRead, ...]],
    providers: Iterable[OpenRead],
    chosen: set[str],
) -> tuple[str, ...]:
    found = {p for r in read.get(name, ()) if not r.discarded for p in r.packages}
    found |= {p for r in providers if r.may_be(name) for p in r.packages}
    return tuple(sorted(found & chosen))


def _mismatches(
    entries: Mapping[str, Entry], read: Mapping[str, tuple[EnvRead, ...]]
) -> dict[str, EnvRead]:
    found: dict[str, EnvRead] = {}
    for name, entry in entries.items():
        for place in read.get(name, ()):
            if place.default and entry.value and not same_default(place.default, entry.value):
                found.setdefault(name, place)
    return found
