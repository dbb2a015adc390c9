"""docs/false-greens.md says which ways to a false green were tried; each is a test, none is green.

The cheats of gates are those of `tests/gates/test_cheats*.py`. The ways past the runner stand
here. ``python tests/contract/test_false_greens.py`` writes the page.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/false-greens.md"

#: The way, what becomes of it, and the tests that try it.
RUNNER = {
    "The tree": [
        (
            "an edit of the same size in the same second",
            "measured again",
            "core/test_tree.py::test_an_edit_in_the_same_second_and_of_the_same_size",
        ),
        *(
            (way, "measured again", f"core/test_reuse.py::test_what_matters_makes_it_measure_again[{way}]")
            for way in (
                "an edited file", "an edit that is staged", "an edit that is committed",
                "an untracked file", "an ignored file", "a deleted file", "a renamed file",
                "the executable bit", "a link", "a link's target outside", "assume-unchanged",
                "skip-worktree",
            )
        ),
        (
            "a submodule bumped, or edited inside",
            "measured again",
            "core/test_tree.py::test_a_submodule_with_changes_of_its_own",
        ),
        (
            "a file system monitor that says that nothing changed",
            "measured again",
            "core/test_tree.py::test_every_change_is_seen[a monitor that lies]",
        ),
        (
            "a git that is told to look at sizes only",
            "measured again",
            "core/test_tree.py::test_every_change_is_seen[hidden by the stat configuration]",
        ),
        (
            "a file that a gate looks at, named as a document that the phase writes",
            "measured again: only what gaterun wrote there does not count",
            "core/test_tree.py::test_of_a_roadmap_what_people_wrote_counts[True]",
        ),
        (
            "a path dependency outside of the workspace, edited",
            "measured again",
            "core/test_reuse.py::test_what_a_gate_reads_outside_of_its_inputs",
        ),
        (
            "a file edited while the gates run",
            "no verdict: `tree-changed`",
            "core/test_reuse.py::test_a_tree_that_changes_meanwhile_is_no_verdict",
        ),
    ],
    "Tools and environment": [
        *(
            (way, "measured again", f"core/test_reuse.py::test_what_matters_makes_it_measure_again[{way}]")
            for way in (
                "another rustc", "another cargo", "another linker", "a new toolchain",
                "a toolchain file above", "rustup's settings", "RUSTUP_TOOLCHAIN", "RUSTFLAGS",
                "RUSTC_WRAPPER", "PATH", "TZ", "cargo's configuration at home",
                "cargo's configuration above", "clippy's configuration above",
                "gaterun's version", "an option", "the base",
            )
        ),
        (
            "the code of a gate edited",
            "measured again",
            "core/test_reuse.py::test_the_code_of_the_gate",
        ),
        (
            "no Cargo.lock, and a new version published",
            "measured again each day",
            "core/test_reuse.py::test_without_a_lock_file_every_day_is_another",
        ),
        (
            "inputs in the phase file that leave out what the gate reads",
            "failed by `--cache-audit`, told as a changed option by the second key",
            "core/test_reuse.py::test_the_audit_finds_an_input_that_is_not_declared",
        ),
        (
            "inputs in the phase file that name nothing",
            "refused, exit 4",
            "core/test_reuse.py::test_inputs_that_name_nothing_are_refused",
        ),
        *(
            (
                f"a gate, or a library that it calls, does `{way}`",
                "no verdict: `crashed`",
                f"cli/test_bad_input.py::test_a_gate_that_ends_the_program_has_no_verdict[{code}]",
            )
            for way, code in (
                ("os._exit(0)", "os._exit(0)"),
                ("os.execv", "os.execv('/bin/true', ['true'])"),
            )
        ),
    ],
    "What is kept": [
        (
            "a kept measurement with a changed value",
            "measured again",
            "core/test_reuse.py::test_what_matters_makes_it_measure_again[a damaged file]",
        ),
        (
            "half a kept measurement",
            "measured again",
            "core/test_reuse.py::test_what_matters_makes_it_measure_again[half a file]",
        ),
        (
            "a stricter condition after a pass",
            "judged again",
            "core/test_reuse.py::test_a_kept_measurement_is_judged_again",
        ),
        *(
            (f"a kept answer after a change of {way}", "run again", f"cli/test_kept_run.py::test_every_change_is_noticed[{way}]")
            for way in ("the index", "what the index hides", "a packed ref", "the baseline")
        ),
        (
            "a kept answer on another day",
            "run again",
            "cli/test_kept_run.py::test_another_day_is_another_answer",
        ),
        (
            "a verdict of an earlier tree shown by `status`",
            "stale, exit 1",
            "cli/test_status.py::test_what_no_longer_holds",
        ),
        (
            "`status` of gates that are all switched off",
            "exit 1",
            "cli/test_status.py::test_it_exits_with_0_only_when_everything_has_passed",
        ),
        (
            "a bit of a run record flipped",
            "found by `runs verify`",
            "core/test_verify.py::test_every_flipped_bit_is_found",
        ),
        (
            "half a run record",
            "refused",
            "core/test_verify.py::test_every_half_record_is_refused",
        ),
        (
            "the record of another tree",
            "exit 1 from `runs verify --tree`",
            "core/test_verify.py::test_verify_against_a_tree",
        ),
    ],
    "The baseline": [
        (
            "a value edited by hand",
            "refused, exit 4",
            "cli/test_baseline.py::test_a_number_that_nobody_measured_is_refused_until_it_is_measured",
        ),
        (
            "a bit flipped",
            "refused, exit 4",
            "core/test_metrics_file.py::test_a_flipped_bit_is_noticed",
        ),
        ("half a file", "refused, exit 4", "core/test_metrics_file.py::test_half_a_file_is_refused"),
        (
            "another tool's JSON, or another file in its place",
            "refused, exit 4",
            "cli/test_baseline.py::test_another_file_is_never_no_baseline",
        ),
        (
            "a value taken over from the baseline of another base",
            "refused, exit 4",
            "core/test_metrics_file.py::test_a_value_belongs_to_its_base",
        ),
        (
            "a baseline without the findings behind its number",
            "no verdict: `baseline-missing`",
            "cli/test_baseline.py::test_a_baseline_without_findings_must_be_measured_again",
        ),
        (
            "the base moved since it was measured",
            "no verdict: `baseline-stale`",
            "cli/test_baseline.py::test_the_merge_base_is_a_base_and_a_move_is_said",
        ),
        (
            "one finding mended, another of the same rule added",
            "failed",
            "cli/test_baseline.py::test_a_moved_line_passes_and_a_swapped_finding_fails",
        ),
        (
            "a number that is not that of the findings",
            "no verdict: `incomplete`",
            "core/test_ratchet.py::test_a_number_that_is_not_that_of_the_findings_is_no_measurement",
        ),
        (
            "a worse value accepted without a reason",
            "refused, exit 4",
            "cli/test_baseline.py::test_worse_needs_a_reason_and_the_reason_is_shown",
        ),
    ],
    "Waivers and sign-offs": [
        (
            "a waiver that ends today, in another time zone",
            "the day is that of UTC",
            "core/test_waiver_file.py::test_the_end_of_a_day_is_that_of_utc",
        ),
        (
            "a waiver that has ended, and a kept measurement",
            "failed",
            "core/test_waiver_file.py::test_what_is_used_again_is_judged_with_the_waivers_of_today",
        ),
        (
            "a finding that no waiver matches",
            "failed",
            "core/test_waivers.py::test_a_finding_outside_every_waiver_always_fails",
        ),
        (
            "more findings than the waiver is for",
            "failed",
            "core/test_waivers.py::test_more_findings_than_the_limit_cover_nothing",
        ),
        (
            "waived findings that make room for new ones under a ratchet",
            "failed",
            "core/test_waivers.py::test_what_compares_findings_is_covered_finding_by_finding",
        ),
        (
            "a waiver for a gate without a verdict",
            "no verdict",
            "core/test_waivers.py::test_waivers_change_failures_only",
        ),
        (
            "a file of waivers that cannot be read",
            "refused, exit 4",
            "core/test_waiver_file.py::test_a_damaged_file_is_never_taken_for_none",
        ),
        (
            "a document changed after it was signed",
            "no verdict",
            "core/test_signoff.py::test_a_changed_file_makes_it_stale",
        ),
        (
            "an advisory gate whose date is past",
            "it blocks",
            "core/test_advisory.py::test_it_blocks_from_the_day_after",
        ),
    ],
    "Shards": [
        *(
            (f"a shard: {way}", "refused, exit 4", f"core/test_merge_refused.py::test_it_is_refused[{way}]")
            for way in (
                "missing", "copied", "run again", "half a file", "no archive", "killed",
                "events without an end", "events without a gate", "interrupted", "an edited record",
                "an edited log", "an added log", "another phase", "another number of shards",
                "another tree", "a changed tree", "another base", "another version", "another plan",
                "another policy", "other options", "a whole run", "another shard's number",
                "a number that is none", "a gate left out",
            )
        ),
        (
            "a verdict in a shard edited to pass, with digests that fit",
            "judged anew: failed",
            "core/test_merge_refused.py::test_a_green_that_was_written_by_hand_is_judged_anew",
        ),
        (
            "a pass in a shard without a measurement",
            "no verdict: `incomplete`",
            "core/test_merge_refused.py::test_a_green_without_a_measurement_is_no_verdict",
        ),
        (
            "a tree that changed while a shard ran",
            "no verdict: `tree-changed`",
            "core/test_merge.py::test_a_tree_that_changed_while_a_shard_ran_is_no_verdict",
        ),
        (
            "a shard of another machine under a baseline of timings",
            "no verdict: `not-comparable`",
            "core/test_merge.py::test_a_value_of_another_machine_is_not_compared",
        ),
        (
            "a threshold loosened, and the phase run in shards",
            "failed when merged",
            "core/test_merge.py::test_a_weaker_phase_file_is_told_when_it_is_merged",
        ),
        (
            "a green shard taken for the newest run of the phase",
            "it never is",
            "core/test_merge_refused.py::test_nothing_is_newest_but_what_was_judged",
        ),
        (
            "a green shard whose completion report says COMPLETE",
            "INCOMPLETE",
            "cli/test_sharding.py::test_every_report_says_that_it_is_a_shard",
        ),
    ],
    "The phase file (`--base-policy fail`)": [
        (
            "a threshold loosened",
            "failed",
            "core/test_base_policy.py::test_a_loosened_threshold_is_told_and_fails_only_where_asked",
        ),
        (
            "a gate made advisory",
            "it blocks",
            "core/test_base_policy.py::test_a_gate_that_blocks_at_the_base_blocks",
        ),
        ("an option changed", "no verdict", "core/test_base_policy.py::test_a_changed_option_is_no_verdict"),
        ("a new waiver", "failed", "core/test_base_policy.py::test_new_waivers_are_told_and_longer_ones"),
        (
            "the policy switched off by the change itself",
            "the stricter one holds",
            "core/test_base_policy.py::test_settings_cannot_be_switched_off_by_the_change",
        ),
        (
            "the base moved to the change itself",
            "told, failed",
            "core/test_base_policy.py::test_a_changed_base_is_told_where_ci_names_the_base",
        ),
        (
            "protection of files lifted",
            "they are protected still",
            "core/test_base_policy.py::test_protection_that_is_lifted_protects_still",
        ),
        (
            "a local gate edited or removed",
            "told, failed",
            "core/test_base_policy.py::test_a_local_gate_that_is_edited_or_removed",
        ),
        (
            "the base replaced by `git replace`",
            "the true one is read",
            "core/test_base_policy.py::test_what_is_replaced_in_this_clone_is_read_as_it_was_made",
        ),
        (
            "a shallow clone without the base",
            "no verdict",
            "core/test_base_policy.py::test_a_shallow_clone_is_no_verdict",
        ),
    ],
}  # fmt: skip


def _page() -> str:
    from test_cheats import PROVED, RUN

    gates = {str(way): f"`{gate}`, control `{control}`" for way, gate, control in PROVED} | {
        str(case.id): f"`{case.values[0]}`, `{case.values[1].name}`" for case in RUN
    }
    count = sum(map(len, RUNNER.values())) + len(gates)
    lines = [
        "# False greens that were tried",
        "",
        f"{count} ways to a green that is not deserved, each a test that runs in CI. None is green.",
        "This page is written from the tests; one of them fails when it is out of date.",
        "",
        "## Past the runner",
    ]
    for title, ways in RUNNER.items():
        lines += ["", f"### {title}", "", "| way | what becomes of it | test |", "|---|---|---|"]
        lines += [f"| {way} | {end} | `{test}` |" for way, end, test in ways]
    lines += [
        *("", "## Past a gate", ""),
        "What is done to the workspace, and the gate and the case that turn red or have no verdict.",
        *("", "| way | seen by |", "|---|---|"),
        *(f"| {way} | {by} |" for way, by in sorted(gates.items())),
    ]
    return "\n".join(lines) + "\n"


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TESTS / "gates"))
    assert PAGE.read_text("utf-8") == _page()


@cache
def _functions(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("test", [test for ways in RUNNER.values() for _, _, test in ways])
def test_every_way_is_a_test(test: str) -> None:
    file, _, name = test.partition("::")
    function, _, case = name.removesuffix("]").partition("[")
    assert function in _functions(file)
    assert case in (TESTS / file).read_text("utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(TESTS / "gates"))
    PAGE.write_text(_page(), "utf-8")
