from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun.core.environment import chosen, digest_of, looks_secret, mistake_in
from gaterun.core.execute import COMMAND_MARKER, MARKER, Processes

NEEDED = (
    *("PATH", "HOME", "LC_ALL", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"),
    *("CC", "CC_x86_64-unknown-linux-gnu", "CFLAGS_aarch64_apple_darwin", "TARGET_CC", "HOST_AR"),
    *("PKG_CONFIG_PATH", "x86_64-unknown-linux-gnu_PKG_CONFIG_PATH".upper(), "OPENSSL_DIR"),
    *("OPENSSL_LIB_DIR", "PQ_LIB_DIR", "LIBSQLITE3_SYS_USE_PKG_CONFIG", "LIBZ_SYS_STATIC"),
    *("LIBCLANG_PATH", "BINDGEN_EXTRA_CLANG_ARGS", "NIX_LDFLAGS", "NIX_CFLAGS_COMPILE", "SDKROOT"),
    *("MACOSX_DEPLOYMENT_TARGET", "DEVELOPER_DIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "SCCACHE_DIR", "SCCACHE_S3_KEY_PREFIX", "CI"),
    *("NEXTEST_PROFILE", "SQLX_OFFLINE", "PYO3_PYTHON", "GIT_AUTHOR_NAME", "ASAN_OPTIONS"),
    *("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", "CMAKE_GENERATOR", "SOURCE_DATE_EPOCH"),
    *("CARGO_REGISTRIES_MINE_INDEX", "CARGO_NET_OFFLINE", "PROTOC", "MALLOC_ARENA_MAX"),
)

SECRET = (
    *("CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_MINE_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "SCCACHE_AZURE_KEY"),
    *("SCCACHE_WEBDAV_PASSWORD", "SCCACHE_GCS_KEY_PATH", "PGPASSWORD", "DB_PASS", "DB_PWD"),
    *("STRIPE_API_KEY", "APIKEY", "JWT_SECRET_2", "SESSION_COOKIE", "CARGO_REGISTRIES_A_KEY"),
    *("ACTIONS_RUNTIME_TOKEN", "GOOGLE_CREDENTIALS", "MISE_GITHUB_TOKEN", "NIX_ACCESS_TOKENS"),
    *("db_password", "SENTRY_DSN", "SSH_PRIVATE_KEY", "GPG_PASSPHRASE", "HTTP_BASIC_AUTH"),
)

WITHHELD = (
    *("DATABASE_URL", "AWS_REGION", "SSH_AUTH_SOCK", "DOCKER_HOST", "GITHUB_ENV", "GITHUB_PATH"),
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT", "GIT_ASKPASS", "KUBECONFIG", "DISPLAY"),
)


@pytest.mark.parametrize("name", NEEDED)
def test_what_builds_need_is_handed_on(name: str) -> None:
    assert chosen(variables={name: "v"}).given == {name: "v"}


@pytest.mark.parametrize("name", SECRET)
def test_what_looks_secret_is_not(name: str) -> None:
    assert looks_secret(name)
    environment = chosen(variables={name: "v" * 8 + "1"})
    assert (environment.given, environment.withheld) == ({}, (name,))
    # Kept out of children, it may still be found in a file that they print.
    assert environment.secrets == {"v" * 8 + "1"}


@pytest.mark.parametrize("name", WITHHELD)
def test_what_is_not_on_the_list_is_not(name: str) -> None:
    environment = chosen(variables={name: "v"})
    assert (environment.given, environment.withheld) == ({}, (name,))


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "SHLVL", "_", "GATERUN_JOBS", MARKER])
def test_what_is_no_news_is_neither(name: str) -> None:
    environment = chosen(variables={name: "v"})
    assert (environment.given, environment.withheld) == ({}, ())


def test_pass_env() -> None:
    variables = {"DATABASE_URL": "a", "AWS_REGION": "b", "AWS_SECRET_ACCESS_KEY": "c", "OTHER": "d"}
    environment = chosen(("DATABASE_URL", "AWS_*"), variables=variables)
    assert environment.given == {k: v for k, v in variables.items() if k != "OTHER"}
    assert environment.withheld == ("OTHER",)
    assert environment.secret_names == ("AWS_SECRET_ACCESS_KEY",)


def test_a_password_in_a_url_is_a_secret() -> None:
    assert chosen(variables={"HTTPS_PROXY": "http://me:s3cr3t-x@proxy:3128"}).secrets == {
        "s3cr3t-x"
    }


@given(st.dictionaries(st.text(min_size=1).filter(lambda n: "\0" not in n), st.text()))
def test_every_variable_is_given_or_withheld_or_of_the_shell(variables: dict[str, str]) -> None:
    environment = chosen(variables=variables)
    assert not environment.given.keys() & set(environment.withheld)
    rest = variables.keys() - environment.given.keys() - set(environment.withheld)
    assert all(name in {"_", "PWD", "OLDPWD", "SHLVL"} or name[:8] == "GATERUN_" for name in rest)


@given(st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(["", "1", "2=3"])))
def test_the_digest_is_of_the_variables_and_not_of_their_order(variables: dict[str, str]) -> None:
    assert digest_of(variables) == digest_of(dict(reversed(variables.items())))
    assert digest_of(variables) != digest_of({**variables, "F": ""})
    for name in variables:
        assert digest_of(variables) != digest_of({**variables, name: "other"})


@pytest.mark.parametrize("pattern", ["*", "**", "_*", "", "A B", "A=1", "1A", "A-B", "$HOME"])
def test_a_pattern_that_is_none(pattern: str, project: Any) -> None:
    assert mistake_in(pattern)
    project.gates("pass")
    project.write({"gaterun.toml": f'pass_env = ["{pattern}"]\n'})
    ran = project.run("p")
    assert ran.code == 4
    assert "pass_env (gaterun.toml)" in ran.err


def test_a_child_gets_what_is_chosen(tmp_path: Path) -> None:
    variables = {"PATH": os.environ["PATH"], "LANG": "C", "GITHUB_TOKEN": "t", "MINE": "1"}
    code = "import os; print(sorted(n for n in os.environ if n != 'LC_CTYPE'))"
    processes = Processes("r", chosen(("MINE",), variables=variables))
    done = processes.run([sys.executable, "-I", "-c", code], cwd=tmp_path, log=tmp_path / "l")
    assert done.out() == f"{sorted(['PATH', 'LANG', 'MINE', MARKER, COMMAND_MARKER])}\n"


def test_a_gate_that_misses_a_variable_says_so(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_DB", "postgres://localhost")
    project.write({"needs-db.sh": ': "${ORDERS_DB:?not set}"\n'})
    project.phase('[task.1]\n[[task.1.gate]]\nuse = "shell"\nscript = "needs-db.sh"\n')
    ran = project.run("p", "-p", "leaky")
    assert ran.code == 1
    assert 'pass_env = ["ORDERS_DB"]' in ran.record.warnings[0]
    assert "ORDERS_DB" in ran.record.withheld
    assert "ORDERS_DB" in " ".join(ran.out.split())
    assert ran.results["1::shell"].evidence[0].misses == ("ORDERS_DB",)
    project.write({"gaterun.toml": 'pass_env = ["ORDERS_DB"]\n'})
    ran = project.run("p", "-p", "leaky")
    assert (ran.code, ran.record.warnings) == (0, ())
    assert "ORDERS_DB" in ran.record.variables


def test_doctor_and_config_say_names_and_no_values(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_DB", "value-of-orders")
    monkeypatch.setenv("DEPLOY_TOKEN", "value-of-deploy-1")
    monkeypatch.setenv("LOCAL_PASSWORD", "postgres")
    project.write({"gaterun.toml": 'pass_env = ["DEPLOY_TOKEN", "LOCAL_PASSWORD"]\n'})
    said = project.run("doctor").out
    assert "unless pass_env names them: " in said
    assert "ORDERS_DB" in said
    assert "DEPLOY_TOKEN is handed on to gates' commands; its value is hidden" in said
    assert "LOCAL_PASSWORD is handed on to gates' commands; its value is too plain" in said
    told = project.run("config", "pass_env").out
    assert "  withheld: " in told
    assert "ORDERS_DB" in told
    assert "value-of" not in said + told
