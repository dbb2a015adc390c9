"""The gate ``doc-numbers``: says where a document states another number than was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import gaterun
from gaterun import Better, Counted, Measured, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gaterun_gates.prose.statements import Phrase, Statement

_ABOUT = """\
Reads documents and compares the numbers that they state ("630 tests", "93 environment variables",
"0 warnings") with what the other gates of the phase have measured of the same tree, in this run or
in an earlier one that still holds. It is measured last, whatever became of the others.

```toml
[[task.release.gate]]
use = "doc-numbers"
files = ["README.md", "docs/**/*.md"]
claims = [
  { metric = "tests.executed" },                       # the usual words
  { metric = "sccache.cap", text = "cache of {}" },    # your own
  { metric = "clippy.warnings", text = "warning-free", says = 0 },
]
```

Without `claims` it looks for the known wordings of what these metrics are: `tests.executed`,
`tests.passed`, `tests.failed`, `clippy.warnings`, `env-coverage.implemented`, `loc.removed`,
`hardcoded.total` and `build.members`, as far as the phase measures them.

- `contradictions`: statements that differ from what was measured, and numbers between
  `<!-- gaterun:value METRIC -->` and `<!-- gaterun:end -->` that are out of date
  (`gaterun report PHASE --numbers FILE` writes them).
- `unmeasured`: statements about a metric that has no value: its gate was not run, or reached no
  verdict, or what it measured is of another tree. Then `contradictions` has no value either, unless
  there are some: what cannot be compared is no pass.
- `unsaid`: entries of `claims` that no document says: the sentence is gone, or the text is wrong.
- `then`: statements about another time, which are compared with nothing.

Read are sentences, items, headings, tables of two columns (the first names the number), static
badges and numbers in code font; other code, comments, HTML tags and what is struck out are not, and
neither is what gaterun writes between `gaterun:begin` and `gaterun:end`. A number is compared as
precisely as it is written: 94 is right for 94.3, 94.2 is not. `1,234`, `1.234`, `1 234` and `1'234` are
one number; where it could mean two, one that is right is enough. *At least*, *over*, `600+`, *fewer
than*, *up to* and the like mean what they say, *about* and `~` allow for 10 %, `25-40 %` is a range.

Of the past, and only counted, are: sections whose heading names a release or a date, changelogs and
release notes but for *Unreleased* and the release that `version` names, and numbers after words such
as *from*, *was*, *baseline*, *target*.

It does not understand sentences: "no warnings" is found with `text` and `says`, a number of another
thing in the same words ("12 tests" of one crate) is a contradiction until it is said in other words,
left out by `ignore`, or waived.

Gamed by saying nothing (`statements`: require as many as there are, or name them in `claims`), and by
words that make a number one of another time (`then`).
"""


class Claim(gaterun.Options, frozen=True, kw_only=True):
    """Something that the documents say."""

    metric: Annotated[
        tuple[str, ...] | str, gaterun.help("id of the metric; several for a text with several {}")
    ]
    text: Annotated[
        tuple[str, ...] | str, gaterun.help("how it is said, {} for the number; or a list of ways")
    ] = ()
    says: Annotated[
        bool | int | float | str | None, gaterun.help("what a text without {} says of the metric")
    ] = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics, in the order of the blanks."""
        return (self.metric,) if isinstance(self.metric, str) else self.metric

    @property
    def texts(self) -> tuple[str, ...]:
        """The ways in which it is said; none for the known ones."""
        return (self.text,) if isinstance(self.text, str) else self.text

    def __post_init__(self) -> None:
        if not self.metrics or not all(self.metrics):
            raise ValueError("a claim names its metric, such as 'tests.executed'")
        if self.says is not None and not self.texts:
            raise ValueError("'says' goes with a text")
        if len(self.metrics) > 1 and not self.texts:
            raise ValueError("a claim about several metrics needs a text")
        for text in self.texts:
            if not text.strip():
                raise ValueError("a text of a claim is empty")
            wanted = 0 if self.says is not None else len(self.metrics)
            if text.count("{}") != wanted or (self.says is not None and len(self.metrics) > 1):
                raise ValueError(
                    f"'{text}' has {text.count('{}')} times {{}} for {len(self.metrics)} metric(s)"
                    + (": with 'says' it has none, for one metric" if self.says is not None else "")
                )


class DocNumbersOptions(gaterun.Options, frozen=True, kw_only=True):
    """Options of the gate ``doc-numbers``."""

    files: Annotated[tuple[str, ...], gaterun.help("globs of the documents")] = (
        "*.md",
        "docs/**/*.md",
    )
    ignore: Annotated[tuple[str, ...], gaterun.help("globs of files not to read")] = ()
    claims: Annotated[
        tuple[Claim, ...],
        gaterun.help("what they say: metric, and text, says; by default the known wordings"),
    ] = ()
    version: Annotated[
        str, gaterun.help("the release whose section of a changelog speaks of now")
    ] = ""


def measure(ctx: gaterun.Context) -> gaterun.Measurement:
    """Read the documents and compare.

    Raises:
        CannotMeasure: there is nothing to compare with, or a claim is about an unknown metric
            (``no-input``).
    """
    from gaterun_gates.prose.markdown import decode
    from gaterun_gates.prose.running_text import pieces
    from gaterun_gates.prose.statements import find

    options: DocNumbersOptions = ctx.options
    known = ctx.measured
    if not known:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            "no other gate has measured anything that a document could be compared with",
            help="it belongs into a phase beside the gates whose numbers the documents state",
        )
    claims = [(claim, _phrases_of(claim, known)) for claim in options.claims]
    phrases = [phrase for _, group in claims for phrase in group] or list(_shipped(known))
    files, notes, unread = [], [], 0
    statements: list[Statement] = []
    ignored = set(ctx.files(*options.ignore)) if options.ignore else set()
    for path in ctx.files(*options.files):
        if path in ignored or not (ctx.root / path).is_file():
            continue
        text = decode((ctx.root / path).read_bytes())
        files.append(path)
        said = list(pieces(path, text, options.version))
        unread += sum(piece.unread for piece in said)
        statements += find(path, said, phrases, known)
    unsaid = list(_unsaid(claims, statements))
    now = [statement for statement in statements if not statement.then]
    wrong = [statement for statement in now if statement.wrong]
    unclear = [statement for statement in now if statement.open]
    then = len(statements) - len(now)
    if then:
        notes.append(f"{then} of another time, compared with nothing")
    if unread:
        notes.append(f"{unread} paragraph(s) too long to be sentences, not read")
    return gaterun.Measurement(
        metrics={
            "contradictions": Measured(value=None, why=_why(unclear))
            if unclear and not wrong
            else len(wrong),
            "statements": len(now) - len(unclear),
            "unmeasured": len(unclear),
            "unsaid": len(unsaid),
            "then": then,
        },
        inspected={"statements": len(now) + len(unsaid)},
        findings=[*map(_finding, [*wrong, *unclear]), *unsaid],
        notes=[f"{len(files)} document(s) read", *notes],
    )


def _shipped(known: Mapping[str, gaterun.Reading]) -> Iterator[Phrase]:
    """The known wordings of what the phase measures."""
    from gaterun_gates.prose.statements import Phrase
    from gaterun_gates.prose.wordings import SHIPPED

    by_kind: dict[tuple[str, str], tuple[gaterun.Reading, ...]] = {}
    for reading in known.values():
        kind = (reading.gate, reading.metric)
        by_kind[kind] = (*by_kind.get(kind, ()), reading)
    for wording in SHIPPED:
        if all(kind in by_kind for kind in wording.metrics):
            found = tuple(by_kind[kind] for kind in wording.metrics)
            yield Phrase(text=wording.text, readings=found, unless=wording.unless)


def _phrases_of(claim: Claim, known: Mapping[str, gaterun.Reading]) -> list[Phrase]:
    """What to look for because of a claim.

    Raises:
        CannotMeasure: no gate of the phase has its metric, or no wording of it is known.
    """
    from gaterun_gates.prose.statements import Phrase
    from gaterun_gates.prose.wordings import of_metric

    readings = tuple((_known(metric, known),) for metric in claim.metrics)
    if claim.texts:
        return [Phrase(text=text, readings=readings, says=claim.says) for text in claim.texts]
    ((reading,),) = readings
    found = [
        Phrase(text=wording.text, readings=readings, unless=wording.unless)
        for wording in of_metric(reading.gate, reading.metric)
    ]
    if not found:
        raise gaterun.CannotMeasure(
            gaterun.Reason.NO_INPUT,
            f"no wording is known of '{reading.id}'",
            help='say how the documents put it: text = "{} …"',
        )
    return found


def _known(metric: str, known: Mapping[str, gaterun.Reading]) -> gaterun.Reading:
    from difflib import get_close_matches

    if metric in known:
        return known[metric]
    near = get_close_matches(metric, list(known), 1)
    raise gaterun.CannotMeasure(
        gaterun.Reason.NO_INPUT,
        f"a claim is about '{metric}', which no gate of this phase measures",
        help=f"did you mean '{near[0]}'?" if near else "`gaterun list PHASE` shows its gates",
    )


def _unsaid(
    claims: Sequence[tuple[Claim, list[Phrase]]], statements: Sequence[Statement]
) -> Iterator[gaterun.Finding]:
    """The claims that no document makes."""
    said = {statement.phrase for statement in statements}
    for claim, phrases in claims:
        if said.isdisjoint(phrase.text for phrase in phrases):
            shown = f"'{claim.texts[0]}'" if claim.texts else "any known wording"
            yield gaterun.Finding(
                rule="unsaid",
                message=f"no document says {shown} of {' and '.join(claim.metrics)}",
                help="take the claim away, or mend its text",
            )


def _why(unclear: Sequence[Statement]) -> str:
    first = unclear[0]
    more = f", and {len(unclear) - 1} more" if len(unclear) > 1 else ""
    return f"{first.path}:{first.line} '{first.text}': {first.open}{more}"


def _finding(statement: Statement) -> gaterun.Finding:
    marked = not statement.phrase
    rule = "not-compared"
    if statement.wrong:
        rule = "stale-number" if marked else "contradiction"
    help_ = ""
    if marked and statement.wrong:
        help_ = f"`gaterun report PHASE --numbers {statement.path}` writes it"
    what = f"measured: {statement.wrong}" if statement.wrong else statement.open
    return gaterun.Finding(
        rule=rule,
        message=f"says '{statement.text}', {what}",
        path=statement.path,
        line=statement.line,
        severity=gaterun.Severity.ERROR if statement.wrong else gaterun.Severity.NOTE,
        help=help_,
    )


def _controls() -> Sequence[gaterun.Control]:
    from gaterun_gates.controls.doc_numbers import CONTROLS

    return CONTROLS


GATE = gaterun.Gate(
    name="doc-numbers",
    title="Numbers in documents",
    about=_ABOUT,
    metrics=(
        Metric(
            name="contradictions",
            help="statements that differ from what was measured",
            counts=Counted(rules=("contradiction", "stale-number")),
        ),
        Metric(name="statements", better=Better.HIGHER, help="statements that were compared"),
        Metric(name="unmeasured", help="statements about a metric that has no value"),
        Metric(name="unsaid", help="claims that no document makes"),
        Metric(name="then", better=Better.NEITHER, help="statements about another time"),
    ),
    measure=measure,
    after_others=True,
    options=DocNumbersOptions,
    requires=("contradictions == 0", "unsaid == 0"),
    timeout=120.0,
    controls=_controls,
)


@gaterun.hookimpl
def gaterun_gates() -> list[gaterun.Gate]:
    """Offer the gate."""
    return [GATE]
