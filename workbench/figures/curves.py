"""Plotly figures of a run: what is sensitive, how scores part, how the controls fare."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from workbench.errors import DataError, SettingError
from workbench.figures.colours import CONTROLS, DEFECT, GREY, NORMAL, OKABE_ITO

TEMPLATE = go.layout.Template(
    layout={
        "colorway": list(OKABE_ITO),
        "font": {"family": "system-ui, Segoe UI, Helvetica, Arial, sans-serif", "size": 14},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 70, "r": 30, "t": 60, "b": 60},
        "xaxis": {"gridcolor": "#ECEEF1", "linecolor": "#9AA0A8", "ticks": "outside"},
        "yaxis": {"gridcolor": "#ECEEF1", "linecolor": "#9AA0A8", "ticks": "outside"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
)
"""The look that all figures share."""

CONTROL_NAMES = {
    "top": "most sensitive K",
    "all": "all neurons",
    "random": "random K",
    "bottom": "least sensitive K",
    "visual_only": "visual only",
    "text_only": "text only",
}
"""The rows of the comparison in the order and the words of every figure and page."""


def ranked(
    sensitivity: Float[np.ndarray, "neuron"], k: int
) -> tuple[Float[np.ndarray, "neuron"], float]:
    """Return the sensitivities from high to low, and the share that the first `k` hold.

    Raises `SettingError` unless 1 <= k <= neurons, `DataError` for NaN or negative values.

    >>> values, share = ranked(np.array([1.0, 6.0, 3.0]), 1)
    >>> values.tolist(), share
    ([6.0, 3.0, 1.0], 0.6)
    """
    if not 1 <= k <= len(sensitivity):
        raise SettingError(f"K is {k}, and the site has {len(sensitivity)} neurons.")
    if not (np.isfinite(sensitivity).all() and (sensitivity >= 0).all()):
        raise DataError("sensitivities must be finite and not negative.")
    values = np.sort(sensitivity)[::-1]
    total = float(values.sum())
    return values, float(values[:k].sum() / total) if total else 0.0


def sensitivity_figure(
    sensitivity: Float[np.ndarray, "neuron"], k: int, site: str = ""
) -> go.Figure:
    """Plot the spectrum: sensitivity by rank on a log scale, K marked, the cumulative share."""
    values, share = ranked(sensitivity, k)
    ranks = np.arange(1, len(values) + 1)
    total = float(values.sum()) or 1.0
    figure = go.Figure(
        [
            go.Scatter(x=ranks, y=values, name="sensitivity", line={"color": NORMAL, "width": 3}),
            go.Scatter(
                x=ranks,
                y=np.cumsum(values) / total,
                name="cumulative share",
                yaxis="y2",
                line={"color": GREY, "width": 2, "dash": "dot"},
            ),
        ]
    )
    figure.add_vrect(x0=1, x1=k, fillcolor=NORMAL, opacity=0.1, line_width=0)
    figure.add_vline(
        x=k, line={"color": NORMAL, "dash": "dash"}, annotation_text=f"K = {k}: {share:.0%}"
    )
    return figure.update_layout(
        template=TEMPLATE,
        margin={"r": 80},
        title=f"Sensitivity of the neurons at {site}" if site else "Sensitivity of the neurons",
        xaxis_title="rank",
        yaxis={"title": "sensitivity", "type": "log", "dtick": 1, "exponentformat": "power"},
        yaxis2={
            "title": "cumulative share",
            "overlaying": "y",
            "side": "right",
            "type": "linear",
            "range": [0, 1.02],
            "dtick": 0.25,
            "automargin": True,
            "tickformat": ".0%",
            "showgrid": False,
        },
    )


def scores_figure(
    scores: Float[np.ndarray, "image"], labels: Sequence[int], names: Sequence[str] = ()
) -> go.Figure:
    """Plot image scores, normal against defective: histograms with one dot per image above.

    `labels` are 0 (normal) or 1 (defective); `names` are shown when the pointer rests on a dot.
    """
    if len(scores) != len(labels) or (names and len(names) != len(scores)):
        raise DataError(f"{len(scores)} scores, {len(labels)} labels and {len(names)} names.")
    marks = np.asarray(labels)
    figure = go.Figure()
    span = float(np.ptp(scores)) or 1.0 if len(scores) else 1.0
    start = float(scores.min()) if len(scores) else 0.0
    bins = {"start": start, "end": start + 1.0001 * span, "size": span / 24}
    wobble = np.random.default_rng(0).uniform(-0.25, 0.25, len(scores))
    for label, name, colour in ((0, "normal", NORMAL), (1, "defective", DEFECT)):
        chosen = marks == label
        if not chosen.any():
            continue
        picked = scores[chosen]
        legend = f"{name} ({len(picked)})"
        figure.add_histogram(x=picked, name=legend, xbins=bins, marker_color=colour, opacity=0.6)
        figure.add_scatter(
            x=picked,
            y=label + wobble[chosen],
            mode="markers",
            yaxis="y2",
            showlegend=False,
            marker={"color": colour, "size": 7, "opacity": 0.75},
            text=[names[int(i)] for i in np.flatnonzero(chosen)] if names else None,
            name=name,
        )
    return figure.update_layout(
        template=TEMPLATE,
        barmode="overlay",
        title="Image scores",
        xaxis_title="anomaly score",
        yaxis={"title": "images", "domain": [0, 0.68]},
        yaxis2={
            "domain": [0.74, 1],
            "tickvals": [0, 1],
            "ticktext": ["normal", "defective"],
            "range": [-0.5, 1.5],
        },
    )


def controls_figure(
    controls: Mapping[str, Mapping[str, Mapping[str, Any]]], metric: str = "image_auroc"
) -> go.Figure:
    """Plot the comparison as bars: per category, each control's `metric`, in percent.

    `controls` is {category: {control: {metric: value in 0..1 or None, metric_sd: value}}}, as the
    `demo` verb writes it; random draws carry their standard deviation as an error bar.
    """
    figure = go.Figure()
    categories = list(controls)
    for control, name in CONTROL_NAMES.items():
        rows = [controls[category].get(control, {}) for category in categories]
        if not any(row.get(metric) is not None for row in rows):
            continue
        spread = [100 * (row.get(f"{metric}_sd") or 0.0) for row in rows]
        figure.add_bar(
            x=categories,
            y=[None if row.get(metric) is None else 100 * row[metric] for row in rows],
            name=name,
            marker_color=CONTROLS[control],
            error_y={"type": "data", "array": spread, "visible": any(spread)},
        )
    return figure.update_layout(
        template=TEMPLATE,
        barmode="group",
        title="The same detector with other neurons",
        yaxis={"title": f"{metric.replace('_', ' ')} (%)", "range": [0, 101]},
    )
