"""Putting text, numbers and pictures into HTML. Whatever comes from outside passes `escape`."""

import base64
import html
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from workbench.figures.overlay import encode
from workbench.images.decode import open_image, to_rgb


def escape(text: Any) -> str:
    """Return `text` with everything that HTML would read as markup made harmless.

    >>> escape('<b>"')
    '&lt;b&gt;&quot;'
    """
    return html.escape(str(text), quote=True)


def breakable(path: str) -> str:
    """Return a path, escaped, that a narrow column may break behind each of its slashes.

    >>> breakable('test/a&b.png')
    'test/<wbr>a&amp;b.png'
    """
    return escape(path).replace("/", "/<wbr>")


def percent(value: float | None, reason: str = "", signed: bool = False) -> str:
    """Return a fraction in percent with one decimal, or "undefined" with the reason.

    >>> percent(0.94712), percent(-0.012, signed=True)
    ('94.7', '−1.2')
    """
    if value is None:
        title = f' title="{escape(reason)}"' if reason else ""
        return f'<span class="undefined"{title}>undefined</span>'
    return f"{100 * value:{'+' if signed else ''}.1f}".replace("-", "−")


def data_uri(image: Image.Image, max_side: int) -> str:
    """Return the picture inside an address, as WebP no larger than `max_side` pixels."""
    return "data:image/webp;base64," + base64.b64encode(encode(image, max_side)).decode("ascii")


def img(image: Image.Image, alt: str, max_side: int, classes: str = "") -> str:
    """Return an `<img>` that carries its picture."""
    shrink = min(1.0, max_side / max(image.size))
    width, height = (max(1, round(side * shrink)) for side in image.size)
    return (
        f'<img src="{data_uri(image, max_side)}" alt="{escape(alt)}" width="{width}" '
        f'height="{height}"{f" class={chr(34)}{classes}{chr(34)}" if classes else ""}>'
    )


def shrunk(image: Image.Image, max_side: int) -> Image.Image:
    """Return the picture with no side above `max_side`, itself if it is small enough."""
    if max(image.size) <= max_side:
        return image
    shrink = max_side / max(image.size)
    width, height = (max(1, round(side * shrink)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def opened(picture: Image.Image | Path) -> Image.Image:
    """Return the picture as upright 8-bit RGB. Raises `DataError` if the file is no image."""
    return to_rgb(picture) if isinstance(picture, Image.Image) else open_image(picture)


def paragraphs(texts: Iterable[str], tag: str = "p") -> str:
    """Wrap each text, already markup, in a tag."""
    return "".join(f"<{tag}>{text}</{tag}>" for text in texts)


def scrolling(table: str, label: str) -> str:
    """Wrap a table in a box that scrolls by itself where the screen is narrow."""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">{table}</div>'
    )
