"""What ``--shard k/n`` means: which gates, and what is said of the whole to those who merge."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gaterun.core.shards import Plan, partition, policy_digest
from gaterun.model.errors import UsageError
from gaterun.model.phase import Phase, Requirement
from gaterun.model.shard import Shard, ShardOptions

if TYPE_CHECKING:
    from gaterun.cli.workspace import Opened
    from gaterun.model.metrics_document import MetricsDocument
    from gaterun.model.waiver import InForce

#: Beginnings of the names of entry points that offer nothing that measures.
_NO_GATES = ("report-", "event-", "claims-", "phases")


class Sharding(Struct, frozen=True, kw_only=True):
    """One shard of a run.

    Attributes:
        whole: the gates of all shards.
        number: which one, from 1.
    """

    opened: Opened
    phase: Phase
    whole: Sequence[Requirement]
    plan: Plan
    number: int
    told: ShardOptions

    @property
    def gates(self) -> tuple[Requirement, ...]:
        """Those that run in this one."""
        return self.plan.shards[self.number - 1]

    def mark(
        self, baseline: MetricsDocument | None, in_force: InForce, max_warnings: int | None
    ) -> Shard:
        """What the record of this shard says, for merging to compare."""
        return Shard(
            number=self.number,
            of=len(self.plan.shards),
            plan=self.plan.digest,
            policy=policy_digest(
                self.phase,
                self.whole,
                baseline=baseline,
                in_force=in_force,
                max_warnings=max_warnings,
                base_policy=f"{self.told.base_policy} {self.opened.config.settings.base_policy}",
                plugins=_measuring(self.opened),
            ),
            told=self.told,
        )


def sharding(
    text: str,
    opened: Opened,
    phase: Phase,
    chosen: Sequence[Requirement],
    options: Mapping[str, Any],
) -> Sharding:
    """Read ``--shard``.

    Args:
        chosen: the gates of the run.
        options: of ``gaterun run``, by the names of their parameters.

    Raises:
        UsageError: it is no shard, or another option cannot mean anything in one.
    """
    number, of = _numbers(text)
    told = told_by(options)
    _refuse(options, told)
    return Sharding(
        opened=opened,
        phase=phase,
        whole=chosen,
        plan=partition(phase, chosen, of, opened.plugins.resources),
        number=number,
        told=told,
    )


def told_by(options: Mapping[str, Any]) -> ShardOptions:
    """What the options of ``gaterun run`` say to every shard alike."""
    return ShardOptions(
        selectors=options["selectors"],
        keyword=options["keyword"],
        tags=options["tags"],
        deselect=options["deselect"],
        base=options["base"],
        base_policy=options["base_policy"] or "",
        baseline=options["baseline_name"],
        waivers=str(options["waivers_file"] or ""),
        no_waivers=options["no_waivers"],
        max_warnings=options["max_warnings"],
    )


def _numbers(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not of:
        raise UsageError(
            f"--shard {text}: no shard", help="write 2/3 for the second of three machines"
        )
    if not 1 <= number <= of:
        raise UsageError(
            f"--shard {text}: there is no such shard", help=f"they are 1/{of} to {of}/{of}"
        )
    return number, of


def _refuse(options: Mapping[str, Any], told: ShardOptions) -> None:
    """Refuse what a shard cannot do, as it sees a part of the run, on one of the machines."""
    if options["last_failed"]:
        raise UsageError(
            "--lf cannot be sharded: each machine remembers something else",
            help="choose gates by name, by -k or by -m, which mean the same everywhere",
        )
    if options["stop"] or options["maxfail"]:
        raise UsageError(
            "-x and --maxfail cannot be sharded: they count the failures of the whole run",
            help="leave them out; a shard runs all of its gates",
        )
    if told.baseline and not Path(told.baseline).is_file():
        raise UsageError(
            f"--baseline {told.baseline}: shards are compared with a file only",
            help="`gaterun baseline` writes one; every machine needs the same",
        )


def _measuring(opened: Opened) -> dict[str, str]:
    """Version of each plugin that may measure; those in files are part of the tree."""
    return {
        info.name: info.origin
        for info in opened.plugins.infos
        if not info.blocked
        and not info.name.startswith(_NO_GATES)
        and not Path(info.origin).is_absolute()
    }
