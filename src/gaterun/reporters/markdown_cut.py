"""Says what a shortened Markdown report leaves out, with numbers."""

from __future__ import annotations

from gaterun.model.record import RunRecord
from gaterun.reporters import standing
from gaterun.reporters.figures import plural
from gaterun.reporters.markdown_metrics import count
from gaterun.reporters.markdown_sections import Detail
from gaterun.reporters.standing import ADVISORY, FAILED, NO_VERDICT, PASSED


def cut(record: RunRecord, detail: Detail) -> str:
    """A line that says what `detail` leaves out of a report on `record`; empty for nothing."""
    parts = _findings(record, detail)
    told = standing.chosen(record.results, FAILED, NO_VERDICT, ADVISORY)
    shown = len(record.results)
    passed = len(standing.chosen(record.results, PASSED))
    if passed and not detail.passed:
        parts.append(f"{plural(passed, 'gate')} that passed")
        shown -= passed
    changed, same = count(record)
    if same and not detail.unchanged:
        parts.append(plural(same, "unchanged metric"))
    with_logs = sum(bool(result.notes or result.evidence) for result in told)
    if with_logs and not detail.logs:
        parts.append(f"notes and commands of {plural(with_logs, 'gate')}")
    if told and not detail.gates:
        parts.append(f"the sections of {plural(len(told), 'gate')}")
    if shown > detail.rows:
        parts.append(plural(shown - detail.rows, "row") + " of gates")
    if changed > detail.rows:
        parts.append(plural(changed - detail.rows, "row") + " of metrics")
    if not parts:
        return ""
    return f"<sub>shortened, without {', '.join(parts)}: the JSON report has everything</sub>"


def _findings(record: RunRecord, detail: Detail) -> list[str]:
    total = left = 0
    for result in standing.chosen(record.results, FAILED, NO_VERDICT, ADVISORY):
        total += len(result.findings)
        left += max(0, len(result.findings) - (detail.findings if detail.gates else 0))
    return [f"{left:,} of {plural(total, 'finding')}"] if left else []
