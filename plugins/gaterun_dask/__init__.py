"""Measures gates on the workers of Dask distributed: ``-p dask``, the extra ``gaterun[dask]``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

from msgspec import Struct

import gaterun


class DaskOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the setting ``executor`` may say."""

    scheduler: Annotated[
        str, gaterun.help("address of a scheduler, tcp://…; a cluster of this machine without one")
    ] = ""
    workers: Annotated[
        int,
        gaterun.help("worker processes of a cluster of this machine; as many as jobs by default"),
    ] = 0
    tree: Annotated[
        str,
        gaterun.help(
            "what workers measure: here, the same folder; clone; or the path of a checkout"
        ),
    ] = "here"
    repository: Annotated[
        str, gaterun.help("what workers clone; this workspace's repository by default")
    ] = ""
    security: Annotated[
        str, gaterun.help("folder with ca.pem, cert.pem and key.pem, for a scheduler at tls://…")
    ] = ""
    patience: Annotated[
        float, gaterun.help("seconds that a gate waits while the cluster has no worker at all")
    ] = 60.0


@gaterun.hookimpl
def gaterun_executor(config: gaterun.ExecutorConfig) -> gaterun.Executor:
    """A cluster that is there, or one of this machine for the time of the run."""
    if find_spec("distributed") is None:
        raise gaterun.UsageError(
            "-p dask: Dask distributed is not installed",
            help="install the extra: pip install 'gaterun[dask]'",
        )
    options = config.read(DaskOptions)
    if options.workers < 0 or (options.workers and options.scheduler):
        raise gaterun.UsageError(
            f"executor: workers={options.workers} is about a cluster of this machine",
            help="a scheduler has the workers that it has"
            if options.scheduler
            else "name 1 or more",
        )
    from gaterun_dask.cluster import DaskExecutor

    return DaskExecutor(options, trees_of(options, config), jobs=config.jobs)


def trees_of(options: DaskOptions, config: gaterun.ExecutorConfig) -> gaterun.Trees:
    """How workers come by the tree.

    Raises:
        UsageError: ``tree`` says nothing that is known.
    """
    if options.tree == "clone":
        return gaterun.Trees(repository=options.repository or str(config.root))
    if options.tree == "here":
        return gaterun.Trees()
    if not options.tree.startswith("/"):
        raise gaterun.UsageError(
            f"executor: tree={options.tree} is neither here, nor clone, nor an absolute path"
        )
    return gaterun.Trees(folder=options.tree)
