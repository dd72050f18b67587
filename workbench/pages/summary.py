"""The page's first screen: one sentence, and what the figures say about whether it worked."""

from workbench.pages.inputs import ReportInput, Values
from workbench.pages.markup import escape, percent

_USEFUL = 0.7
"""Below this image AUROC the page does not say that it detects."""


def headline(report: ReportInput) -> str:
    """Return the page's main sentence, as markup."""
    auroc = report.mean.get("image_auroc")
    shots = report.settings.get("shots")
    pictures = f"{shots} normal picture{'s' * (shots != 1)}" if shots else "normal pictures"
    products = len(report.categories)
    on = escape(report.categories[0].name) if products == 1 else f"{products} products"
    each = "" if products == 1 or not shots else " each"
    if auroc is None:
        return f"Scored {on} from {pictures}{each}; there is no figure to sum it up."
    verb = "tell" if auroc >= _USEFUL else "do not reliably tell"
    mean = "image AUROC" if products == 1 else "mean image AUROC"
    return (
        f"From {pictures}{each} and no training, {report.k} of {report.width} neurons {verb} "
        f"defective from normal on {on}: {mean} {percent(auroc)}&nbsp;%."
    )


def lead(report: ReportInput) -> str:
    """Return the sentence under the headline, as markup."""
    normal = sum(category.counts[0] for category in report.categories)
    defective = sum(category.counts[1] for category in report.categories)
    return (
        f"LAKE looks for the neurons of {_model(report)} that vary most "
        "over a few flawless pictures, remembers what normal looks like to them, and calls a new "
        f"picture defective where it moves away from that. Tried on {normal} normal and "
        f"{defective} defective test pictures that it had not seen."
    )


def _model(report: ReportInput) -> str:
    name = report.model.get("name")
    if name == "demo":
        return "the small demo CLIP"
    return f"<code>{escape(name)}</code>" if name else "a CLIP"


def findings(report: ReportInput) -> str:
    """Return the list of what the figures say, worded by the figures themselves."""
    items = [_detects(report)]
    controls = report.controls
    top, chance, every = (_auroc(controls.get(name, {})) for name in ("top", "random", "all"))
    spread = controls.get("random", {}).get("image_auroc_sd") or 0.0
    if top is not None and chance is not None:
        items.append(_against_random(top, chance, spread, report.k))
    if top is not None and every is not None:
        items.append(_against_all(top, every, report.k, report.width))
    visual, both = _auroc(controls.get("visual_only", {})), _auroc(report.mean)
    if visual is not None and both is not None and report.settings.get("text_weight", 1):
        items.append(_with_text(both, visual))
    return f'<ol class="findings">{"".join(items)}</ol>'


def _detects(report: ReportInput) -> str:
    value = _auroc(report.mean)
    if value is None:
        return _finding("–", "", "Whether it detects cannot be said.", "Image AUROC is undefined.")
    known = [c for c in report.categories if c.metrics.get("image_auroc") is not None]
    worst = min(known, key=lambda c: c.metrics["image_auroc"] or 0.0)
    best = max(known, key=lambda c: c.metrics["image_auroc"] or 0.0)
    said = (
        "It detects well."
        if value >= 0.9
        else "It detects, with errors."
        if value >= _USEFUL
        else "It detects weakly."
        if value >= 0.55
        else "It does not detect: this is chance."
    )
    span = (
        f"Best on {escape(best.name)} ({percent(best.metrics['image_auroc'])}), worst on "
        f"{escape(worst.name)} ({percent(worst.metrics['image_auroc'])}). "
        if len(known) > 1
        else ""
    )
    return _finding(percent(value), "image AUROC", said, f"{span}50 would be chance, 100 perfect.")


def _against_random(top: float, chance: float, spread: float, k: int) -> str:
    gap = top - chance
    said = (
        "The choice of neurons matters."
        if gap > 2 * spread and gap > 0
        else "The choice of neurons shows no clear gain."
        if gap > -2 * spread
        else "The choice of neurons did harm."
    )
    return _finding(
        percent(gap, signed=True),
        "points to random",
        said,
        f"The {k} most sensitive neurons reach {percent(top)}, {k} random ones {percent(chance)} "
        f"± {percent(spread)} (visual score alone).",
    )


def _against_all(top: float, every: float, k: int, width: int) -> str:
    gap = top - every
    said = (
        "A sparse set keeps up."
        if gap >= -0.01
        else "A sparse set loses a little."
        if gap >= -0.05
        else "A sparse set is not enough here."
    )
    return _finding(
        percent(gap, signed=True),
        "points to all",
        said,
        f"All {width} neurons reach {percent(every)}; the selection keeps {k / width:.0%} of them "
        "(visual score alone).",
    )


def _with_text(both: float, visual: float) -> str:
    gap = both - visual
    said = (
        "Adding words helps."
        if gap > 0.01
        else "Adding words makes little difference."
        if gap >= -0.01
        else "Adding words lowers the figure here."
    )
    return _finding(
        percent(gap, signed=True),
        "points by text",
        said,
        f"The visual score alone reaches {percent(visual)}; with the text score, {percent(both)}.",
    )


def _finding(value: str, unit: str, said: str, why: str) -> str:
    return (
        f'<li><div class="value">{value} <span class="unit">{unit}</span></div>'
        f"<div><h3>{said}</h3><p>{why}</p></div></li>"
    )


def _auroc(values: Values) -> float | None:
    return values.get("image_auroc")
