"""How the figures came about, what the method's parts rest on, and what the figures cannot say."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.pages.inputs import ReportInput
from workbench.pages.markup import escape, paragraphs, scrolling
from workbench.pages.tables import definitions
from workbench.pages.words import CHOSEN, CITATION, LIMITS, REPORTED, STATED

_FIRST = ("site", "k", "shots", "seed", "statistic", "normality", "metric", "text_weight", "fusion")


def protocol_section(report: ReportInput) -> str:
    """Return what somebody needs to repeat the run."""
    main = {"command": f"<code>{escape(report.command)}</code>"}
    for key, value in report.model.items():
        if value not in (None, ""):
            main["model" if key == "name" else f"model {_words(key)}"] = _value(value)
    ordered = [*_FIRST, *(key for key in report.settings if key not in _FIRST)]
    settings = {key: report.settings[key] for key in ordered if key in report.settings}
    prompts = settings.get("prompts")
    listed = settings.pop("prompts") if isinstance(prompts, Mapping) else {}
    support = {
        category.name: f"<span class='mono'>{escape(', '.join(category.support))}</span>"
        for category in report.categories
        if category.support
    }
    return f"""<section id="protocol"><h2>Protocol</h2>
<p class="muted">What it takes to repeat this run.</p>
{definitions(main, "protocol")}
<h3 class="apart">Settings</h3>
{definitions({_words(k): _value(v) for k, v in settings.items()}, "protocol two")}
{_part("Support pictures", support)}
{_part("Prompts", {_words(k): _value(v) for k, v in listed.items()})}
{_part("Seconds per stage", {k: f"{v:.1f}" for k, v in report.seconds.items()})}
{_part("Versions", {k: escape(v) for k, v in report.versions.items()})}
</section>"""


def standing_section(report: ReportInput) -> str:
    """Return the standing of the method's parts, the limits, and the citation."""
    columns = [
        ("Stated (by the paper, or by two summaries)", list(STATED)),
        ("Reported (by one secondary source)", list(REPORTED)),
        ("Chosen (by this workbench)", list(CHOSEN)),
    ]
    head = "".join(f'<th scope="col">{title}</th>' for title, _ in columns)
    cells = "".join(
        f"<td><ul>{paragraphs(map(escape, rows), 'li')}</ul></td>" for _, rows in columns
    )
    table = (
        f'<table class="words"><thead><tr>{head}</tr></thead>'
        f"<tbody><tr>{cells}</tr></tbody></table>"
    )
    limits = paragraphs(map(escape, (*report.limits, *LIMITS)), "li")
    return f"""<section id="standing"><h2>What the method rests on</h2>
<p class="muted">Of the paper only the abstract could be read, and no official code is known.</p>
{scrolling(table, "Standing of the method's parts")}
<p class="muted small">{escape(CITATION)}</p></section>
<section id="limits"><h2>Limits</h2>
<ul class="limits">{limits}</ul></section>"""


def _part(title: str, terms: Mapping[str, str]) -> str:
    if not terms:
        return ""
    return f"<details><summary>{title}</summary>{definitions(terms, 'protocol')}</details>"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "<br>".join(f"{escape(_words(str(k)))}: {_value(v)}" for k, v in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return escape(", ".join(map(str, value)))
    if isinstance(value, str) and (":" in value or "." in value):
        return f"<code>{escape(value)}</code>"
    return escape("none" if value is None else value)


def _words(key: str) -> str:
    return {"k": "K"}.get(key, key.replace("_", " "))
