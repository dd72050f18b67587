"""The ledger of claims: what the method is said to do, and whether it does so here."""

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import DataError
from workbench.evaluation.measure import Measure
from workbench.files import write_text
from workbench.pages.benchmark_tables import plain_table
from workbench.pages.dots import Dot, Row, dot_plot
from workbench.pages.inputs import Claim, ClaimsReport, SweepFigure, Verdict
from workbench.pages.markup import escape, percent, scrolling
from workbench.pages.plots import sweep
from workbench.pages.protocol import limits_section, protocol_box
from workbench.pages.shell import document
from workbench.pages.tables import definitions
from workbench.pages.words import CITATION

LIMITS = (
    "A verdict is about this model and these pictures. Another model may give the opposite.",
    "“Undecided” means that the interval holds both outcomes: more pictures or more seeds may "
    "decide. It is not evidence that there is no effect.",
    "An ordering that holds does not say why. High variance may be plain energy.",
)
_CLASSES: dict[Verdict, str] = {"holds": "yes", "does not hold": "no", "undecided": "open"}
_SIGNS: dict[Verdict, str] = {
    "holds": '<path d="M4 9.5 7.5 13 14 5.5"/>',
    "does not hold": '<path d="M4.5 4.5l9 9M13.5 4.5l-9 9"/>',
    "undecided": '<path d="M3 9h12" stroke-dasharray="3 2"/>',
}
_SERIES: dict[Verdict, int] = {"holds": 2, "does not hold": 1, "undecided": 6}


def write_claims(path: str | Path, report: ClaimsReport) -> Path:
    """Write the ledger's page to `path` in one step and return the path.

    Raises `DataError` if there is no claim, `RunError` if the file cannot be written.
    """
    target = Path(path)
    write_text(target, claims_html(report))
    return target


def claims_html(report: ClaimsReport) -> str:
    """Return the ledger as one HTML document."""
    if not report.claims:
        raise DataError("there is no claim to report on.")
    articles = "".join(_article(claim) for claim in report.claims)
    box = protocol_box(
        report.command,
        report.model,
        report.protocol,
        data=report.data,
        versions=report.versions,
    )
    main = f"""<section id="ledger"><h2>The ledger</h2>
<p class="muted">Each effect is a difference in points, with its 95 % interval. The verdict is the
rule’s, applied to the interval; the rule stands with each claim.</p>
{_table(report.claims)}
{_forest(report.claims)}
</section>
<section id="claims"><h2>Claim by claim</h2>
{articles}
</section>
{box}
{limits_section((*report.limits, *LIMITS))}
<p class="muted small">{escape(CITATION)} The claims are taken from its abstract and from secondary
sources; their wording is ours.</p>"""
    links = [
        ("ledger", "The ledger"),
        *((f"claim-{claim.number}", f"Claim {claim.number}") for claim in report.claims),
        ("protocol", "Protocol"),
        ("limits", "Limits"),
    ]
    return document(report.title, _headline(report.claims), _lead(report), links, "", main)


_COUNTED: dict[Verdict, tuple[str, str]] = {
    "holds": ("holds", "hold"),
    "does not hold": ("does not hold", "do not hold"),
    "undecided": ("is undecided", "are undecided"),
}
"""What one claim does, and what several do."""


def _headline(claims: Sequence[Claim]) -> str:
    verdicts = [claim.verdict for claim in claims]
    parts = [
        f"{found} {one if found == 1 else several}"
        for verdict, (one, several) in _COUNTED.items()
        if (found := verdicts.count(verdict))
    ]
    said = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Of {len(claims)} claim{'s' * (len(claims) != 1)}, {said} on this model and data."


def _lead(report: ClaimsReport) -> str:
    name = report.model.get("name")
    model = f"<code>{escape(name)}</code>" if name else "this model"
    return (
        f"What is said of the method, tried on {model}. Every claim could have failed: it is set "
        "against the control that would show it wrong, on the same pictures and features."
    )


def _table(claims: Sequence[Claim]) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="left"><a href="#claim-{claim.number}">{claim.number}.</a> '
        f'{escape(claim.statement)}</th><td class="left">{_verdict(claim.verdict)}</td>'
        f"<td>{_points(claim.effect)}</td></tr>"
        for claim in claims
    )
    table = (
        '<table><thead><tr><th scope="col">Claim</th><th scope="col" class="left">Verdict</th>'
        '<th scope="col">Effect (points)</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    return scrolling(table, "Claims, verdicts and effects")


def _forest(claims: Sequence[Claim]) -> str:
    """Draw every effect with its interval around no effect."""
    rows = [
        Row(
            f"claim {claim.number}",
            [
                Dot(
                    _SERIES[claim.verdict],
                    claim.effect.value,
                    claim.effect.low,
                    claim.effect.high,
                    said=f"claim {claim.number}: {claim.verdict}",
                )
            ],
        )
        for claim in claims
        if claim.effect.value is not None
    ]
    return dot_plot(rows, "effect (points), with 95 % interval", 0.0, label="Effect of each claim")


def _article(claim: Claim) -> str:
    figures = "".join(_figure(figure) for figure in claim.figures)
    margin = f" (here: {percent(claim.margin, signed=True)} points)" if claim.margin else ""
    terms = {
        "Compared": escape(claim.compared),
        "Rule": escape(claim.rule) + margin,
        "Effect": escape(claim.effect.definition or claim.effect.name),
        **({"Note": escape(claim.note)} if claim.note else {}),
    }
    data = plain_table(claim.rows, f"Data of claim {claim.number}")
    folded = f"<details><summary>The figures behind it</summary>{data}</details>" if data else ""
    return f"""<article class="claim" id="claim-{claim.number}">
<header><h3>{claim.number}. {escape(claim.statement)}</h3>{_verdict(claim.verdict)}</header>
<p class="effect">{_points(claim.effect, " points")}</p>
{definitions(terms)}
{figures}
{folded}
</article>"""


def _figure(figure: SweepFigure) -> str:
    caption = f'<p class="muted small">{escape(figure.caption)}</p>' if figure.caption else ""
    return f"{sweep(figure)}{caption}"


def _points(effect: Measure, unit: str = "") -> str:
    value = percent(effect.value, effect.undefined, signed=True)
    if effect.value is None:
        return f'{value} <span class="ci">{escape(effect.undefined)}</span>'
    if effect.low is None or effect.high is None:
        return f'{value}{unit} <span class="ci">no interval</span>'
    low, high = (percent(end, signed=True) for end in (effect.low, effect.high))
    return f'{value}{unit}<span class="ci">{low} to {high}</span>'


def _verdict(verdict: Verdict) -> str:
    return (
        f'<span class="verdict-mark {_CLASSES[verdict]}"><svg viewBox="0 0 18 18" fill="none" '
        'stroke="currentColor" stroke-width="2.4" stroke-linecap="round" aria-hidden="true">'
        f"{_SIGNS[verdict]}</svg>{verdict}</span>"
    )
