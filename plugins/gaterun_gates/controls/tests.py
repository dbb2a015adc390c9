"""Known-bad and known-good workspaces of the gate ``tests``, with the tricks that must not work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gaterun import Control, Outcome

_PACKAGE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_GOOD = "#[test]\nfn good() {\n    assert_eq!(1 + 1, 2);\n}\n"
_BAD = '#[test]\nfn bad() {\n    assert_eq!(1 + 1, 3, "sums");\n}\n'
# Late enough for other tests to have passed by then.
_EXIT = (
    "#[test]\nfn leaves() {\n    std::thread::sleep(std::time::Duration::from_millis(300));\n"
    "    std::process::exit(0);\n}\n"
)
_BAD_DOCTEST = "/// ```\n/// assert_eq!(one::two(), 3);\n/// ```\npub fn two() -> i32 {\n    2\n}\n"

# Lists truthfully and runs nothing.
_FAKE = """\
#!/bin/sh
case "$*" in *--list*) exec "$@" ;; esac
printf '\\nrunning 1 test\\ntest bad ... ok\\n\\n'
echo 'test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out'
"""


def _one(source: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {"Cargo.toml": _PACKAGE, "src/lib.rs": source, **(more or {})}


def _both(
    name: str,
    expect: Outcome,
    files: Mapping[str, str],
    *,
    rule: str = "",
    options: Mapping[str, Any] | None = None,
    executable: tuple[str, ...] = (),
) -> tuple[Control, Control]:
    """The same case with the runner of this machine, and without nextest."""
    given = {"doctests": False, **(options or {})}
    return (
        Control(
            name=name,
            expect=expect,
            files=files,
            options=given,
            rule=rule,
            executable=executable,
        ),
        Control(
            name=f"{name}-libtest",
            expect=expect,
            files=files,
            options={**given, "runner": "libtest"},
            rule=rule,
            executable=executable,
        ),
    )


#: What a phase states so that tests cannot be emptied.
_HELD = {
    "doctests": False,
    "runner": "libtest",
    "require": ["new_failures == 0"],
    "ratchet": ["total", "assertions", "without_assertion", "should_panic"],
}
_EMPTY = "#[test]\nfn bad() {\n    let _ = 1 + 1;\n}\n"
_HELPER = "#[cfg(test)]\nfn hold(sum: i32) {\n    assert_eq!(sum, 2);\n}\n"
_PANICS = '#[test]\n#[should_panic(expected = "no")]\nfn panics() {\n    panic!("no");\n}\n'

CONTROLS: tuple[Control, ...] = (
    *_both("all-pass", Outcome.PASS, _one(_GOOD)),
    *_both("one-fails", Outcome.FAIL, _one(_GOOD + _BAD), rule="test-failed"),
    *_both(
        "known-failure",
        Outcome.PASS,
        _one(_GOOD + _BAD),
        options={
            "known_failures": ["one bad"],
            "require": ["new_failures == 0", "passed == 1", "total == 2", "known_failed == 1"],
        },
    ),
    Control(
        name="documentation-example-fails",
        expect=Outcome.FAIL,
        files=_one(_GOOD + _BAD_DOCTEST),
        rule="test-failed",
    ),
    *_both(
        "target-without-harness-fails",
        Outcome.FAIL,
        _one(
            _GOOD,
            {
                "Cargo.toml": _PACKAGE + '\n[[test]]\nname = "plain"\nharness = false\n',
                "tests/plain.rs": "fn main() {\n    std::process::exit(3);\n}\n",
            },
        ),
        rule="test-failed",
    ),
    # cargo test exits with 0 here, having run a part of the tests.
    *_both("a-test-ends-the-program", Outcome.INCONCLUSIVE, _one(_GOOD + _EXIT)),
    *_both(
        "configured-runner-says-ok",
        Outcome.FAIL,
        _one(
            _BAD,
            {
                ".cargo/config.toml": "[target.'cfg(all())']\nrunner = \"./fake.sh\"\n",
                "fake.sh": _FAKE,
            },
        ),
        rule="test-failed",
        executable=("fake.sh",),
    ),
    Control(
        name="configured-runner-says-ok-for-documentation",
        expect=Outcome.FAIL,
        files=_one(
            _BAD_DOCTEST,
            {
                ".cargo/config.toml": "[target.'cfg(unix)']\nrunner = [\"./fake.sh\"]\n",
                "fake.sh": _FAKE,
            },
        ),
        rule="test-failed",
        executable=("fake.sh",),
    ),
    Control(
        name="nextest-wrapper-says-ok",
        expect=Outcome.FAIL,
        files=_one(
            _BAD,
            {
                ".config/nextest.toml": 'experimental = ["wrapper-scripts"]\n\n'
                '[scripts.wrapper.fake]\ncommand = { command-line = "fake.sh", '
                'relative-to = "workspace-root" }\n\n'
                "[[profile.default.scripts]]\nfilter = 'all()'\nrun-wrapper = \"fake\"\n",
                "fake.sh": _FAKE,
            },
        ),
        options={"doctests": False},
        rule="test-failed",
        executable=("fake.sh",),
    ),
    Control(
        name="nextest-filter-hides-a-test",
        expect=Outcome.FAIL,
        files=_one(
            _GOOD + _BAD,
            {".config/nextest.toml": "[profile.default]\ndefault-filter = 'not test(bad)'\n"},
        ),
        options={"doctests": False},
        rule="test-failed",
    ),
    *_both(
        "a-test-prints-results",
        Outcome.FAIL,
        _one(
            '#[test]\nfn bad() {\n    println!("test bad ... ok");\n'
            '    println!("test result: ok. 1 passed; 0 failed");\n    panic!("no");\n}\n'
        ),
        rule="test-failed",
    ),
    Control(
        name="failing-test-is-ignored",
        expect=Outcome.FAIL,
        base=_one(_GOOD + _BAD),
        files=_one(_GOOD + "#[ignore]\n" + _BAD),
        options={"doctests": False, "require": ["new_failures == 0"], "ratchet": ["ignored"]},
        metrics=("ignored",),
    ),
    *(
        Control(
            name=name,
            expect=expect,
            base=_one(_GOOD + _BAD),
            files=_one(source),
            options={"doctests": False, "compare": True, "require": ["removed == 0"]},
            rule=rule,
        )
        for name, expect, source, rule in (
            ("failing-test-is-deleted", Outcome.FAIL, _GOOD, "test-removed"),
            ("failing-test-is-mended", Outcome.PASS, _GOOD + _BAD.replace("3", "2"), ""),
        )
    ),
    *(
        Control(
            name=name,
            expect=Outcome.FAIL if metrics else Outcome.PASS,
            base=_one(base),
            files=_one(files),
            options=_HELD,
            metrics=metrics,
        )
        for name, metrics, base, files in (
            (
                "assertion-taken-out",
                ("assertions", "without_assertion"),
                _GOOD + _BAD,
                _GOOD + _EMPTY,
            ),
            (
                "one-assertion-of-two-taken-out",
                ("assertions",),
                _GOOD.replace("}", "    assert_eq!(1 + 1, 3);\n}"),
                _GOOD,
            ),
            (
                "failing-test-is-to-panic",
                ("should_panic",),
                _GOOD + _BAD,
                _GOOD + _BAD.replace("#[test]", "#[test]\n#[should_panic]"),
            ),
            (
                "assertion-moved-into-a-helper",
                (),
                _GOOD + _PANICS,
                _HELPER + _GOOD.replace("assert_eq!(1 + 1, 2)", "hold(1 + 1)") + _PANICS,
            ),
        )
    ),
    *_both(
        "a-test-hangs",
        Outcome.INCONCLUSIVE,
        _one(_GOOD + "#[test]\nfn hangs() {\n    loop {\n        std::thread::park();\n    }\n}\n"),
        options={"limit": 1.0},
    ),
    Control(
        name="does-not-compile",
        expect=Outcome.INCONCLUSIVE,
        files=_one("#[test]\nfn t() {\n    absent();\n}\n"),
    ),
    Control(
        name="rustc-wrapper-not-installed",
        expect=Outcome.INCONCLUSIVE,
        files=_one(
            _GOOD, {".cargo/config.toml": '[build]\nrustc-wrapper = "gaterun-no-such-wrapper"\n'}
        ),
    ),
    Control(name="no-tests", expect=Outcome.INCONCLUSIVE, files=_one("pub fn one() {}\n")),
)
