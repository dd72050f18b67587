"""How the figures came about, what the method's parts rest on, and what the figures cannot say."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.pages.inputs import ReportInput
from workbench.pages.markup import escape, paragraphs, scrolling
from workbench.pages.tables import definitions
from workbench.pages.words import CHOSEN, CITATION, LIMITS, METRIC_NAMES, REPORTED, STATED

_FIRST = ("site", "k", "shots", "seed", "statistic", "normality", "metric", "text_weight", "fusion")
_MOST_LINES = 8


def protocol_section(report: ReportInput) -> str:
    """Return the box with all that somebody needs to repeat the run."""
    ordered = [*_FIRST, *(key for key in report.settings if key not in _FIRST)]
    said_above = report.protocol.keys()
    settings = {k: report.settings[k] for k in ordered if k in report.settings.keys() - said_above}
    prompts = settings.get("prompts")
    listed = settings.pop("prompts") if isinstance(prompts, Mapping) else {}
    support = {c.name: list(c.support) for c in report.categories if c.support}
    return protocol_box(
        report.command,
        report.model,
        settings,
        data=report.data,
        support={"rule": dict(report.protocol), "pictures": support},
        prompts=listed,
        metrics=report.definitions,
        versions=report.versions,
        seconds=report.seconds,
    )


def protocol_box(
    command: str,
    model: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    data: Sequence[str] = (),
    support: Mapping[str, Mapping[str, Any]] | None = None,
    prompts: Mapping[str, Any] | None = None,
    metrics: Mapping[str, str] | None = None,
    versions: Mapping[str, str] | None = None,
    seconds: Mapping[str, float] | None = None,
) -> str:
    """Return the protocol in one box, and the same once more as JSON to be copied.

    `support` holds `rule` (how the normal pictures were drawn) and `pictures` (their names).
    """
    main = {"command": f"<code>{escape(command)}</code>"}
    for key, value in model.items():
        if value not in (None, ""):
            main["model" if key == "name" else f"model {words(key)}"] = said(value)
    rule, pictures = (dict((support or {}).get(part, {})) for part in ("rule", "pictures"))
    whole = {
        "command": command,
        "model": dict(model),
        "settings": dict(settings),
        "data": list(data),
        "support": rule | ({"pictures": pictures} if pictures else {}),
        "prompts": dict(prompts or {}),
        "metrics": dict(metrics or {}),
        "versions": dict(versions or {}),
    }
    brief = {key: value for key, value in settings.items() if not _long(value)}
    folded = "".join(
        _part(words(key).capitalize(), _terms(value))
        for key, value in settings.items()
        if key not in brief
    )
    taken = {METRIC_NAMES.get(k, k): escape(v) for k, v in (metrics or {}).items()}
    return f"""<section id="protocol"><h2>Protocol</h2>
<p class="muted">What it takes to repeat this run elsewhere.</p>
<div class="box">
{definitions(main, "protocol")}
{_data(data)}
{_open("Support", {words(k): said(v) for k, v in rule.items()})}
{_open("Settings", {words(k): said(v) for k, v in brief.items()})}
{folded}
{_part("Support pictures", {k: said(v) for k, v in pictures.items()})}
{_part("Prompts", {words(k): said(v) for k, v in (prompts or {}).items()})}
{_part("How each metric was taken", taken)}
{_part("Versions", {k: escape(v) for k, v in (versions or {}).items()})}
{_part("Seconds per stage", {k: f"{v:.1f}" for k, v in (seconds or {}).items()})}
<details><summary>All of this as JSON</summary>
<pre class="scroll" tabindex="0">{escape(_json(whole))}</pre></details>
</div>
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
    return f"""<section id="standing"><h2>What the method rests on</h2>
<p class="muted">Of the paper only the abstract could be read, and no official code is known.</p>
{scrolling(table, "Standing of the method's parts")}
<p class="muted small">{escape(CITATION)}</p></section>
{limits_section((*report.limits, *LIMITS))}"""


def limits_section(limits: Sequence[str]) -> str:
    """Return what the figures cannot say."""
    items = paragraphs(map(escape, limits), "li")
    return f'<section id="limits"><h2>Limits</h2>\n<ul class="limits">{items}</ul></section>'


def said(value: Any) -> str:
    """Return any setting as markup."""
    if isinstance(value, Mapping):
        return "<br>".join(f"{escape(words(str(k)))}: {said(v)}" for k, v in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return escape(", ".join(map(str, value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and (":" in value or "." in value):
        return f"<code>{escape(value)}</code>"
    return escape("none" if value is None else value)


def words(key: str) -> str:
    """Return a setting's name as words."""
    return {"k": "K"}.get(key, key.replace("_", " "))


def _data(lines: Sequence[str]) -> str:
    """Return what is said of the data: the beginning, and the rest folded away."""
    items = [f"<li>{escape(line.strip())}</li>" for line in lines if line.strip()]
    if not items:
        return ""
    first, rest = (items, []) if len(items) <= _MOST_LINES else (items[:1], items[1:])
    more = (
        f"<details><summary>Folder by folder</summary>"
        f'<ul class="plain mono">{"".join(rest)}</ul></details>'
        if rest
        else ""
    )
    return f'<h3 class="apart">Data</h3><ul class="plain mono">{"".join(first)}</ul>{more}'


def _long(value: Any) -> bool:
    """Whether a setting would fill the box, and is better folded away."""
    return not isinstance(value, str | int | float) and len(str(value)) > 300


def _terms(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {words(str(key)): said(part) for key, part in value.items()}
    return {"": said(value)}


def _open(title: str, terms: Mapping[str, str]) -> str:
    if not terms:
        return ""
    return f'<h3 class="apart">{title}</h3>{definitions(terms, "protocol two")}'


def _part(title: str, terms: Mapping[str, str]) -> str:
    if not terms:
        return ""
    return f"<details><summary>{title}</summary>{definitions(terms, 'protocol')}</details>"


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, default=str)
