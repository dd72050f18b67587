"""The colours of every figure: one palette for kinds of things, one scale for anomaly.

Kinds use the palette of Okabe and Ito (2008), which people with any common colour vision tell
apart. Anomaly uses a perceptually uniform scale (plasma), so that equal steps of the score look
like equal steps.
"""

from functools import cache

import numpy as np
from jaxtyping import Float, UInt8

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#8A8F98"

OKABE_ITO = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, YELLOW, BLACK)
"""The palette in the order in which figures use it up."""

NORMAL, DEFECT = BLUE, VERMILLION
CONTROLS = {
    "top": BLUE,
    "all": GREEN,
    "random": GREY,
    "bottom": ORANGE,
    "visual_only": SKY,
    "text_only": PURPLE,
}
"""One colour per row of the comparison, the same in every figure and page."""

CONTOUR = (0, 245, 255)
"""Ground truth is drawn in cyan, the one hue that the anomaly scale never takes."""


@cache
def heat_table() -> UInt8[np.ndarray, "256 3"]:
    """Return the anomaly scale as 256 RGB rows, lowest first (plasma)."""
    from plotly.colors import sample_colorscale

    rows = sample_colorscale("Plasma", [step / 255 for step in range(256)], colortype="tuple")
    table = np.round(255 * np.array(rows)).astype(np.uint8)
    table.setflags(write=False)
    return table


def unit_scale(
    values: Float[np.ndarray, "*shape"], value_range: tuple[float, float]
) -> Float[np.ndarray, "*shape"]:
    """Place `values` on the display scale: 0 at the range's low end and below, 1 at its top.

    For display only; no metric ever sees the result.

    >>> unit_scale(np.array([-1.0, 0.5, 9.0]), (0.0, 2.0)).tolist()
    [0.0, 0.25, 1.0]
    """
    low, high = value_range
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def heat_colours(
    values: Float[np.ndarray, "*shape"], value_range: tuple[float, float]
) -> UInt8[np.ndarray, "*shape 3"]:
    """Return the anomaly scale's RGB for each value, with the scale's ends at `value_range`."""
    colours: UInt8[np.ndarray, "*shape 3"] = heat_table()[
        np.round(255 * unit_scale(values, value_range)).astype(np.intp)
    ]
    return colours


def css_gradient(stops: int = 16) -> str:
    """Return the anomaly scale as a CSS background, lowest at the left."""
    picked = heat_table()[np.linspace(0, 255, stops).astype(np.intp)]
    return f"linear-gradient(90deg,{','.join(f'rgb({r},{g},{b})' for r, g, b in picked)})"


def number(value: float) -> str:
    """Return a raw score with three significant digits and a true minus.

    >>> number(-0.12749)
    '−0.127'
    """
    return f"{value:.3g}".replace("-", "−")


def plain_number(value: float) -> str:
    """Return the same with a hyphen, for pictures: Pillow's own font has no minus.

    >>> plain_number(-0.12749)
    '-0.127'
    """
    return f"{value:.3g}"
