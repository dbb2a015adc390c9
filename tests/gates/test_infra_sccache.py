"""What sccache says and how it reads sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaterun_gates.infra.canary import canary_manifest
from gaterun_gates.infra.sccache_size import (
    DEFAULT_CAP,
    parse_size,
    read_sccache_config,
    remote_storage,
    resolve_cap,
)
from gaterun_gates.infra.sccache_stats import parse_stats

DATA = Path(__file__).parent / "data" / "sccache"


def recorded(name: str) -> str:
    return (DATA / f"{name}.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10G", 10 * 2**30),
        ("10g", 10 * 2**30),
        ("512M", 512 * 2**20),
        ("3K", 3 * 2**10),
        ("1T", 2**40),
        ("10737418240", 10737418240),
        ("0", 0),
        ("10GB", None),
        ("10GiB", None),
        ("1.5G", None),
        ("-1G", None),
        (" 10G", None),
        ("10G\n", None),
        ("abc", None),
        ("", None),
    ],
)
def test_sizes_as_sccache_reads_them(text: str, size: int | None) -> None:
    assert parse_size(text) == size


@given(st.text(max_size=8))
def test_any_size_is_a_number_or_nothing(text: str) -> None:
    size = parse_size(text)
    assert size is None or size >= 0


CONFIG = "[cache.disk]\nsize = 5000\n"


@pytest.mark.parametrize(
    ("environ", "cargo", "config", "kind", "size"),
    [
        ({}, {}, None, "default", DEFAULT_CAP),
        ({"SCCACHE_CACHE_SIZE": "3G"}, {}, None, "env", 3 * 2**30),
        ({"SCCACHE_CACHE_SIZE": "10GB"}, {}, None, "invalid", DEFAULT_CAP),
        ({"SCCACHE_CACHE_SIZE": ""}, {}, None, "invalid", DEFAULT_CAP),
        ({}, {"SCCACHE_CACHE_SIZE": ("2G", "f")}, None, "cargo [env]", 2 * 2**30),
        # Only entries that take effect are given, so one beside a variable has `force`.
        (
            {"SCCACHE_CACHE_SIZE": "3G"},
            {"SCCACHE_CACHE_SIZE": ("2G", "f")},
            None,
            "cargo [env]",
            2 * 2**30,
        ),
        ({}, {}, CONFIG, "sccache config", 5000),
        ({"SCCACHE_CACHE_SIZE": "3G"}, {}, CONFIG, "env", 3 * 2**30),
        ({"SCCACHE_CACHE_SIZE": "abc"}, {}, CONFIG, "sccache config", 5000),
        ({"SCCACHE_DIR": "/c"}, {}, CONFIG, "default", DEFAULT_CAP),
        ({}, {}, "[cache.disk\n", "default", DEFAULT_CAP),
        ({}, {}, "cache = 3\n", "default", DEFAULT_CAP),
        ({}, {}, '[cache.disk]\nsize = "10G"\n', "default", DEFAULT_CAP),
    ],
)
def test_where_the_cap_comes_from(
    environ: dict[str, str],
    cargo: dict[str, tuple[str, str]],
    config: str | None,
    kind: str,
    size: int,
) -> None:
    cap = resolve_cap(environ=environ, cargo_env=cargo, config_text=config, config_path="c")
    assert (cap.kind, cap.size) == (kind, size)
    assert cap.explicit is (kind not in {"default", "invalid"})


@pytest.mark.parametrize(
    ("environ", "config", "found"),
    [
        ({}, None, ""),
        ({}, CONFIG, ""),
        ({"SCCACHE_BUCKET": "b"}, None, "SCCACHE_BUCKET"),
        ({"SCCACHE_GHA_ENABLED": "on"}, None, "SCCACHE_GHA_ENABLED"),
        ({"SCCACHE_GHA_ENABLED": "false"}, None, ""),
        ({}, '[cache.s3]\nbucket = "b"\n', "[cache.s3]"),
    ],
)
def test_remote_storage(environ: dict[str, str], config: str | None, found: str) -> None:
    assert remote_storage(environ, config) == found


def test_config_file_of_sccache(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    assert read_sccache_config({"SCCACHE_CONF": str(path)}) == (None, "")
    path.write_text(CONFIG)
    assert read_sccache_config({"SCCACHE_CONF": str(path)}) == (CONFIG, str(path))


def test_a_client_without_a_server_counts_nothing() -> None:
    stats = parse_stats(recorded("no-server"))
    assert (stats.requests, stats.hits, stats.misses, stats.errors) == (0, 0, 0, 0)
    assert stats.cap == 7 * 2**30


def test_questions_of_cargo_are_no_compilations() -> None:
    stats = parse_stats(recorded("one-miss"))
    assert stats.requests > 0
    assert stats.misses == 1
    assert stats.not_cached == {"incremental": 1}


def test_the_difference_of_two_answers_is_one_build() -> None:
    added = parse_stats(recorded("one-hit")).since(parse_stats(recorded("one-miss")))
    assert (added.hits, added.misses, added.not_cached) == (1, 0, {})
    assert added.requests > 0


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"stats": 3}', "sccache: error"])
def test_other_answers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"stats|Expecting"):
        parse_stats(text)


def test_missing_counters_are_zero_and_a_missing_cap_is_none() -> None:
    stats = parse_stats('{"stats": {"cache_hits": {"counts": {"Rust": 2, "C": 3}}}}')
    assert (stats.hits, stats.misses, stats.cap) == (5, 0, None)


def test_the_canary_takes_over_what_decides_on_incremental() -> None:
    import tomlkit

    text = canary_manifest(
        '[profile.dev]\nincremental = false\nopt-level = 2\n[profile.ci]\ninherits = "dev"\n'
        '[profile.dev.package."*"]\nopt-level = 3\n'
    )
    manifest = tomlkit.parse(text).unwrap()
    assert manifest["profile"] == {"dev": {"incremental": False}, "ci": {"inherits": "dev"}}
    assert manifest["workspace"] == {}


@pytest.mark.parametrize("text", ["", "[profile", "profile = 3"])
def test_the_canary_needs_no_profile(text: str) -> None:
    assert "profile" not in canary_manifest(text)
