"""A run in shards: what each shard says of the whole, and what the merged run says of each shard."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class ShardOptions(Struct, frozen=True, kw_only=True):
    """What the command line said to a run, beyond the phase; the same for all of its shards.

    Merging says the same again, so that it judges as one machine would have. Attributes are
    the options of ``gaterun run`` as they were written.
    """

    selectors: tuple[str, ...] = ()
    keyword: str = ""
    tags: str = ""
    deselect: tuple[str, ...] = ()
    base: str = ""
    base_policy: str = ""
    baseline: str = ""
    waivers: str = ""
    no_waivers: bool = False
    max_warnings: int | None = None

    @property
    def argv(self) -> tuple[str, ...]:
        """As it would be written.

        >>> ShardOptions(keyword="a or b", deselect=("7.3",), no_waivers=True).argv
        ('-k', 'a or b', '--deselect', '7.3', '--no-waivers')
        """
        with_value = {
            "-k": self.keyword,
            "-m": self.tags,
            "--base": self.base,
            "--base-policy": self.base_policy,
            "--baseline": self.baseline,
            "--waivers": self.waivers,
            "--max-warnings": "" if self.max_warnings is None else str(self.max_warnings),
        }
        pairs = [(option, value) for option, value in with_value.items() if value]
        pairs += [("--deselect", value) for value in self.deselect]
        words = [word for pair in pairs for word in pair]
        return (*self.selectors, *words, *(("--no-waivers",) if self.no_waivers else ()))


class Shard(Struct, frozen=True, kw_only=True):
    """What makes a run one shard of a run that several machines share.

    Attributes:
        number: which one, from 1.
        of: how many there are.
        plan: digest of which gate runs in which shard.
        policy: digest of all that judges: gates, conditions, waivers, baseline, settings.
        told: what all shards were told.
    """

    number: int
    of: int
    plan: str
    policy: str
    told: ShardOptions = field(default_factory=ShardOptions)

    @property
    def label(self) -> str:
        """For people.

        >>> Shard(number=2, of=3, plan="", policy="").label
        'shard 2 of 3'
        """
        return f"shard {self.number} of {self.of}"

    def caveat(self, phase: str) -> str:
        """What every report has to say about a shard of `phase`."""
        return (
            f"{self.label}: it judges its own gates, and not the phase; `gaterun report {phase} "
            "--merge` does, with all shards"
        )


class ShardRun(Struct, frozen=True, kw_only=True):
    """One shard of a merged run.

    Attributes:
        number: which shard, from 1.
        run: id of the shard's own run.
        digest: SHA-256 of the digests of that run, as ``gaterun runs verify`` prints it.
        nodes: node ids of its gates.
        environment: facts of its machine, as in `gaterun.model.record.RunRecord`.
        started: seconds since the epoch, by its clock.
        seconds: what it took.
    """

    number: int
    run: str
    digest: str
    nodes: tuple[str, ...]
    environment: Mapping[str, str]
    started: float
    seconds: float
