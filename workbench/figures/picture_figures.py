"""Figures with pictures in them: what the method does, and what it finds."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Float
from PIL import Image

from workbench.excavation.detection import Detection
from workbench.figures.colours import heat_table, number
from workbench.figures.overlay import encode, fitted_mask, overlay
from workbench.figures.paper import (
    DOUBLE,
    SMALL,
    PaperFigure,
    panel_letters,
    pt,
    px,
    sized,
)
from workbench.figures.results_folder import Results, Spectrum

MOST = 5
_SIDE = 420  # pixels: 300 per inch at 35 mm
_RUN = "excavations and their pictures: workbench demo --out DIR"


@dataclass(frozen=True, eq=False)
class Scene:
    """A test picture to show: what was found in it, the truth, and the support behind it."""

    category: str
    name: str
    defect: str
    picture: Image.Image
    detection: Detection
    mask: Bool[np.ndarray, "height width"] | None
    value_range: tuple[float, float]
    support: Sequence[Image.Image]


def middling(images: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Return of every category the defective test image whose score is the middle one.

    Of an even number the lower of the two, and of equal scores the first by name: neither the best
    case nor the worst.
    """
    found = []
    for category in dict.fromkeys(row["category"] for row in images):
        own = [row for row in images if row["category"] == category and row["label"] == "1"]
        ordered = sorted(own, key=lambda row: (float(row["score"]), row["image"]))
        if ordered:
            found.append(ordered[(len(ordered) - 1) // 2])
    return found[:MOST]


def lacks_scenes(results: Results) -> str:
    """Say what a figure with pictures needs that the folder does not hold."""
    if not results.spectra:
        return _RUN
    chosen = middling(results.images)
    if not chosen:
        return "per_image.csv with defective images"
    gone = [row["path"] for row in chosen if not Path(row["path"]).is_file()]
    if gone:
        return f"the pictures where the run found them: {gone[0]} is gone"
    return ""


def overview(results: Results, scenes: Sequence[Scene]) -> PaperFigure:
    """Draw the method on one picture: support, sensitivities with K marked, picture, map."""
    scene = scenes[0]
    spectrum = next(one for one in results.spectra if one.category == scene.category)
    height, top, bottom = 48.0, 6.0, 11.0
    plot = height - top - bottom
    figure = go.Figure()
    sized(figure, DOUBLE, height)
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": px(top), "b": px(bottom)},
        showlegend=False,
        xaxis={"domain": [57 / DOUBLE, 92 / DOUBLE], "title": {"text": "rank of the neuron"}},
        yaxis={
            "type": "log",
            "dtick": 1,
            "exponentformat": "power",
            "title": {"text": "sensitivity"},
            "automargin": False,
        },
    )
    _spectrum(figure, spectrum)
    side = (plot - 1) / 2
    for index, picture in enumerate(scene.support[:4]):
        row, column = divmod(index, 2)
        _picture(figure, picture, 4 + column * (side + 1), row * (side + 1), side, side, plot)
    _picture(figure, scene.picture, 101, 0, plot, plot, plot)
    _picture(figure, _heat(scene), 101 + plot + 4, 0, plot, plot, plot)
    places = (4, 57, 101, 101 + plot + 4)
    panel_letters(figure, [(x / DOUBLE, 1.0) for x in places])
    _scale(figure, scene.value_range, 101 + plot + 4, plot)
    shown = min(4, len(scene.support))
    return PaperFigure(
        "overview",
        figure,
        f"The method on {scene.category}, {results.where}: (a) {shown} of the "
        f"{len(scene.support)} normal images that are all it sees; (b) the sensitivity of the "
        f"neurons to them, the {len(spectrum.selected)} most sensitive of "
        f"{len(spectrum.sensitivity)} shaded; (c) a test image ({scene.name}); (d) its anomaly "
        f"map, image score {number(scene.detection.score)}. One support set, seed "
        f"{results.about['settings'].get('seed')}; (c) is the defective image with the middle "
        "score of its category.",
        [
            *(
                {"panel": "b", "x": rank, "y": float(value), "value": None}
                for rank, value in enumerate(np.sort(spectrum.sensitivity)[::-1], 1)
            ),
            *(
                {"panel": "d", "x": column, "y": row, "value": float(value)}
                for (row, column), value in np.ndenumerate(scene.detection.fused)
            ),
        ],
    )


def grid(results: Results, scenes: Sequence[Scene]) -> PaperFigure:
    """Draw a row per category: image, truth, map, and the neurons with the largest shares."""
    side, gap, top, bottom = 30.0, 2.0, 6.0, 9.0
    plot = len(scenes) * (side + gap) - gap
    figure = go.Figure()
    sized(figure, DOUBLE, top + plot + bottom)
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": px(top), "b": px(bottom)}, showlegend=False, bargap=0.35
    )
    rows: list[dict[str, Any]] = []
    left = (6.0, 6 + side + gap, 6 + 2 * (side + gap))
    bars = 6 + 3 * (side + gap) + 13
    for index, scene in enumerate(scenes):
        at = index * (side + gap)
        for x, picture in zip(left, (scene.picture, _truth(scene), _heat(scene)), strict=True):
            if picture is not None:
                _picture(figure, picture, x, at, side, side, plot)
            else:
                _text(figure, "no mask", x + side / 2, at + side / 2, plot)
        _text(figure, f"{scene.category}, {scene.defect}", 3, at + side / 2, plot, textangle=-90)
        shares = _shares(scene)
        _bars(figure, index, shares, bars, at, side, plot)
        about = {"category": scene.category, "image": scene.name, "score": scene.detection.score}
        rows += [
            {**about, "what": "patch", "row": r, "column": c, "neuron": None, "value": float(value)}
            for (r, c), value in np.ndenumerate(scene.detection.fused)
        ]
        peak_row, peak_column = scene.detection.peak
        rows += [
            {
                **about,
                "what": "share",
                "row": peak_row,
                "column": peak_column,
                "neuron": neuron,
                "value": share,
            }
            for neuron, share in shares
        ]
    titles = ("image", "truth", "map", "strongest neurons")
    for x, title in zip((*left, bars), titles, strict=True):
        wide = side if title != titles[-1] else DOUBLE - bars - 3
        _text(figure, title, x + wide / 2, -2.2, plot)
    figure.update_layout({f"xaxis{_nth(len(scenes))}": {"title": "share of the score (%)"}})
    return PaperFigure(
        "qualitative",
        figure,
        f"What was found, {results.where}; of every category the defective test image with the "
        "middle score, neither the best case nor the worst: "
        f"{'; '.join(f'{s.category}: {s.name}' for s in scenes)}. Map: the same colour scale for "
        "all pictures of a category, from the median of its held-out normal patches (transparent) "
        "to as far above their largest. Bars: the neurons with the largest shares of the visual "
        f"score of the strongest patch; site "
        f"{results.spectra[0].site}. One support set of "
        f"{results.about['settings'].get('shots')} normal images, seed "
        f"{results.about['settings'].get('seed')}; no bands.",
        rows,
    )


def _spectrum(figure: go.Figure, one: Spectrum) -> None:
    values = np.sort(one.sensitivity)[::-1]
    values = values[values > 0]
    figure.add_trace(
        go.Scatter(
            x=list(range(1, len(values) + 1)),
            y=values.tolist(),
            mode="lines",
            line={"color": "#0072B2", "width": pt(1)},
        )
    )
    k = len(one.selected)
    figure.add_vrect(x0=1, x1=k, fillcolor="#0072B2", opacity=0.18, line_width=0)
    figure.add_annotation(
        x=k, y=1, yref="paper", text=f"K = {k}", xanchor="left", yanchor="top", xshift=px(0.8)
    )


def _shares(scene: Scene) -> list[tuple[int, float]]:
    whole = float(scene.detection.visual[scene.detection.peak])
    return [
        (index, 100 * share / whole if whole > 0 else 0.0)
        for index, share in scene.detection.strongest(most=MOST)
    ]


def _bars(
    figure: go.Figure,
    index: int,
    shares: Sequence[tuple[int, float]],
    x: float,
    y: float,
    side: float,
    plot: float,
) -> None:
    nth = _nth(index + 1)
    figure.add_trace(
        go.Bar(
            x=[share for _, share in shares],
            y=[f"{neuron}" for neuron, _ in shares],
            orientation="h",
            marker={"color": "#0072B2"},
            xaxis=f"x{nth}",
            yaxis=f"y{nth}",
        )
    )
    figure.update_layout(
        {
            f"xaxis{nth}": {
                "domain": [x / DOUBLE, (DOUBLE - 3) / DOUBLE],
                "anchor": f"y{nth}",
                "rangemode": "tozero",
                "nticks": 5,
            },
            f"yaxis{nth}": {
                "domain": [1 - (y + side) / plot + 4 / plot, 1 - y / plot],
                "anchor": f"x{nth}",
                "type": "category",
                "autorange": "reversed",
                "automargin": False,
            },
        }
    )


def _nth(number: int) -> str:
    return "" if number == 1 else str(number)


def _picture(
    figure: go.Figure,
    picture: Image.Image,
    x: float,
    y: float,
    width: float,
    height: float,
    plot: float,
    sizing: str = "contain",
) -> None:
    """Put a picture with its upper left corner at (x, y) mm of a plot that is `plot` mm high."""
    encoded = base64.b64encode(encode(picture, _SIDE, "png")).decode()
    figure.add_layout_image(
        source=f"data:image/png;base64,{encoded}",
        xref="paper",
        yref="paper",
        x=x / DOUBLE,
        y=1 - y / plot,
        sizex=width / DOUBLE,
        sizey=height / plot,
        xanchor="left",
        yanchor="top",
        sizing=sizing,
    )


def _text(figure: go.Figure, text: str, x: float, y: float, plot: float, **more: Any) -> None:
    figure.add_annotation(
        text=text,
        x=x / DOUBLE,
        y=1 - y / plot,
        xref="paper",
        yref="paper",
        xanchor="center",
        yanchor="middle",
        font={"size": pt(SMALL)},
        showarrow=False,
        **more,
    )


def _scale(figure: go.Figure, value_range: tuple[float, float], x: float, plot: float) -> None:
    low, high = value_range
    ramp = Image.fromarray(np.ascontiguousarray(heat_table()[None]))
    _picture(figure, ramp, x, plot + 1.5, plot, 2.0, plot, sizing="stretch")
    for text, at in ((f"≤ {number(low)}", x + 4), (f"≥ {number(high)}", x + plot - 4)):
        _text(figure, text, at, plot + 5.5, plot)


def _heat(scene: Scene) -> Image.Image:
    picture = scene.picture
    size = (picture.height, picture.width)
    shown: Float[np.ndarray, "height width"] = scene.detection.map(size)
    return overlay(picture, shown, scene.value_range)


def _truth(scene: Scene) -> Image.Image | None:
    if scene.mask is None:
        return None
    mask = fitted_mask(scene.mask, scene.picture.size)
    return Image.fromarray(np.where(mask, 255, 0).astype(np.uint8))
