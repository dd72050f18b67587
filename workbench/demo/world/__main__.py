"""Draw a sheet of the training world: `python -m workbench.demo.world --out sheet.png`."""

import argparse
import io
import logging
from pathlib import Path

from PIL import Image

from workbench.demo.world.captions import caption_of
from workbench.demo.world.drawing import draw
from workbench.files import write_bytes

COLUMNS, GAP = 8, 2


def sheet(seed: int, first: int, count: int, size: int) -> tuple[Image.Image, list[str]]:
    """Return pictures `first` to `first + count` of a world, in rows of 8, and their captions."""
    numbers = range(first, first + count)
    drawn = draw(seed, numbers, size)
    cell = size + GAP
    picture = Image.new("RGB", (COLUMNS * cell, -(-count // COLUMNS) * cell))
    for place, image in enumerate(drawn.images):
        corner = (place % COLUMNS * cell, place // COLUMNS * cell)
        picture.paste(Image.fromarray(image.permute(1, 2, 0).numpy()), corner)
    texts = [
        caption_of(seed, number, scene) for number, scene in zip(numbers, drawn.scenes, strict=True)
    ]
    return picture, texts


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m workbench.demo.world", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the PNG file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first picture")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--size", type=int, default=192, help="width of a picture in pixels")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    picture, texts = sheet(options.seed, options.first, options.count, options.size)
    packed = io.BytesIO()
    picture.save(packed, "PNG")
    write_bytes(options.out, packed.getvalue())
    log = logging.getLogger("workbench.demo.world")
    for number, text in enumerate(texts, options.first):
        log.info("%d  %s", number, text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
