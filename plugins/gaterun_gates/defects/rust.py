"""Defects in Rust code: what does not compile, what clippy says, tests, values, variables."""

from __future__ import annotations

import re
from pathlib import Path

import gaterun


def _library(workspace: gaterun.Workspace) -> Path:
    """The root of some member's library, never a proc-macro's."""
    for package in workspace.members:
        for target in package.targets:
            if target.kind == ("lib",) and target.test:
                return target.src_path
    raise LookupError("no member has a library")


def _insert(path: Path, item: str) -> None:
    """Put an item into a module, before its tests: clippy has a lint for what follows them."""
    text = path.read_text("utf-8")
    tests = re.search(r"(?m)^#\[cfg\((?:all\()?test\b", text)
    at = tests.start() if tests else len(text)
    path.write_text(f"{text[:at]}\n{item}\n{text[at:]}", "utf-8")


def type_error(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A function that returns a text where it says a number."""
    del ctx
    _insert(_library(workspace), 'pub fn planted() -> u8 {\n    "no"\n}\n')


def needless_return(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A lint of clippy's default set."""
    del ctx
    item = "/// Planted.\npub fn planted(x: i32) -> i32 {\n    return x;\n}\n"
    _insert(_library(workspace), item)


def extra_allow(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """The same, hidden by an attribute."""
    del ctx
    item = "/// Planted.\n#[allow(clippy::needless_return)]\npub fn planted(x: i32) -> i32 {\n"
    _insert(_library(workspace), f"{item}    return x;\n}}\n")


def dead_function(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A private function that nobody calls, hidden by an attribute."""
    del ctx
    _insert(_library(workspace), "#[allow(dead_code)]\nfn planted_and_dead() {}\n")


def _add_test(workspace: gaterun.Workspace, body: str, attribute: str = "") -> None:
    path = _library(workspace)
    test = f"    #[test]\n{attribute}    fn planted() {{\n{body}    }}\n"
    text = path.read_text("utf-8")
    path.write_text(f"{text}\n#[cfg(test)]\nmod planted {{\n{test}}}\n", "utf-8")


def failing_test(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A unit test that panics."""
    del ctx
    _add_test(workspace, '        panic!("planted");\n')


def emptied_test(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A unit test in which nothing can fail."""
    del ctx
    _add_test(workspace, "        let _ = 1 + 1;\n")


def excused_test(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A unit test that fails, and is said to have to."""
    del ctx
    _add_test(workspace, '        panic!("planted");\n', "    #[should_panic]\n")


def ignored_test(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A test that is switched off: it does not fail, and is not executed."""
    del ctx
    roots = [
        target.src_path
        for package in workspace.members
        for target in package.targets
        if target.test and not target.required_features and target.kind[0] != "bench"
    ]
    for path in roots:
        text = path.read_text("utf-8", "replace")
        found = re.search(r"^( *)#\[test\]\n *fn \w+\(\)", text, re.MULTILINE)
        # The root of a target is compiled; what a feature or a macro decides may not be.
        if found and "feature" not in text and "macro_rules" not in text:
            at = found.end(1)
            path.write_text(f"{text[:at]}#[ignore]\n{found[1]}{text[at:]}", "utf-8")
            return
    raise LookupError("no test that is sure to be compiled")


def address(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """An address in production code."""
    del ctx
    body = '    "http://localhost:8080/planted"\n'
    item = f"/// Planted.\n#[must_use]\npub const fn planted() -> &'static str {{\n{body}}}\n"
    _insert(_library(workspace), item)


def undocumented_read(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A variable that is read and documented nowhere."""
    del ctx
    body = '    std::env::var("PLANTED_BY_SELFTEST").ok()\n'
    item = f"/// Planted.\npub fn planted() -> Option<String> {{\n{body}}}\n"
    _insert(_library(workspace), item)


def unread_variable(ctx: gaterun.Context) -> None:
    """A variable that is documented and read nowhere."""
    path = ctx.root / ".env.example"
    if not path.is_file():
        raise LookupError("no .env.example")
    path.write_text(path.read_text("utf-8") + "\nPLANTED_BY_SELFTEST=1\n", "utf-8")


def untested_from_env(ctx: gaterun.Context, workspace: gaterun.Workspace) -> None:
    """A ``from_env`` that no test calls."""
    del ctx
    item = "/// Planted.\npub struct Planted;\nimpl Planted {\n    /// Planted.\n"
    item += "    pub fn from_env() -> Self {\n        Self\n    }\n}\n"
    _insert(_library(workspace), item)


BUILD = (gaterun.Defect(name="type-error", plant=type_error),)
CLIPPY = (
    gaterun.Defect(name="needless-return", plant=needless_return),
    gaterun.Defect(name="extra-allow", plant=extra_allow),
)
DEAD_CODE = (gaterun.Defect(name="dead-function", plant=dead_function),)
TESTS = (
    gaterun.Defect(name="failing-test", plant=failing_test),
    gaterun.Defect(name="ignored-test", plant=ignored_test),
    gaterun.Defect(name="emptied-test", plant=emptied_test),
    gaterun.Defect(name="excused-test", plant=excused_test),
)
HARDCODED = (gaterun.Defect(name="address", plant=address),)
ENV_COVERAGE = (
    gaterun.Defect(name="undocumented-read", plant=undocumented_read),
    gaterun.Defect(name="unread-variable", plant=unread_variable),
)
FROM_ENV = (gaterun.Defect(name="untested-from-env", plant=untested_from_env),)
