"""Figures of which neurons are sensitive, and how far categories select the same ones."""

import numpy as np
import plotly.graph_objects as go

from workbench.figures.curves import ranked
from workbench.figures.paper import SINGLE, PaperFigure, below, pt, px, sized, style
from workbench.figures.results_folder import Results

_RUN = "a folder with excavations in it: workbench demo --out DIR"


def spectrum(results: Results) -> PaperFigure:
    """Draw every category's sensitivities by rank on a log scale, with K marked."""
    figure = go.Figure()
    rows = []
    for index, one in enumerate(results.spectra):
        values, share = ranked(one.sensitivity, len(one.selected))
        look = style(index)
        ranks = np.arange(1, len(values) + 1)
        some = values > 0
        figure.add_trace(
            go.Scatter(
                x=ranks[some].tolist(),
                y=values[some].tolist(),
                name=f"{one.category}: {share:.0%}",
                mode="lines",
                line=look.line,
            )
        )
        order = np.argsort(-one.sensitivity, kind="stable")
        chosen = set(one.selected)
        rows += [
            {
                "category": one.category,
                "site": one.site,
                "rank": rank,
                "neuron": int(neuron),
                "sensitivity": float(one.sensitivity[neuron]),
                "selected": int(neuron in chosen),
            }
            for rank, neuron in enumerate(order, 1)
        ]
    sizes = sorted({len(one.selected) for one in results.spectra})
    for k in sizes:
        figure.add_vline(x=k, line={"color": "#1F2328", "width": pt(0.5), "dash": "dot"})
        figure.add_annotation(
            x=k, y=1, yref="paper", text=f"K = {k}", xanchor="left", yanchor="top", xshift=px(0.8)
        )
    figure.update_xaxes(title_text="rank of the neuron")
    figure.update_yaxes(
        title_text=f"sensitivity ({results.about['settings'].get('statistic', 'variance')})",
        type="log",
        dtick=1,
        exponentformat="power",
    )
    sites = ", ".join(sorted({one.site for one in results.spectra}))
    zero = sum(int((one.sensitivity <= 0).sum()) for one in results.spectra)
    left = f" {zero} values of 0 have no place on the log scale." if zero else ""
    return PaperFigure(
        "spectrum",
        below(figure, 1, 48, SINGLE),
        f"Sensitivity of the neurons at {sites} by rank, {results.where}; "
        f"{_support(results)}. Beside each category: the share of the total that the "
        f"{_listed(sizes)} selected neurons hold. One support set each; no bands.{left}",
        rows,
    )


def lacks_spectrum(results: Results) -> str:
    """Say what the spectrum needs that the folder does not hold."""
    return "" if results.spectra else _RUN


def overlap(results: Results) -> PaperFigure:
    """Draw which share of their selected neurons two categories have in common."""
    names = [one.category for one in results.spectra]
    sets = [set(one.selected) for one in results.spectra]
    shared = np.array([[len(a & b) / min(len(a), len(b)) for b in sets] for a in sets])
    figure = go.Figure(
        go.Heatmap(
            z=(100 * shared).tolist(),
            x=names,
            y=names,
            zmin=0,
            zmax=100,
            colorscale="Blues",
            xgap=1,
            ygap=1,
            colorbar={
                "title": {"text": "shared (%)", "side": "right", "font": {"size": pt(7)}},
                "tickfont": {"size": pt(6.5)},
                "thickness": px(3),
                "outlinewidth": 0,
            },
        )
    )
    for row, vertical in enumerate(names):
        for column, across in enumerate(names):
            value = float(shared[row, column])
            figure.add_annotation(
                x=across,
                y=vertical,
                text=f"{100 * value:.0f}",
                font={"color": "white" if value > 0.55 else "#1F2328", "size": pt(6.5)},
            )
    figure.update_yaxes(autorange="reversed", showline=False, ticks="")
    figure.update_xaxes(showline=False, ticks="", side="bottom")
    width = len(results.spectra[0].sensitivity)
    sizes = [len(one) for one in sets]
    chance = np.mean([max(a, b) / width for i, a in enumerate(sizes) for b in sizes[i + 1 :]])
    apart = shared[~np.eye(len(sets), dtype=bool)].mean()
    return PaperFigure(
        "overlap",
        sized(figure, SINGLE, 68),
        f"Neurons that two categories both select, in percent of the smaller selection, "
        f"{results.where}; {_support(results)}, {_listed(sorted(set(sizes)))} of {width} channels "
        f"each. Mean over pairs of categories: {100 * apart:.0f} %; two random selections of that "
        f"size share {100 * chance:.0f} % on average.",
        [
            {"category": a, "other": b, "shared": len(sets[i] & sets[j]), "share": shared[i, j]}
            for i, a in enumerate(names)
            for j, b in enumerate(names)
        ],
    )


def lacks_overlap(results: Results) -> str:
    """Say what the overlap needs that the folder does not hold."""
    if len(results.spectra) < 2:
        return f"two categories or more, excavated: {_RUN}"
    if len({(one.site, len(one.sensitivity)) for one in results.spectra}) > 1:
        return "categories excavated at one and the same site"
    return ""


def _support(results: Results) -> str:
    settings = results.about["settings"]
    return f"{settings.get('shots')} normal images of support, seed {settings.get('seed')}"


def _listed(numbers: list[int]) -> str:
    return " or ".join(map(str, numbers))
