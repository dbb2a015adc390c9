"""Trees on which ``loc`` must be red, and green."""

from __future__ import annotations

import gaterun

_MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_REQUIRE = {"require": ["removed >= 10"]}
_KEPT = "pub fn kept() -> u32 {\n    1\n}\n"


def _functions(number: int) -> str:
    return "".join(
        f"pub fn number_{n}(value: u32) -> u32 {{\n    value * {n} + number_of(value)\n}}\n"
        for n in range(number)
    )


def _wide(number: int) -> str:
    """The same code, a function a line."""
    return "".join(
        f"pub fn number_{n}(value: u32) -> u32 {{ value * {n} + number_of(value) }}\n"
        for n in range(number)
    )


_BEFORE = {
    "Cargo.toml": _MANIFEST,
    "src/lib.rs": "pub mod old;\n" + _KEPT,
    "src/old.rs": "fn number_of(v: u32) -> u32 {\n    v\n}\n" + _functions(10),
}
_AFTER = {"Cargo.toml": _MANIFEST, "src/lib.rs": _KEPT}


def _control(
    name: str, files: dict[str, str], expect: gaterun.Outcome, rule: str = ""
) -> gaterun.Control:
    return gaterun.Control(
        name=name, expect=expect, base=_BEFORE, files=files, options=_REQUIRE, rule=rule
    )


CONTROLS: tuple[gaterun.Control, ...] = (
    _control("deleted", _AFTER, gaterun.Outcome.PASS),
    _control("nothing-changed", _BEFORE, gaterun.Outcome.FAIL),
    _control(
        "written-on-fewer-lines",
        {**_BEFORE, "src/old.rs": "fn number_of(v: u32) -> u32 { v }\n" + _wide(10)},
        gaterun.Outcome.FAIL,
    ),
    _control(
        "moved-into-a-test",
        {**_AFTER, "tests/old.rs": _BEFORE["src/old.rs"]},
        gaterun.Outcome.FAIL,
        "moved-out",
    ),
    _control(
        "moved-into-a-text-file",
        {**_AFTER, "old.txt": _BEFORE["src/old.rs"]},
        gaterun.Outcome.FAIL,
        "moved-out",
    ),
    _control(
        "no-longer-compiled-but-there",
        {**_BEFORE, "src/lib.rs": "// pub mod old;\n" + _KEPT},
        gaterun.Outcome.FAIL,
    ),
    _control(
        "marked-as-generated",
        {**_BEFORE, "src/old.rs": "// @generated\n" + _BEFORE["src/old.rs"]},
        gaterun.Outcome.FAIL,
        "moved-out",
    ),
    _control(
        "marked-as-generated-by-an-attribute",
        {**_BEFORE, ".gitattributes": "src/old.rs linguist-generated\n"},
        gaterun.Outcome.FAIL,
        "moved-out",
    ),
    gaterun.Control(
        name="only-comments-and-blank-lines-went",
        expect=gaterun.Outcome.FAIL,
        base={"Cargo.toml": _MANIFEST, "src/lib.rs": "// a\n\n/* b\n */\n" * 10 + _KEPT},
        files=_AFTER,
        options=_REQUIRE,
    ),
    gaterun.Control(
        name="only-tests-went",
        expect=gaterun.Outcome.FAIL,
        base={
            "Cargo.toml": _MANIFEST,
            "src/lib.rs": _KEPT + "#[cfg(test)]\nmod tests {\n" + _functions(10) + "}\n",
        },
        files=_AFTER,
        options=_REQUIRE,
    ),
    gaterun.Control(
        name="the-phase-names-no-base",
        expect=gaterun.Outcome.INCONCLUSIVE,
        files=_AFTER,
        options=_REQUIRE,
    ),
    gaterun.Control(
        name="grown",
        expect=gaterun.Outcome.FAIL,
        base=_AFTER,
        files=_BEFORE,
        options={"require": "removed >= 0"},
    ),
)
