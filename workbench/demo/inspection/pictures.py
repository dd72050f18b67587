"""Draw the demo inspection set: `python -m workbench.demo.inspection --out data/demo --seed 0`.

Five products in the MVTec AD layout, with masks. The same seed gives the same bytes with the same
versions of numpy, scipy and Pillow.
"""

import argparse
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import numpy as np
from jaxtyping import Bool, UInt8
from numpy.random import Generator, default_rng
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from workbench.demo.inspection import defects, parts, products
from workbench.demo.inspection.bench import Sheet, Shot, developed, photograph, shot
from workbench.demo.inspection.defects import Defect, Relayout
from workbench.demo.inspection.noise import Colours
from workbench.files import new_folder

log = logging.getLogger("workbench.demo.inspection")
TRAIN, GOOD, PER_DEFECT = 16, 20, 10
QUALITY = 90
ATTEMPTS, LEAST = 20, 30  # a defect that hardly shows is drawn again; least size in pixels
VISIBLE = 7 / 255  # a change of a pixel's colour that counts as the defect


@dataclass(frozen=True)
class Product:
    """What is inspected: how a flawless one is drawn, its ground, its pose, and what can be wrong.

    A wrong layout is a defect of an assembly, which is then drawn anew from the same numbers.
    """

    draw: Callable[[Generator], Sheet]
    ground: tuple[int, int, int]
    turn: float
    shift: float
    zoom: tuple[float, float]
    defects: dict[str, Defect]
    layouts: dict[str, Relayout] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """Return the names of all defects."""
        return sorted([*self.defects, *self.layouts])


PRODUCTS: dict[str, Product] = {
    "fabric": Product(
        products.fabric,
        (40, 40, 44),
        0.09,
        0.0,
        (1.15, 1.3),
        {
            "hole": defects.fabric_hole,
            "stain": defects.fabric_stain,
            "thread": defects.fabric_thread,
        },
    ),
    "metal": Product(
        products.metal,
        (58, 60, 64),
        3.1,
        0.03,
        (0.97, 1.1),
        {"dent": defects.metal_dent, "rust": defects.metal_rust, "scratch": defects.metal_scratch},
    ),
    "granite": Product(
        products.granite,
        (60, 60, 60),
        0.5,
        0.0,
        (1.45, 1.6),
        {
            "chip": defects.granite_chip,
            "crack": defects.granite_crack,
            "spill": defects.granite_spill,
        },
    ),
    "board": Product(
        parts.board,
        (150, 152, 156),
        0.07,
        0.015,
        (0.98, 1.05),
        {"scratch": defects.board_scratch},
        {"misplaced": defects.board_misplaced, "missing": defects.board_missing},
    ),
    "label": Product(
        parts.label,
        (150, 118, 84),
        0.1,
        0.02,
        (0.98, 1.06),
        {
            "misprint": defects.label_misprint,
            "smudge": defects.label_smudge,
            "tear": defects.label_tear,
        },
    ),
}


@dataclass(frozen=True)
class Inspected:
    """One picture of the set; `mask` is None where nothing is wrong."""

    image: UInt8[np.ndarray, "row column 3"]
    mask: Bool[np.ndarray, "row column"] | None


def inspect(name: str, seed: int, group: str, number: int) -> Inspected:
    """Return picture `number` of a group: "train", "good", or a defect of the product `name`.

    Flawless and defective pictures differ in every random choice; that a mask shows exactly what a
    defect changed comes from taking the defective product's picture twice, with and without it.
    """
    product = PRODUCTS[name]
    stream = [seed, crc32(name.encode()), crc32(group.encode()), number]
    view, ground = _scene(product, stream)
    sheet = product.draw(default_rng([*stream, 1]))
    clean = photograph(sheet, ground, view)
    if group not in product.kinds:
        return Inspected(developed(clean, view), None)
    force = 1 - number / (PER_DEFECT - 1)
    for attempt in range(ATTEMPTS):
        rng = default_rng([*stream, 2 + attempt])
        if group in product.layouts:
            wrong = parts.board(default_rng([*stream, 1]), product.layouts[group](rng, force))
        else:
            wrong = product.defects[group](rng, sheet, force)
        spoiled = photograph(wrong, ground, view)
        mask = difference(clean, spoiled)
        if mask.sum() >= LEAST:
            return Inspected(developed(spoiled, view), mask)
    raise RuntimeError(f"no visible {group} on {name} {number} in {ATTEMPTS} attempts")


def _scene(product: Product, stream: list[int]) -> tuple[Shot, Sheet]:
    rng = default_rng([*stream, 0])
    view = shot(rng, product.turn, product.shift, product.zoom)
    return view, products.mat(rng, product.ground)


def difference(clean: Colours, spoiled: Colours) -> Bool[np.ndarray, "row column"]:
    """Return where two pictures visibly differ: gaps of a pixel closed, single pixels dropped."""
    seen = np.abs(spoiled - clean).max(axis=2) > VISIBLE
    seen = ndimage.binary_closing(np.pad(seen, 4), iterations=2)[4:-4, 4:-4]
    seen = ndimage.binary_fill_holes(seen)
    parts_of, count = ndimage.label(seen, structure=np.ones((3, 3)))
    sizes = ndimage.sum_labels(seen, parts_of, np.arange(1, count + 1))
    kept: np.ndarray = np.isin(parts_of, 1 + np.flatnonzero(np.asarray(sizes) >= 6))
    return kept


def write(out: Path, seed: int, *, progress: bool = False) -> None:
    """Write the whole set to `out`, which appears only when it is complete.

    A README that stands in `out` already is kept.
    """
    readme = (out / "README.md").read_bytes() if (out / "README.md").is_file() else None
    with new_folder(out, overwrite=True) as folder:
        if readme is not None:
            (folder / "README.md").write_bytes(readme)
        jobs = [(name, group, number) for name in PRODUCTS for group, number in _pictures(name)]
        for name, group, number in tqdm(jobs, disable=not progress, unit="picture"):
            _save(folder / name, group, number, inspect(name, seed, group, number))


def _pictures(name: str) -> list[tuple[str, int]]:
    counts = {"train": TRAIN, "good": GOOD, **dict.fromkeys(PRODUCTS[name].kinds, PER_DEFECT)}
    return [(group, number) for group, count in counts.items() for number in range(count)]


def _save(folder: Path, group: str, number: int, picture: Inspected) -> None:
    place = folder / "train" / "good" if group == "train" else folder / "test" / group
    place.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    Image.fromarray(picture.image).save(packed, "JPEG", quality=QUALITY)
    (place / f"{number:03d}.jpg").write_bytes(packed.getvalue())
    if picture.mask is not None:
        masks = folder / "ground_truth" / group
        masks.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray(picture.mask.astype(np.uint8) * 255)
        grey.save(masks / f"{number:03d}_mask.png", optimize=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m workbench.demo.inspection", description=__doc__
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    write(options.out, options.seed, progress=True)
    log.info("wrote %s", options.out)
    return 0
