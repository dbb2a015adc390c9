"""A gate whose findings are told in a phase file, for tests of waivers."""

from __future__ import annotations

from typing import Annotated

import gaterun


class PlacesOptions(gaterun.Options, frozen=True, kw_only=True):
    places: Annotated[tuple[str, ...], gaterun.help("findings, as `rule path message`")] = ()
    notes: Annotated[tuple[str, ...], gaterun.help("as `places`, but notes")] = ()
    hidden: Annotated[int, gaterun.help("how many are counted and not told")] = 0
    unmeasured: Annotated[bool, gaterun.help("leave `others` unmeasured")] = False


def _findings(texts: tuple[str, ...], severity: gaterun.Severity) -> list[gaterun.Finding]:
    findings = []
    for line, text in enumerate(texts, 1):
        rule, path, message = text.split(" ", 2)
        findings.append(
            gaterun.Finding(rule=rule, path=path, message=message, line=line, severity=severity)
        )
    return findings


def _places(ctx: gaterun.Context) -> gaterun.Measurement:
    options: PlacesOptions = ctx.options
    found = _findings(options.places, gaterun.Severity.WARNING)
    return gaterun.Measurement(
        metrics={
            "places": len(found) + options.hidden,
            "others": None if options.unmeasured else len(found),
        },
        inspected={"files": 10},
        findings=[*found, *_findings(options.notes, gaterun.Severity.NOTE)],
    )


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    return [
        gaterun.Gate(
            name="places",
            title="places",
            metrics=(
                gaterun.Metric(
                    name="places", help="findings, one for one", counts=gaterun.Counted()
                ),
                gaterun.Metric(name="others", help="a number that counts no findings"),
            ),
            options=PlacesOptions,
            requires=("places == 0",),
            inputs=("src/**",),
            measure=_places,
        )
    ]
