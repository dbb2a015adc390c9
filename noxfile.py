"""The chores of the project, one session each; `.ci/run` is what has to hold."""

from __future__ import annotations

import nox

nox.options.sessions = ["tests", "types", "lint", "layers"]
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def install(session: nox.Session) -> None:
    session.install("-r", "requirements-dev.txt")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The test suite."""
    install(session)
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    install(session)
    session.run("mypy")


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, both halves."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def layers(session: nox.Session) -> None:
    """Imports point one way."""
    install(session)
    session.run("lint-imports")


@nox.session
def package(session: nox.Session) -> None:
    """The built wheel, installed, not the tree."""
    session.install("build")
    session.run("python", "-m", "build", "--wheel", "--outdir", session.create_tmp())
    wheel = next(iter(__import__("pathlib").Path(session.create_tmp()).glob("*.whl")))
    session.install(str(wheel))
    session.run("gaterun", "--version")
    session.run("gaterun", "selftest", "command")


@nox.session
def lowest(session: nox.Session) -> None:
    """The oldest versions of what we depend on."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".")
    session.run("gaterun", "--version")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation site, in site/; a link that leads nowhere fails."""
    session.install("--require-hashes", "-r", "requirements-docs.txt")
    session.run("mkdocs", "build", "--strict", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements-dev.txt and requirements-docs.txt anew."""
    session.install("uv")
    for group in ("dev", "docs"):
        session.run(
            "uv", "pip", "compile", "pyproject.toml", "--group", group, "--universal",
            "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--quiet",
            "--output-file", f"requirements-{group}.txt", *session.posargs,
        )  # fmt: skip


@nox.session
def bench(session: nox.Session) -> None:
    """Ratios to the anchors, side by side."""
    install(session)
    session.run("python", "bench/run.py", *session.posargs)
