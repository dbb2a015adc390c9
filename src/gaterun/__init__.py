"""gaterun, pytest for phase gates: the public API for authors of gates and reporters.

Everything is imported on first use, so that ``gaterun --version`` imports next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know it by name; typing imports re

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gaterun.core.station import Station as Station
    from gaterun.hookspecs import hookimpl as hookimpl
    from gaterun.model.claim import Claim as Claim
    from gaterun.model.claim import PhaseOutline as PhaseOutline
    from gaterun.model.claim import Said as Said
    from gaterun.model.claim import TaskOutline as TaskOutline
    from gaterun.model.claim import Unread as Unread
    from gaterun.model.command import Completed as Completed
    from gaterun.model.command import Evidence as Evidence
    from gaterun.model.command import Log as Log
    from gaterun.model.edit import Edit as Edit
    from gaterun.model.errors import CannotMeasure as CannotMeasure
    from gaterun.model.errors import UsageError as UsageError
    from gaterun.model.event import Event as Event
    from gaterun.model.event import GateFinished as GateFinished
    from gaterun.model.event import GateProgress as GateProgress
    from gaterun.model.event import GateStarted as GateStarted
    from gaterun.model.event import RunFinished as RunFinished
    from gaterun.model.event import RunStarted as RunStarted
    from gaterun.model.executor import Ear as Ear
    from gaterun.model.executor import Executor as Executor
    from gaterun.model.executor import ExecutorConfig as ExecutorConfig
    from gaterun.model.executor import Job as Job
    from gaterun.model.executor import Trees as Trees
    from gaterun.model.finding import Finding as Finding
    from gaterun.model.finding import Severity as Severity
    from gaterun.model.gate import HISTORY as HISTORY
    from gaterun.model.gate import Context as Context
    from gaterun.model.gate import Control as Control
    from gaterun.model.gate import Defect as Defect
    from gaterun.model.gate import Gate as Gate
    from gaterun.model.gate import Resource as Resource
    from gaterun.model.measurement import Measurement as Measurement
    from gaterun.model.metric import Better as Better
    from gaterun.model.metric import Change as Change
    from gaterun.model.metric import Counted as Counted
    from gaterun.model.metric import Measured as Measured
    from gaterun.model.metric import Metric as Metric
    from gaterun.model.metric import Reading as Reading
    from gaterun.model.metric import Unit as Unit
    from gaterun.model.metric import Value as Value
    from gaterun.model.options import Options as Options
    from gaterun.model.options import help as help
    from gaterun.model.phase import PhaseFile as PhaseFile
    from gaterun.model.record import GateResult as GateResult
    from gaterun.model.record import RunRecord as RunRecord
    from gaterun.model.report import Listener as Listener
    from gaterun.model.report import Reporter as Reporter
    from gaterun.model.report import Style as Style
    from gaterun.model.shard import Shard as Shard
    from gaterun.model.shard import ShardOptions as ShardOptions
    from gaterun.model.shard import ShardRun as ShardRun
    from gaterun.model.verdict import Check as Check
    from gaterun.model.verdict import ExitCode as ExitCode
    from gaterun.model.verdict import Outcome as Outcome
    from gaterun.model.verdict import Reason as Reason
    from gaterun.model.verdict import Verdict as Verdict
    from gaterun.model.workspace import Dependency as Dependency
    from gaterun.model.workspace import Package as Package
    from gaterun.model.workspace import Target as Target
    from gaterun.model.workspace import Workspace as Workspace

_HOME = {
    "core.station": ("Station",),
    "hookspecs": ("hookimpl",),
    "model.claim": ("Claim", "PhaseOutline", "Said", "TaskOutline", "Unread"),
    "model.command": ("Completed", "Evidence", "Log"),
    "model.edit": ("Edit",),
    "model.errors": ("CannotMeasure", "UsageError"),
    "model.event": (
        "Event",
        "GateFinished",
        "GateProgress",
        "GateStarted",
        "RunFinished",
        "RunStarted",
    ),
    "model.executor": ("Ear", "Executor", "ExecutorConfig", "Job", "Trees"),
    "model.finding": ("Finding", "Severity"),
    "model.gate": ("HISTORY", "Context", "Control", "Defect", "Gate", "Resource"),
    "model.measurement": ("Measurement",),
    "model.metric": (
        "Better",
        "Change",
        "Counted",
        "Measured",
        "Metric",
        "Reading",
        "Unit",
        "Value",
    ),
    "model.options": ("Options", "help"),
    "model.phase": ("PhaseFile",),
    "model.record": ("GateResult", "RunRecord"),
    "model.report": ("Listener", "Reporter", "Style"),
    "model.shard": ("Shard", "ShardOptions", "ShardRun"),
    "model.verdict": ("Check", "ExitCode", "Outcome", "Reason", "Verdict"),
    "model.workspace": ("Dependency", "Package", "Target", "Workspace"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(["__version__", *_MODULE_OF])  # noqa: PLE0605 - derived, and tested


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'gaterun' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"gaterun.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
