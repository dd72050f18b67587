"""The threshold that the support set, and what it does on each kind of test image."""

import math
from collections.abc import Sequence

import numpy as np

from workbench.evaluation.threshold import Threshold
from workbench.figures.colours import number
from workbench.pages.inputs import CategoryReport
from workbench.pages.markup import escape, percent, scrolling
from workbench.pages.scores import Group, score_strips


def groups(category: CategoryReport) -> list[Group]:
    """Return the test scores by kind: normal first, then each defect by name."""
    return [
        Group(name, defective, category.scores[picked])
        for name, defective, picked in _picked(category)
    ]


def scores_figure(category: CategoryReport) -> str:
    """Draw the scores per kind of defect with the threshold across them."""
    threshold = category.threshold
    counts = flagged(category)
    return score_strips(
        groups(category),
        None if threshold is None else threshold.value,
        None if counts is None else counts,
    )


def flagged(category: CategoryReport) -> list[int] | None:
    """Return how many images of each group the threshold flags; `None` without a threshold."""
    if category.threshold is None:
        return None
    known = [flag for flag in category.flagged if flag is not None]
    flags = (
        np.array(known, dtype=bool)
        if len(known) == len(category.scores)
        else category.scores >= category.threshold.value
    )
    return [int(flags[picked].sum()) for _, _, picked in _picked(category)]


def threshold_box(category: CategoryReport) -> str:
    """Return the threshold, how it came about, and what it does; nothing without one."""
    threshold, counts = category.threshold, flagged(category)
    if threshold is None or counts is None:
        return ""
    rows = "".join(
        _row(group, count) for group, count in zip(groups(category), counts, strict=True)
    )
    table = (
        '<table class="compact"><thead><tr><th scope="col">Kind</th><th scope="col">Images</th>'
        '<th scope="col">Flagged</th><th scope="col">Share (%)</th>'
        '<th scope="col">95 % interval</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    return f"""<div class="box threshold-box"><h4>The threshold: {number(threshold.value)}</h4>
<p>{_origin(threshold)}</p>
{scrolling(table, f"What the threshold does on {category.name}")}
<p class="muted small">Intervals: Wilson’s, for a share of so many images.{_oracle(category)}</p>
</div>"""


def wilson(count: int, images: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval for a share (Wilson 1927).

    >>> [round(end, 3) for end in wilson(0, 10)]
    [0.0, 0.278]
    """
    z = 1.959963984540054
    share = count / images
    middle = share + z * z / (2 * images)
    half = z * math.sqrt(share * (1 - share) / images + z * z / (4 * images * images))
    whole = 1 + z * z / images
    return max((middle - half) / whole, 0.0), min((middle + half) / whole, 1.0)


def _picked(category: CategoryReport) -> list[tuple[str, bool, np.ndarray]]:
    labels = np.asarray(category.labels).astype(bool)
    kinds = np.array(
        [defect or "defective" for defect in category.defects] or ["defective"] * len(labels),
        dtype=object,
    )
    found: list[tuple[str, bool, np.ndarray]] = []
    if not labels.all():
        found.append(("normal", False, ~labels))
    for kind in sorted(set(kinds[labels].tolist())):
        found.append((str(kind), True, labels & (kinds == kind)))
    return found


def _row(group: Group, count: int) -> str:
    images = len(group.scores)
    low, high = wilson(count, images)
    said = "caught" if group.defective else "false alarms"
    return (
        f'<tr><th scope="row">{escape(group.name)}</th><td>{images}</td>'
        f'<td>{count} <span class="sd">{said}</span></td><td>{percent(count / images)}</td>'
        f"<td>{percent(low)} to {percent(high)}</td></tr>"
    )


def _origin(threshold: Threshold) -> str:
    promise = (
        f"It promises at most {percent(threshold.alpha)}&nbsp;% false alarms on pictures like the "
        f"support, on average over supports (conformal, {_images(threshold.images)})."
        if threshold.kind == "conformal"
        else f"It aims at {percent(threshold.alpha)}&nbsp;% false alarms, and "
        f"{_images(threshold.images)} cannot promise that: it is a heuristic."
    )
    said = f" How: {escape(threshold.description.rstrip('.'))}." if threshold.description else ""
    return f"Set by the support alone, with no test image and no label seen. {promise}{said}"


def _images(count: int) -> str:
    return f"{count} support image{'s' * (count != 1)}"


def _oracle(category: CategoryReport) -> str:
    best = category.measures.get("image_f1_max")
    if best is None or best.threshold is None:
        return ""
    return (
        f" With the test labels in hand, the best F1 would be at {number(best.threshold)}: "
        "an oracle’s choice, shown for comparison only."
    )


def all_thresholds(categories: Sequence[CategoryReport]) -> str:
    """Return one table of every category's threshold: false alarms and catches."""
    rows = []
    for category in categories:
        counts = flagged(category)
        if category.threshold is None or counts is None:
            continue
        judged = list(zip(groups(category), counts, strict=True))
        normal = [(n, len(group.scores)) for group, n in judged if not group.defective]
        caught = [(n, len(group.scores)) for group, n in judged if group.defective]
        rows.append(
            f'<tr><th scope="row">{escape(category.name)}</th>'
            f"<td>{number(category.threshold.value)}</td><td>{escape(category.threshold.kind)}</td>"
            f"<td>{percent(category.threshold.alpha)}</td>{_share(normal)}{_share(caught)}</tr>"
        )
    if not rows:
        return ""
    table = (
        '<table><thead><tr><th scope="col">Product</th><th scope="col">Threshold</th>'
        '<th scope="col">Kind</th><th scope="col">Aimed at (%)</th>'
        '<th scope="col">False alarms</th><th scope="col">Caught</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return scrolling(table, "Thresholds per product")


def _share(counts: Sequence[tuple[int, int]]) -> str:
    count, images = sum(n for n, _ in counts), sum(total for _, total in counts)
    if images == 0:
        return "<td>–</td>"
    share = f'<span class="sd">({percent(count / images)} %)</span>'
    return f"<td>{count} of {images} {share}</td>"
