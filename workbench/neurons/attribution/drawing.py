"""Input maps over their pictures, for a notebook."""

import html

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from workbench.neurons.inline import img

MOST = 8
"""At most so many images are shown."""

FULL = 0.995
"""The colour is full at this quantile of the magnitudes of all values."""

_UP, _DOWN = (213, 94, 0), (0, 114, 178)  # vermillion and blue (Okabe and Ito 2008)
_OPACITY = 0.85


def page(
    title: str,
    pictures: UInt8[np.ndarray, "image height width 3"],
    values: Float[np.ndarray, "image height width"],
) -> str:
    """Return maps as HTML, all of them on one scale that is 0 where nothing is drawn."""
    values = np.where(np.isfinite(values), values, 0.0)
    sizes = np.abs(values)
    full = float(np.quantile(sizes, FULL)) or float(sizes.max()) or 1.0
    shown = "".join(
        f'<figure style="margin:0 1em 1em 0;display:inline-block">'
        f"{img(over(picture, one, full), f'{title}, image {index}', 192)}"
        f"<figcaption>image {index}</figcaption></figure>"
        for index, (picture, one) in enumerate(zip(pictures[:MOST], values[:MOST], strict=True))
    )
    rest = "" if len(pictures) <= MOST else f"; the first {MOST} of {len(pictures)} images"
    return (
        f"<p><b>{html.escape(title)}</b>{rest}</p>{_legend(full, bool((values < 0).any()))}"
        f"<div>{shown}</div>"
    )


def over(
    picture: UInt8[np.ndarray, "height width 3"],
    values: Float[np.ndarray, "height width"],
    full: float,
) -> Image.Image:
    """Return a map in colour over its picture in grey: raised in vermillion, lowered in blue.

    The more opaque, the larger: `full` and beyond hide the picture most.
    """
    grey = np.asarray(Image.fromarray(picture).convert("L"), float)[..., None]
    alpha = _OPACITY * np.minimum(np.abs(values) / full, 1)[..., None]
    colour = np.where((values > 0)[..., None], _UP, _DOWN)
    return Image.fromarray(np.round((1 - alpha) * grey + alpha * colour).astype(np.uint8))


def _legend(full: float, signed: bool) -> str:
    up, down = (f"rgba{(*colour, _OPACITY)}" for colour in (_UP, _DOWN))
    number = f"{full:.3g}"
    ends = (f"{down},", f"&minus;{number} and below") if signed else ("", "0")
    return (
        f'<p>{ends[1]} <span style="display:inline-block;width:12em;height:0.8em;border:1px solid '
        f'currentColor;background:linear-gradient(90deg,{ends[0]}transparent,{up})"></span> '
        f"{number} and above, in every image</p>"
    )
