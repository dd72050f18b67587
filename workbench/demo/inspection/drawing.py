"""Flat drawing at twice a sheet's resolution, shrunk in the end, which antialiases it."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from workbench.demo.inspection.bench import FRAME
from workbench.demo.inspection.noise import Field

DETAIL = 2
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


class Drawing:
    """Colours, height and gloss drawn together, in units of sheet pixels."""

    def __init__(self, width: float, height: float, colour: Colour, *, clear: bool = False) -> None:
        self.size = (round(width * DETAIL), round(height * DETAIL))
        self.rgb = Image.new("RGB", self.size, colour)
        self.height = Image.new("L", self.size, 0)
        self.gloss = Image.new("L", self.size, 0)
        self.cover = Image.new("L", self.size, 0 if clear else 255)

    def _each(
        self, colour: Colour, rise: int, gloss: int
    ) -> list[tuple[ImageDraw.ImageDraw, object]]:
        pairs = ((self.rgb, colour), (self.height, rise), (self.gloss, gloss), (self.cover, 255))
        return [(ImageDraw.Draw(image), fill) for image, fill in pairs]

    def box(
        self, box: Box, colour: Colour, rise: int = 0, gloss: int = 20, round_: float = 0
    ) -> None:
        """Fill a rectangle (left, top, right, bottom)."""
        scaled = tuple(v * DETAIL for v in box)
        for pen, fill in self._each(colour, rise, gloss):
            pen.rounded_rectangle(scaled, round_ * DETAIL, fill=fill)  # type: ignore[arg-type]

    def oval(self, box: Box, colour: Colour, rise: int = 0, gloss: int = 20) -> None:
        """Fill an ellipse within a rectangle."""
        scaled = tuple(v * DETAIL for v in box)
        for pen, fill in self._each(colour, rise, gloss):
            pen.ellipse(scaled, fill=fill)  # type: ignore[arg-type]

    def line(self, points: list[tuple[float, float]], colour: Colour, width: float) -> None:
        """Draw a polyline of (x, y) into the colours only."""
        scaled = [(x * DETAIL, y * DETAIL) for x, y in points]
        ImageDraw.Draw(self.rgb).line(
            scaled, fill=colour, width=round(width * DETAIL), joint="curve"
        )

    def text(
        self, at: tuple[float, float], words: str, size: float, colour: Colour, anchor: str = "mm"
    ) -> None:
        """Print words, centred at `at` (x, y) unless the anchor says otherwise."""
        font = ImageFont.load_default(size * DETAIL)
        ImageDraw.Draw(self.rgb).text(
            (at[0] * DETAIL, at[1] * DETAIL), words, fill=colour, font=font, anchor=anchor
        )

    def paste(self, other: "Drawing", x: float, y: float, turn: float = 0.0) -> None:
        """Lay another drawing with its centre at (x, y), turned by degrees."""
        layers = [
            image.rotate(turn, Image.Resampling.BICUBIC, expand=True)
            for image in (other.rgb, other.height, other.gloss, other.cover)
        ]
        corner = (round(x * DETAIL - layers[0].width / 2), round(y * DETAIL - layers[0].height / 2))
        for image, layer in zip((self.rgb, self.height, self.gloss), layers[:3], strict=True):
            image.paste(layer, corner, layers[3])

    def layer(self, image: Image.Image) -> Field:
        """Return one 8-bit layer at sheet resolution, 0..1."""
        return np.array(image.reduce(DETAIL), dtype=np.float32) / np.float32(255)


def rectangle(left: float, top: float, right: float, bottom: float, corner: float) -> Field:
    """Return the cover of a rounded rectangle, in sheet pixels, with corners of that radius."""
    image = Image.new("L", (FRAME * DETAIL, FRAME * DETAIL))
    ImageDraw.Draw(image).rounded_rectangle(
        (left * DETAIL, top * DETAIL, right * DETAIL, bottom * DETAIL), corner * DETAIL, fill=255
    )
    return np.array(image.reduce(DETAIL), dtype=np.float32) / np.float32(255)
