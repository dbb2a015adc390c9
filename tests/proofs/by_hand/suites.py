"""Gate `tests`: the text that `cargo test` prints, line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from by_hand import survey
from by_hand.rows import Clone, Row
from by_hand.tools import matches, output

RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)


def rows(clone: Clone) -> Iterator[Row]:
    report = clone.report
    target = f"--target-dir={clone.scratch / 'build'}"
    text = output(
        clone.root,
        *("cargo", "test", "--workspace", "--no-fail-fast", "--color=never", target),
        codes=(0, 101),
        both=True,
    )
    passed, failed, ignored = (sum(column) for column in zip(*counts(text), strict=True))
    for metric, number in (
        ("passed", passed),
        ("failed", failed),
        ("ignored", ignored),
        ("total", passed + failed + ignored),
    ):
        yield Row(
            gate="tests",
            metric=metric,
            gaterun=report.value("tests", metric),
            by_hand=number,
            how="sum of the `test result:` lines of `cargo test --workspace --no-fail-fast`",
        )
    documented = text[text.index("Doc-tests") :] if "Doc-tests" in text else ""
    yield Row(
        gate="tests",
        metric="doctests",
        gaterun=report.value("tests", "doctests"),
        by_hand=sum(sum(line) for line in counts(documented)),
        how="the same lines below `Doc-tests`",
    )
    listed = json.loads(
        output(
            clone.root,
            *("cargo", "nextest", "list", "--workspace", "--message-format=json", target),
        )
    )
    yield Row(
        gate="tests",
        metric="total without doctests",
        gaterun=_less(report.value("tests", "total"), report.value("tests", "doctests")),
        by_hand=sum(len(suite["testcases"]) for suite in listed["rust-suites"].values()),
        how="`cargo nextest list --message-format=json`",
    )
    yield Row(
        gate="tests",
        metric="names of failed tests",
        gaterun=frozenset(names(report.findings("tests"))),
        by_hand=frozenset(
            re.findall(r"^test (.+?)(?: - should panic)? \.\.\. FAILED$", text, re.MULTILINE)
        ),
        how="lines `test … FAILED` of `cargo test`",
    )


def surveyed(clone: Clone) -> Iterator[Row]:
    """What needs the program in `survey/`."""
    sources = survey.read(clone.root, clone.scratch)
    compiled = sources.shipped | sources.tests
    yield Row(
        gate="tests",
        metric="assertions",
        gaterun=clone.report.value("tests", "assertions"),
        by_hand=sum(
            sources.is_test(path, line)
            for path in compiled
            for line in sources.files[path]["asserts"]
        ),
        how="syn: macros `assert…!`, `panic!` and the like in test code",
    )
    yield Row(
        gate="tests",
        metric="should_panic",
        gaterun=clone.report.value("tests", "should_panic"),
        by_hand=sum(
            line.split(":")[0] in compiled
            for line in matches(clone.root, r"^ *#\[should_panic", "*.rs")
        ),
        how="`git grep '^ *#\\[should_panic'`",
    )
    without = unchecked(sources.files, compiled)
    yield Row(
        gate="tests",
        metric="without_assertion",
        gaterun=clone.report.value("tests", "without_assertion"),
        by_hand=len(without),
        how="syn: tests with no such macro, no `unwrap…`, `expect…`, `?`, nor in what they call by name",
    )


def unchecked(files: Mapping[str, Any], compiled: Collection[str]) -> list[str]:
    """`path:line` of the tests in which nothing can fail, nor in a function that they call."""
    functions = [(path, each) for path in compiled for each in files[path]["functions"]]
    helpers = [each for _, each in functions if not each["is_test"]]
    checking: set[str] = set()
    while True:
        more = {each["name"] for each in helpers if _checks(each, checking)} - checking
        if not more:
            break
        checking |= more
    return sorted(
        f"{path}:{each['line']}"
        for path, each in functions
        if each["is_test"] and not each["should_panic"] and not _checks(each, checking)
    )


def _checks(function: Mapping[str, Any], checking: Collection[str]) -> bool:
    return function["checks"] or any(name in checking for name in function["calls"])


def counts(text: str) -> list[tuple[int, int, int]]:
    """Passed, failed, ignored of each binary."""
    found = [(int(p), int(f), int(i)) for p, f, i in RESULT.findall(text)]
    return found or [(0, 0, 0)]


def names(findings: Iterator[dict[str, object]]) -> Iterator[str]:
    for finding in findings:
        if finding["severity"] == "error":
            yield str(finding["message"]).partition("$")[2].split(" ")[0].rstrip(":")


def _less(total: object, part: object) -> int | None:
    return total - part if isinstance(total, int) and isinstance(part, int) else None
