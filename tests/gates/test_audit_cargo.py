"""How cargo's configuration and manifests are judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.audit.cargo_config import audit_cargo_config, included
from gaterun_gates.audit.cargo_manifest import audit_manifest
from gaterun_gates.audit.compiler_flags import judge_flags
from gaterun_gates.audit.entry import Place, Unreadable

HERE = Place(path=".cargo/config.toml", root="/w")


def _judged(text: str, place: Place = HERE) -> list[tuple[str, str]]:
    return [(entry.rule, entry.severity.value) for entry in audit_cargo_config(text, place)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Aliases.
        ('[alias]\nclippy = "check -q"', [("alias", "error")]),
        ('[alias]\nnextest = ["test"]', [("alias", "error")]),
        ('[alias]\ndeny = "version"', [("alias", "warning")]),
        ('[alias]\ntest = "check"', [("alias", "note")]),
        ('[alias]\nxtask = "run -p xtask"', [("alias", "note")]),
        # Programs around the compiler.
        ('[build]\nrustc-wrapper = "sccache"', [("rustc-wrapper", "note")]),
        ('[build]\nrustc-wrapper = "/usr/bin/sccache"', [("rustc-wrapper", "note")]),
        ('[build]\nrustc-wrapper = "/w/sccache"', [("rustc-wrapper", "error")]),
        ('[build]\nrustc-wrapper = "./sccache"', [("rustc-wrapper", "error")]),
        ('[build]\nrustc-wrapper = "filter"', [("rustc-wrapper", "warning")]),
        ('[build]\nrustc-wrapper = ""', []),
        ('build.rustc-workspace-wrapper = "tools\\\\x"', [("rustc-workspace-wrapper", "error")]),
        (
            '[build]\nrustc = "rustc-1"\nrustdoc = "../x/r"',
            [("rustc", "warning"), ("rustdoc", "warning")],
        ),
        # Linkers and runners.
        ('[target.a]\nlinker = "clang-18"', [("linker", "warning")]),
        ('[target.a]\nlinker = "clang"', [("linker", "note")]),
        ('[target.a]\nlinker = "aarch64-linux-gnu-gcc"', [("linker", "note")]),
        ('[target.a]\nlinker = "./ld"', [("linker", "error")]),
        ('[target.a]\nrunner = "qemu-aarch64 -L /usr/aarch64-linux-gnu"', [("runner", "note")]),
        ('[target.a]\nrunner = "true"', [("runner", "error")]),
        ('[target.a]\nrunner = ["sudo", "-E"]', [("runner", "warning")]),
        ('[target.a]\nrunner = ["env", "./fake"]', [("runner", "error")]),
        ('[target.thumbv7em-none-eabihf]\nrunner = "tools/qemu.sh"', [("runner", "warning")]),
        (
            '[build]\ntarget = ["thumbv6m-none-eabi"]\n[target.thumbv6m-none-eabi]\nrunner = "a/b"',
            [("target", "note"), ("runner", "error")],
        ),
        ('[target.a.ssl]\nrustc-link-lib = ["x"]', [("build-script", "warning")]),
        # Flags.
        ('[build]\nrustflags = "-Dwarnings"', [("rustflags", "note")]),
        (
            '[build]\nrustflags = ["-A", "x", "-Copt-level=1"]',
            [("rustflags", "error"), ("rustflags", "note")],
        ),
        ('[target.wasm32-wasip1]\nrustflags = ["-Aunused"]', [("rustflags", "warning")]),
        ('[build]\nrustdocflags = ["--no-run"]', [("rustdocflags", "error")]),
        ('[profile.dev]\nrustflags = ["-Aunused"]', [("rustflags", "error"), ("profile", "note")]),
        # Variables.
        ('[env]\nPATH = "bin"', [("env", "warning")]),
        ('[env]\nPATH = { value = "bin", force = true }', [("env", "error")]),
        ('[env]\nRUSTC_WRAPPER = "x"\nLD_PRELOAD = "y"', [("env", "error"), ("env", "error")]),
        ('[env]\nRUST_LOG = "x"\nSCCACHE_DIR = "y"\nMINE = "z"', [("env", "note")] * 3),
        ('[env]\nNEXTEST_RETRIES = "3"\nRUSTUP_TOOLCHAIN = "x"', [("env", "warning")] * 2),
        # Places.
        ('[build]\ntarget-dir = "target"', []),
        ('[build]\ntarget-dir = "../target"', [("target-dir", "warning")]),
        ('[build]\ntarget-dir = "/tmp/target"', [("target-dir", "warning")]),
        ('[build]\nbuild-dir = "{cargo-cache-home}/x"', [("target-dir", "warning")]),
        ('[build]\nbuild-dir = "{workspace-root}/../x"', [("target-dir", "warning")]),
        ('[build]\nbuild-dir = "{workspace-root}/x"', []),
        # Warnings, checks, sources.
        ('[build]\nwarnings = "allow"', [("warnings", "error")]),
        ('[build]\nwarnings = "deny"\njobs = 2', [("warnings", "note")]),
        ("[profile.test]\noverflow-checks = false", [("checks-off", "warning")]),
        ("[profile.release]\noverflow-checks = false\nlto = true", [("profile", "note")]),
        ('[source.crates-io]\nreplace-with = "x"', [("source", "warning")]),
        (
            '[source.crates-io]\nreplace-with = "v"\n[source.v]\ndirectory = "vendor"',
            [("source", "note")],
        ),
        ('[patch.crates-io]\nserde = { path = "x" }', [("patch", "warning")]),
        ('paths = ["x"]', [("patch", "warning")]),
        (
            '[registry]\nglobal-credential-providers = ["cargo:token"]',
            [("credential-provider", "note")],
        ),
        (
            '[registries.a]\nindex = "x"\ntoken = "secret"',
            [("registry", "note"), ("token", "warning")],
        ),
        ('[credential-alias]\nx = ["./get"]', [("credential-provider", "warning")]),
        ('[http]\nproxy = "x"\ntimeout = 3', [("network", "note")]),
        ("[surprise]\nx = 1", [("unknown", "note")]),
        (
            "[net]\noffline = true\n[term]\nquiet = true\n[unstable]\ngc = true",
            [("unstable", "note")],
        ),
        # Nonsense that cargo refuses by itself.
        ('alias = 3\nbuild = "x"\ntarget = []\nenv = 1\nprofile = 2\nsource = 3', []),
        ("", []),
    ],
)
def test_a_key_is_weighed_by_what_it_can_do(text, expected):
    assert _judged(text) == expected


def test_an_entry_says_key_value_and_line():
    text = '# why\n[build]\njobs = 2\n\n[target."cfg(unix)"]\nrunner = ["sh", "./x"]\n'
    (entry,) = audit_cargo_config(text, HERE)
    assert entry.line == 6
    assert entry.subject == 'target.cfg(unix).runner = ["sh", "./x"]'


def test_a_token_is_not_repeated():
    (entry,) = audit_cargo_config('[registry]\ntoken = "hush"\n', HERE)
    assert "hush" not in entry.subject + entry.why


def test_folders_above_the_root_may_belong_to_the_repository():
    text = '[build]\ntarget-dir = "../target"\nrustc-wrapper = "../sccache"\n'
    assert _judged(text) == [("target-dir", "warning"), ("rustc-wrapper", "note")]
    inside = Place(path=".cargo/config.toml", root="/r/w", above=1)
    assert _judged(text, inside) == [("rustc-wrapper", "error")]


def test_the_old_name_is_said():
    assert _judged("", Place(path=".cargo/config")) == [("legacy", "note")]


def test_included_files_start_from_the_folder_of_the_file():
    text = (
        'include = ["a.toml", { path = "../b.toml", optional = true }, "../../c.toml", "/d", 3]\n'
    )
    # What relative paths in them start from is as cargo has it: two folders up, before any
    # `..` is resolved.
    assert included(text, HERE) == {".cargo/a.toml": "", "b.toml": ".cargo"}
    assert _judged(text) == [
        ("include", "note"),
        ("include", "note"),
        ("include", "warning"),
        ("include", "warning"),
    ]


@pytest.mark.parametrize(
    ("flags", "severities"),
    [
        ("-Awarnings", ["error"]),
        ("--allow=unused -A x", ["error", "error"]),
        ("--cap-lints warn", ["warning"]),
        ("--cap-lints=deny", ["note"]),
        ("--force-warn x", ["note"]),
        (["-C", "overflow-checks=off"], ["warning"]),
        (["-Cdebug-assertions=no"], ["warning"]),
        (["-C", "linker=./ld"], ["warning"]),
        (["@flags"], ["error"]),
        (["--cfg", "clippy"], ["warning"]),
        (["--cfg", "tokio_unstable"], ["note"]),
        (["-C"], ["note"]),
        (3, []),
    ],
)
def test_flags_are_weighed_one_by_one(flags, severities):
    assert [severity.value for _, _, severity in judge_flags(flags)] == severities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[lints.rust]\nwarnings = "allow"', [("lints-allowed", "error")]),
        ('[workspace.lints.clippy]\nall = { level = "allow" }', [("lints-allowed", "error")]),
        ('[lints.clippy]\npedantic = "allow"', [("lints-allowed", "note")]),
        ('[lints.rust]\ndead_code = "allow"', [("lints-allowed", "warning")]),
        ('[lints.rust]\ndead_code = "deny"', []),
        ("[lints]\nworkspace = true", []),
        ("[profile.dev]\ndebug-assertions = false", [("checks-off", "warning")]),
        (
            '[profile.ci]\ninherits = "test"\noverflow-checks = false',
            [("checks-off", "warning"), ("profile", "note")],
        ),
        (
            '[profile.a]\ninherits = "b"\n[profile.b]\ninherits = "a"\noverflow-checks = false',
            [("profile", "note")] * 2,
        ),
        (
            "[profile.dev.package.one]\noverflow-checks = false",
            [("checks-off", "warning"), ("profile", "note")],
        ),
        ('[profile.dev.package."*"]\noverflow-checks = false', [("profile", "note")]),
        ("[profile.release]\nlto = true", [("profile", "note")]),
        ('[[test]]\nname = "a"\nrequired-features = ["x"]', [("narrowed", "note")]),
        ('[[bin]]\nname = "a"\nrequired-features = []', []),
        ("[lib]\ntest = false\ndoctest = false", [("targets", "warning"), ("targets", "note")]),
        ('[[test]]\nname = "a"\ntest = false', [("targets", "warning")]),
        ('[[test]]\nname = "a"\nharness = false', [("targets", "note")]),
        ('[[bench]]\nname = "a"\nharness = false', []),
        ("[package]\nautotests = false", [("targets", "warning")]),
        ('[workspace]\nexclude = ["x"]\ndefault-members = []', [("narrowed", "note")]),
        ('[patch.crates-io]\nserde = { path = "x" }', [("patch", "note")]),
        ("lints = 1\nprofile = 2\nlib = 3\nworkspace = 4\npackage = 5\npatch = 6", []),
    ],
)
def test_a_manifest_is_judged(text, expected):
    found = audit_manifest(text, Place(path="Cargo.toml"))
    assert [(entry.rule, entry.severity.value) for entry in found] == expected


KEYS = st.sampled_from(
    [
        "alias",
        "build",
        "target",
        "env",
        "profile",
        "source",
        "patch",
        "include",
        "paths",
        "registry",
        "registries",
        "unstable",
        "rustflags",
        "runner",
        "linker",
        "clippy",
        "dev",
        "package",
        "test",
        "lib",
        "lints",
        "workspace",
        "x",
    ]
)
VALUES = st.recursive(
    st.none().map(lambda _: "1") | st.sampled_from(['"a/b"', '""', "true", "[]", '["@x", 1]']),
    lambda inner: st.lists(st.tuples(KEYS, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
        lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(KEYS, VALUES), max_size=5, unique_by=lambda pair: pair[0]))
def test_any_shape_is_judged_without_complaint(pairs):
    text = "".join(f"{key} = {value}\n" for key, value in pairs)
    audit_cargo_config(text, HERE)
    included(text, HERE)
    audit_manifest(text, Place(path="Cargo.toml"))


@given(st.text(max_size=60))
def test_what_is_no_toml_is_unreadable_and_nothing_else(text):
    for audit in (audit_cargo_config, audit_manifest):
        try:
            audit(text, HERE)
        except Unreadable as error:
            assert str(error)
