"""Cases on which the gate ``version`` must be red, or green."""

from __future__ import annotations

from collections.abc import Mapping

from gaterun import Control, Outcome

_ROOT = """\
[workspace]
resolver = "2"
members = ["crates/*", "tools/cli"]

[workspace.package]
version = "2.0.0"
edition = "2021"

[workspace.dependencies]
demo-core = { path = "crates/core", version = "2.0" }
"""
_CORE = '[package]\nname = "demo-core"\nversion.workspace = true\nedition.workspace = true\n'
_CLI = """\
[package]
name = "demo-cli"
version = "2.0.0"
edition = "2021"

[dependencies]
demo-core = { path = "../../crates/core", version = "^2.0.0" }
"""
_LOCK = """\
version = 4

[[package]]
name = "demo-cli"
version = "2.0.0"
dependencies = [
 "demo-core",
]

[[package]]
name = "demo-core"
version = "2.0.0"
"""
_README = """\
# Demo [![version](https://img.shields.io/badge/version-2.0.0-blue)](https://crates.io)

Follows [SemVer](https://semver.org/spec/v1.9.0.html).

```toml
[dependencies]
demo-core = "2"
```
"""
_GOOD = {
    "Cargo.toml": _ROOT,
    "Cargo.lock": _LOCK,
    "README.md": _README,
    "crates/core/Cargo.toml": _CORE,
    "crates/core/src/lib.rs": "",
    "tools/cli/Cargo.toml": _CLI,
    "tools/cli/src/main.rs": "fn main() {}\n",
}
_EQUALS = {"equals": "2.0.0"}
_BEFORE = {name: text.replace("2.0", "1.9") for name, text in _GOOD.items()}
_STALE = ["mismatches == 0", "stale_mentions == 0"]


def _with(**changes: tuple[str, str]) -> dict[str, str]:
    """The good workspace, with texts replaced: by variable name of the file."""
    names = {
        "root": "Cargo.toml",
        "lock": "Cargo.lock",
        "readme": "README.md",
        "core": "crates/core/Cargo.toml",
        "cli": "tools/cli/Cargo.toml",
    }
    files = dict(_GOOD)
    for key, (old, new) in changes.items():
        files[names[key]] = files[names[key]].replace(old, new)
    return files


def _red(name: str, rule: str, files: Mapping[str, str], **options: object) -> Control:
    return Control(
        name=name, expect=Outcome.FAIL, files=files, options={**_EQUALS, **options}, rule=rule
    )


CONTROLS = (
    Control(name="same-everywhere", expect=Outcome.PASS, files=_GOOD, options=_EQUALS),
    Control(name="nothing-asked-and-all-the-same", expect=Outcome.PASS, files=_GOOD),
    Control(
        name="bumped-since-the-base",
        expect=Outcome.PASS,
        files=_GOOD,
        base=_BEFORE,
        options={**_EQUALS, "require": [*_STALE, "places == 2"]},
    ),
    Control(
        name="own-version-of-an-excluded-member",
        expect=Outcome.PASS,
        files=_with(
            cli=('version = "2.0.0"', 'version = "0.3.0"'),
            lock=('demo-cli"\nversion = "2.0.0"', 'demo-cli"\nversion = "0.3.0"'),
        ),
        options={**_EQUALS, "exclude": ["demo-cli"]},
    ),
    _red(
        "member-in-another-folder",
        "member",
        _with(
            cli=('version = "2.0.0"', 'version = "1.9.0"'),
            lock=('demo-cli"\nversion = "2.0.0"', 'demo-cli"\nversion = "1.9.0"'),
        ),
    ),
    _red(
        "workspace-version-inherited-by-nobody",
        "workspace",
        {
            **_GOOD,
            "Cargo.toml": _ROOT.replace('version = "2.0.0"', 'version = "1.9.0"'),
            "crates/core/Cargo.toml": _CORE.replace(
                "version.workspace = true", 'version = "2.0.0"'
            ),
        },
    ),
    _red("badge-not-updated", "badge", _with(readme=("version-2.0.0", "version-1.9.0"))),
    _red("snippet-not-updated", "install", _with(readme=('core = "2"', 'core = "1.9"'))),
    _red(
        "stale-requirement",
        "requirement",
        _with(root=('version = "2.0" }', 'version = "1.9" }')),
    ),
    _red(
        "lock-not-updated",
        "lock",
        _with(lock=('demo-core"\nversion = "2.0.0"', 'demo-core"\nversion = "1.9.0"')),
    ),
    _red(
        "other-crate-locked-at-the-version",
        "lock",
        {
            **_GOOD,
            "Cargo.lock": _LOCK.replace('"2.0.0"', '"1.9.0"')
            + '\n[[package]]\nname = "other"\nversion = "2.0.0"\n'
            'source = "registry+https://github.com/rust-lang/crates.io-index"\n',
        },
    ),
    _red(
        "number-only-in-a-link-to-semver",
        "place",
        {**_GOOD, "docs/about.md": "By [SemVer](https://semver.org/spec/v2.0.0.html).\n"},
        places=[{"file": "docs/about.md", "search": "Version {version} of demo"}],
    ),
    _red(
        "declared-place-deleted",
        "place",
        _GOOD,
        places=[{"file": "README.md", "search": "version-{version}-blue", "exactly": 2}],
    ),
    Control(
        name="stale-mention",
        expect=Outcome.FAIL,
        files={**_GOOD, "docs/guide.md": "This guide is about 1.9.0 and about nothing else.\n"},
        base=_BEFORE,
        options={**_EQUALS, "require": _STALE},
        rule="stale-mention",
    ),
    _red(
        "orphan-crate",
        "outsider",
        {
            **_GOOD,
            "extra/Cargo.toml": '[workspace]\n[package]\nname = "extra"\nversion = "1.9.0"\n',
            "extra/src/lib.rs": "",
        },
        outside=True,
    ),
    _red("rule-for-a-crate-that-is-gone", "member", _GOOD, versions={"demo-old": "1.0.0"}),
    _red("release-without-its-tag", "tag", _GOOD, tag_policy="here"),
    Control(
        name="no-member-left",
        expect=Outcome.INCONCLUSIVE,
        files=_GOOD,
        options={"exclude": ["demo-core", "demo-cli"]},
    ),
    Control(
        name="stale-without-a-base",
        expect=Outcome.INCONCLUSIVE,
        files=_GOOD,
        options={**_EQUALS, "require": _STALE},
    ),
)
