"""Known-bad and known-good workspaces of the gate ``config-audit``; none of them is built."""

from __future__ import annotations

from gaterun import Control, Outcome

_ONE = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_SOURCE = "pub fn one() -> i32 {\n    1\n}\n"
_PHASE = '[phase.outputs]\nbaseline = "docs/base.json"\n'
_PLAIN = {"Cargo.toml": _ONE, "src/lib.rs": _SOURCE}


def _bad(name: str, rule: str, **files: str) -> Control:
    return Control(name=name, expect=Outcome.FAIL, rule=rule, files={**_PLAIN, **files})


def _config(name: str, rule: str, text: str, **more: str) -> Control:
    files = {**_PLAIN, ".cargo/config.toml": text, **more}
    return Control(name=name, expect=Outcome.FAIL, rule=rule, files=files)


CONTROLS: tuple[Control, ...] = (
    Control(
        name="no-configuration",
        expect=Outcome.PASS,
        files=_PLAIN,
        options={"require": ["risky == 0", "notes == 0", "files == 2"]},
    ),
    Control(
        name="legitimate-configuration",
        expect=Outcome.PASS,
        files={
            **_PLAIN,
            ".cargo/config.toml": '[alias]\nxtask = "run --package xtask --"\n\n'
            '[build]\nrustc-wrapper = "sccache"\ntarget-dir = "target"\n\n'
            '[env]\nRUST_BACKTRACE = "1"\nSCCACHE_CACHE_SIZE = "10G"\n\n'
            '[target.x86_64-unknown-linux-gnu]\nlinker = "clang"\n'
            'rustflags = ["-C", "link-arg=-fuse-ld=lld"]\n',
            "rust-toolchain.toml": '[toolchain]\nchannel = "1.95.0"\n',
            ".config/nextest.toml": "[profile.default]\nfail-fast = false\n",
            "clippy.toml": "too-many-lines-threshold = 60\n",
            ".gitattributes": "*.lock linguist-generated\n",
        },
        options={"require": ["risky == 0", "notes > 0"]},
    ),
    _config("alias-shadows-clippy", "alias", '[alias]\nclippy = "check -q"\n'),
    _config("lints-capped-in-rustflags", "rustflags", '[build]\nrustflags = "--cap-lints=allow"\n'),
    _config(
        "lints-allowed-for-the-host",
        "rustflags",
        '[target.\'cfg(all())\']\nrustflags = ["-A", "warnings"]\n',
    ),
    _config(
        "flags-read-from-a-file",
        "rustflags",
        '[build]\nrustflags = ["@flags"]\n',
        flags="-Aunused\n",
    ),
    _config("fake-runner", "runner", '[target."cfg(all())"]\nrunner = "./fake.sh"\n'),
    _config(
        "runner-that-says-yes", "runner", '[target.x86_64-unknown-linux-gnu]\nrunner = "true"\n'
    ),
    _config("wrapper-of-the-repository", "rustc-wrapper", '[build]\nrustc-wrapper = "./sccache"\n'),
    _config("compiler-of-the-repository", "rustc", '[build]\nrustc = "tools/rustc"\n'),
    _config(
        "arguments-of-clippy-replaced",
        "env",
        '[env]\nCLIPPY_ARGS = { value = "-Aclippy::all", force = true }\n',
    ),
    _config("library-preloaded", "env", '[env]\nLD_PRELOAD = "x.so"\n'),
    _config("warnings-hidden-by-cargo", "warnings", '[build]\nwarnings = "allow"\n'),
    _config(
        "hidden-in-an-included-file",
        "runner",
        'include = ["more.toml"]\n',
        **{".cargo/more.toml": '[target."cfg(unix)"]\nrunner = ["sh", "./fake.sh"]\n'},
    ),
    _config("unreadable-may-hold-anything", "unreadable", "[build\n"),
    _bad("old-name", "alias", **{".cargo/config": '[alias]\nnextest = "check"\n'}),
    _bad(
        "toolchain-in-a-folder",
        "toolchain",
        **{"rust-toolchain.toml": '[toolchain]\npath = "tools/rust"\n'},
    ),
    _bad(
        "group-allowed-in-the-manifest",
        "lints-allowed",
        **{"Cargo.toml": f'{_ONE}\n[lints.clippy]\nall = {{ level = "allow", priority = -1 }}\n'},
    ),
    _bad(
        "everything-allowed-in-a-crate",
        "lints-allowed",
        **{"src/lib.rs": f"#![allow(clippy::all)]\n\n{_SOURCE}"},
    ),
    _bad(
        "crate-hidden-from-clippy",
        "cfg-clippy",
        **{"src/lib.rs": f"#![cfg(not(clippy))]\n\n{_SOURCE}"},
    ),
    _bad(
        "tests-filtered-by-nextest",
        "nextest-filter",
        **{".config/nextest.toml": "[profile.default]\ndefault-filter = 'not test(slow)'\n"},
    ),
    Control(
        name="what-may-mislead-is-risky",
        expect=Outcome.FAIL,
        files={
            **_PLAIN,
            "clippy.toml": "too-many-arguments-threshold = 40\n",
            ".gitattributes": "*.rs linguist-generated=true\n",
            "rust-toolchain": "nightly\n",
            "crates/a/.cargo/config.toml": '[alias]\nclippy = "check"\n',
            ".config/nextest.toml": "[profile.default]\nretries = 3\n",
            "Cargo.toml": f"{_ONE}\n[profile.test]\noverflow-checks = false\n",
        },
        options={"require": ["errors == 0", "risky < 6"]},
        rule="checks-off",
    ),
    Control(
        name="added-since-the-base",
        expect=Outcome.FAIL,
        base={**_PLAIN, "clippy.toml": "too-many-lines-threshold = 200\n"},
        files={
            **_PLAIN,
            "clippy.toml": "# Moved down.\ntoo-many-lines-threshold = 200\n"
            "cognitive-complexity-threshold = 90\n",
        },
        options={"require": "added == 0"},
        rule="clippy-config",
    ),
    Control(
        name="there-before-the-base",
        expect=Outcome.PASS,
        base={**_PLAIN, "clippy.toml": "too-many-lines-threshold = 200\n"},
        files={**_PLAIN, "clippy.toml": "# Moved down.\ntoo-many-lines-threshold = 200\n"},
        options={"require": ["added == 0", "risky == 1"]},
    ),
    Control(
        name="lints-no-longer-denied",
        expect=Outcome.FAIL,
        base={**_PLAIN, "src/lib.rs": f"#![deny(warnings)]\n\n{_SOURCE}"},
        files=_PLAIN,
        options={"require": "added == 0"},
        rule="guard-lost",
    ),
    Control(
        name="crate-excluded-since-the-base",
        expect=Outcome.FAIL,
        base=_PLAIN,
        files={**_PLAIN, "Cargo.toml": f'{_ONE}exclude = ["two"]\n'},
        options={"require": "added == 0"},
        rule="narrowed",
    ),
    Control(
        name="default-feature-dropped",
        expect=Outcome.FAIL,
        base={**_PLAIN, "Cargo.toml": f'{_ONE}\n[features]\ndefault = ["x"]\nx = []\n'},
        files={**_PLAIN, "Cargo.toml": f"{_ONE}\n[features]\ndefault = []\nx = []\n"},
        options={"require": "added == 0"},
        rule="guard-lost",
    ),
    Control(
        name="conditions-edited-in-the-same-change",
        expect=Outcome.FAIL,
        base={**_PLAIN, "phases/one.toml": '[task.1]\n[[task.1.gate]]\nuse = "build"\n'},
        files={**_PLAIN, "phases/one.toml": "[task.1]\n"},
        options={"require": "policy_changed == 0"},
        rule="policy",
    ),
    Control(
        name="baseline-edited-in-the-same-change",
        expect=Outcome.FAIL,
        base={**_PLAIN, "phases/one.toml": _PHASE, "docs/base.json": '{"warnings": 12}\n'},
        files={**_PLAIN, "phases/one.toml": _PHASE, "docs/base.json": '{"warnings": 99}\n'},
        options={"require": "policy_changed == 0"},
        rule="policy",
    ),
    Control(name="nothing-to-look-at", expect=Outcome.INCONCLUSIVE, files={"notes.txt": "\n"}),
)
