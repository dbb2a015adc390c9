"""Asks git whether the version has a tag, where it points, and whether it is the greatest.

Source: git-for-each-ref(1); the names ``v1.2.3`` and ``crate-v1.2.3`` are those of cargo-release
and release-plz.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gaterun import Measured
from gaterun_gates.parsers.version_survey import Survey
from gaterun_gates.prose.semver_text import SEMVER, precedence

#: What a phase may ask of tags: nothing; that the version has none yet; that it has one on this
#: commit, which is annotated, or signed.
POLICIES = ("ignore", "free", "here", "annotated", "signed")

_FORMAT = (
    "%(refname:strip=2)%00%(objecttype)%00%(if)%(*objectname)%(then)%(*objectname)"
    "%(else)%(objectname)%(end)%00%(if)%(contents:signature)%(then)signed%(end)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag: the commit it points to, and of what kind it is."""

    commit: str
    annotated: bool = False
    signed: bool = False


def compare_tags(survey: Survey, pattern: str, policy: str) -> Measured:
    """Hold the tags of the repository against `policy`.

    Args:
        pattern: a tag's name with ``{version}``, and ``{crate}`` where each crate has its own.
        policy: one of `POLICIES`.

    Returns:
        ``absent``, ``here``, ``ahead``, ``behind`` or ``aside`` of HEAD, or ``mixed``; no value
        where git cannot tell.
    """
    git = _Git(survey)
    head = git.commit("HEAD")
    if not head:
        return Measured(value=None, why="there is no git repository, or no commit in it")
    tags = git.tags()
    if tags is None:
        return Measured(value=None, why="git cannot list its tags")
    shallow = git.answer("rev-parse", "--is-shallow-repository").strip() == "true"
    merged = set(git.tags("--merged", "HEAD") or ())
    states = set()
    for name, version, crate in _names(survey, pattern):
        tag = tags.get(name)
        if tag is None and shallow:
            return Measured(value=None, why=f"a shallow clone may lack the tag {name}")
        state = "absent" if tag is None else git.state(tag, head, reached=name in merged)
        states.add(state)
        if policy == "ignore":
            continue
        for said in _complaints(name, tag, state, policy):
            survey.differ("tag", said, "", 0)
        last = max(_versions(pattern, crate, merged - {name}), key=precedence, default="")
        if last and precedence(version) <= precedence(last):
            survey.differ("tag", f"{version} is not greater than {last}, the last tag", "", 0)
    return Measured(value=states.pop() if len(states) == 1 else "mixed" if states else "absent")


def _names(survey: Survey, pattern: str) -> Iterator[tuple[str, str, str]]:
    """The names that tags should have, each with its version and crate."""
    if "{crate}" not in pattern:
        yield pattern.replace("{version}", survey.expected), survey.expected, ""
        return
    for package in survey.members:
        version = survey.wanted[package.name]
        name = pattern.replace("{crate}", package.name).replace("{version}", version)
        yield name, version, package.name


def _complaints(name: str, tag: Tag | None, state: str, policy: str) -> Iterator[str]:
    if policy == "free":
        if tag is not None:
            yield f"the tag {name} is there already, {state}: the version has been released"
        return
    if tag is None:
        yield f"there is no tag {name}"
        return
    if state != "here":
        yield f"the tag {name} points elsewhere ({state} of this commit)"
    if not tag.annotated:
        if policy != "here":
            yield f"the tag {name} is lightweight"
    elif policy == "signed" and not tag.signed:
        yield f"the tag {name} is not signed"


def _versions(pattern: str, crate: str, names: set[str]) -> Iterator[str]:
    """The versions of the tags that are named by `pattern`."""
    parts = pattern.replace("{crate}", crate).split("{version}")
    shape = re.compile(f"(?P<version>{SEMVER})".join(map(re.escape, parts)))
    for name in names:
        if match := shape.fullmatch(name):
            yield match["version"]


class _Git:
    def __init__(self, survey: Survey) -> None:
        self._run = survey.ctx.run

    def answer(self, *arguments: str) -> str:
        done = self._run(["git", "--no-pager", *arguments])
        return done.out() if done.ok else ""

    def commit(self, ref: str) -> str:
        return self.answer("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").strip()

    def tags(self, *which: str) -> Mapping[str, Tag] | None:
        listing = self._run(
            ["git", "--no-pager", "for-each-ref", f"--format={_FORMAT}", *which, "refs/tags"]
        )
        if not listing.ok:
            return None
        found: dict[str, Tag] = {}
        for line in listing.out().split("\n")[:-1]:
            name, kind, commit, signed = line.split("\0")
            found[name] = Tag(commit=commit, annotated=kind == "tag", signed=bool(signed))
        return found

    def state(self, tag: Tag, head: str, *, reached: bool) -> str:
        if tag.commit == head:
            return "here"
        if reached:
            return "behind"
        ahead = self._run(["git", "merge-base", "--is-ancestor", "HEAD", tag.commit]).ok
        return "ahead" if ahead else "aside"
