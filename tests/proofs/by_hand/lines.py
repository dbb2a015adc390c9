"""Gate `loc`: lines by rustc's own lexer, by tokei and by Pygments; changes by git."""

from __future__ import annotations

from collections.abc import Iterator

from by_hand import survey
from by_hand.rows import Clone, Row
from by_hand.tools import output, tracked


def rows(clone: Clone) -> Iterator[Row]:
    report = clone.report
    added, removed = numstat(clone)
    yield _row(clone, "gross_added", added, "`git diff --numstat --no-renames`")
    yield _row(clone, "gross_removed", removed, "`git diff --numstat --no-renames`")
    yield _row(clone, "files", len(counted(clone)), "`git ls-files '*.rs'`")
    lines = [report.value("loc", name) for name in ("prod_code", "test_code")]
    whole = sum(line for line in lines if isinstance(line, int))
    yield Row(
        gate="loc",
        metric="prod_code + test_code",
        gaterun=whole,
        by_hand=sum(pygments_lines(clone, name) for name in counted(clone)),
        how="Pygments' Rust lexer: lines with a token that is no comment",
    )


def surveyed(clone: Clone) -> Iterator[Row]:
    """What needs the program in `survey/`."""
    sources = survey.read(clone.root, clone.scratch)
    names = set(counted(clone))
    compiled = names & (sources.shipped | sources.tests)
    how = "rustc_lexer for the lines, syn for `cfg(test)`, `mod` lines from the target roots"
    production = tests = 0
    for name, facts in sources.files.items():
        if name in names:
            # What nothing compiles is for tests where its folder or its name says so.
            orphan_test = name not in compiled and is_test_path(name)
            test = sum(orphan_test or sources.is_test(name, line) for line in facts["code"])
            tests += test
            production += len(facts["code"]) - test
    yield _row(clone, "prod_code", production, how)
    yield _row(clone, "test_code", tests, how)
    yield _row(clone, "compiled_files", len(compiled), "`mod` lines from the target roots")
    yield _row(clone, "orphan_files", len(names - compiled), "the other tracked files")
    broken = sum(facts["error"] is not None for facts in sources.files.values())
    yield _row(clone, "parse_errors", broken, "files that syn cannot parse")


def is_test_path(name: str) -> bool:
    """Whether a file that nothing compiles lies where tests do."""
    folders = name.split("/")
    return bool({"tests", "benches", "examples", "fixtures", "tests.rs", "test.rs"} & set(folders))


def numstat(clone: Clone) -> tuple[int, int]:
    """Lines added and removed in Rust files since the base."""
    text = output(clone.root, "git", "diff", "--numstat", "--no-renames", clone.base, "--", "*.rs")
    pairs = [line.split("\t")[:2] for line in text.splitlines()]
    return sum(int(a) for a, _ in pairs), sum(int(r) for _, r in pairs)


def counted(clone: Clone) -> list[str]:
    """Tracked Rust files that are neither vendored nor marked as generated."""
    return [
        name
        for name in tracked(clone.root, "*.rs")
        if "vendor" not in name.split("/")
        and b"@generated" not in (clone.root / name).read_bytes()[:500]
    ]


def pygments_lines(clone: Clone, name: str) -> int:
    """Lines with code in one file."""
    from pygments.lexers.rust import RustLexer
    from pygments.token import Comment, String, Whitespace

    line, found = 1, set()
    text = (clone.root / name).read_text("utf-8", "replace")
    for kind, value in RustLexer(stripnl=False, ensurenl=False).get_tokens(text):
        breaks = value.count("\n")
        comment = kind in Comment and kind not in Comment.Preproc  # an attribute is code
        if not (comment or kind in Whitespace or kind in String.Doc):
            for offset, part in enumerate(value.split("\n")):
                if part.strip() or kind in String:
                    found.add(line + offset)
        line += breaks
    return len(found)


def _row(clone: Clone, metric: str, number: int, how: str) -> Row:
    value = clone.report.value("loc", metric)
    return Row(gate="loc", metric=metric, gaterun=value, by_hand=number, how=how)
