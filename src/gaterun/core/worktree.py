"""The tree at a worker: the run's own folder, a checkout that is there, or a clone of its own."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from gaterun.core.git import Git, GitError
from gaterun.core.order import Order
from gaterun.model.errors import CannotMeasure
from gaterun.model.verdict import Reason


def prepared(order: Order, folder: Path, who: str) -> Path:
    """The workspace that is to be measured. Whether it holds what it should is not said here.

    Args:
        folder: the worker's own, for a clone, which later runs find again.
        who: the worker, for people.

    Raises:
        CannotMeasure: there is none (``wrong-tree``).
    """
    if order.trees.repository:
        return _cloned(order, folder, who) / order.inside
    root = Path(order.trees.folder) / order.inside if order.trees.folder else Path(order.root)
    if not root.is_dir():
        raise CannotMeasure(
            Reason.WRONG_TREE,
            f"{who} has no folder {root}",
            help="name the checkout that it has, or what it is to clone",
        )
    return root


def _cloned(order: Order, folder: Path, who: str) -> Path:
    repository, commit = order.trees.repository, order.commit
    name = hashlib.sha256(repository.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    clone = folder / f"tree-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if not clone.exists():
            fresh = folder / f"new-{name}"
            shutil.rmtree(fresh, ignore_errors=True)
            git = Git(folder)
            git("clone", "--quiet", "--no-checkout", "--template=", "--", repository, fresh.name)
            fresh.rename(clone)
        git = Git(clone)
        if not commit or git.commit(commit) is None:
            git("fetch", "--quiet", "--tags", "origin")
        if commit and git.commit(commit) is None:
            git("fetch", "--quiet", "origin", commit)
        git("checkout", "--quiet", "--force", "--detach", commit or "origin/HEAD")
        # What was built stays: cargo knows itself what of it still holds.
        git("clean", "--quiet", "-fd", "-e", "target")
    except GitError as error:
        raise CannotMeasure(
            Reason.WRONG_TREE,
            f"{who} cannot check out {commit[:12] or 'anything'} of {repository}: {error}",
            help="push the commit, and see that the worker may read the repository",
        ) from error
    return clone
