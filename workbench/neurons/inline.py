"""Pictures inside HTML, for results that show themselves in a notebook."""

import base64
import html
import io

from PIL import Image


def png(picture: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file: every pixel as it is."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def img(picture: Image.Image, alt: str, height: int) -> str:
    """Return an `<img>` that carries its picture, shown `height` pixels high, unsmoothed."""
    width = max(1, round(picture.width * height / picture.height))
    data = base64.b64encode(png(picture)).decode("ascii")
    return (
        f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}" width="{width}" '
        f'height="{height}" style="image-rendering:pixelated">'
    )
