"""Fields that everything in the training world is made of, for many pictures at once.

A field is [picture, row, column]. A `Plane` says where each pixel of each picture lies: without a
camera a picture is one unit wide and high, with y running down and x to the right.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from workbench.demo.world.dice import Dice, Number

Field = Float[Tensor, "picture row column"]
Colours = Float[Tensor, "picture 3 row column"]
Tone = Float[Tensor, "picture 3 1 1"]
Spot = tuple[Number, Number]  # y, x
Path = list[Spot]

TABLE = 48  # random values along a side of a noise table; noise is mirrored after as many bumps
FINE = 4  # a noise table is smoothed to so many pixels per value
BANK = 64  # noise tables that all pictures share, each with its own place and scale


@dataclass(frozen=True)
class Plane:
    """Where the pixels of a batch of pictures lie."""

    y: Field
    x: Field

    @classmethod
    def of_pictures(cls, count: int, size: int, device: torch.device | None = None) -> "Plane":
        """Return the plane of `count` pictures, pixel centres in 0..1."""
        axis = (torch.arange(size, dtype=torch.float32, device=device) + 0.5) / size
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        return cls(y.repeat(count, 1, 1), x.repeat(count, 1, 1))

    @cached_property
    def pairs(self) -> Float[Tensor, "picture row column 2"]:
        """Return (x, y) of every pixel."""
        return torch.stack((self.x, self.y), dim=-1)

    @property
    def size(self) -> int:
        """Return the width of the pictures in pixels."""
        return int(self.y.shape[-1])

    def some(self, rows: Tensor) -> "Plane":
        """Return the plane of some of the pictures."""
        return Plane(self.y[rows], self.x[rows])

    def turned(self, angle: Field | Number | float) -> "Plane":
        """Return the plane turned by an angle in radians about its origin."""
        angle = torch.as_tensor(angle, device=self.y.device)
        c, s = torch.cos(angle), torch.sin(angle)
        return Plane(c * self.y - s * self.x, s * self.y + c * self.x)

    def moved(self, y: Field | Number | float, x: Field | Number | float) -> "Plane":
        """Return the plane with y and x added to its coordinates (fields warp it)."""
        return Plane(self.y + y, self.x + x)

    def scaled(self, y: Field | Number | float, x: Field | Number | float | None = None) -> "Plane":
        """Return the plane with its coordinates multiplied; what is drawn on it becomes smaller."""
        return Plane(self.y * y, self.x * (y if x is None else x))

    def radius(self) -> Field:
        """Return the distance to the origin."""
        return torch.sqrt(self.y * self.y + self.x * self.x)


@lru_cache(maxsize=4)
def _bank(device: torch.device) -> Float[Tensor, "texture 1 row column"]:
    """Return smooth noise of unit variance, made once, that every noise field is cut out of."""
    table = Dice.of(0, torch.arange(BANK, device=device)).normal_grid(1, TABLE, TABLE)
    smooth = F.interpolate(table, scale_factor=FINE, mode="bicubic")
    return smooth / smooth.std()


def noise(
    dice: Dice, plane: Plane, bumps: float | Number, across: float | Number | None = None
) -> Field:
    """Return smooth noise of about unit variance with `bumps` bumps per unit of length.

    `across` is the number along x where it differs from that along y: streaks.
    """
    bank = _bank(plane.y.device)
    wide = bumps if across is None else across
    pace = [torch.as_tensor(n, device=bank.device).expand(len(dice), 1, 1) for n in (wide, bumps)]
    chosen, start = dice.choice(BANK), 2 * dice.grid(1, 1, 2) - 1
    at = torch.addcmul(start, plane.pairs, torch.cat(pace, -1)[:, None] * (2 / TABLE))
    return F.grid_sample(bank[chosen], at, padding_mode="reflection", align_corners=False)[:, 0]


def fractal(
    dice: Dice, plane: Plane, bumps: float | Number, octaves: int = 4, decay: float = 0.5
) -> Field:
    """Return noise of about unit variance; each octave is twice as fine and `decay` as strong."""
    total, power = noise(dice, plane, bumps), 1.0
    for octave in range(1, octaves):
        total = total.add(noise(dice, plane, bumps * 2**octave), alpha=decay**octave)
        power += decay ** (2 * octave)
    scaled: Tensor = total / power**0.5
    return scaled


def grain(dice: Dice, size: int) -> Field:
    """Return noise that differs from pixel to pixel, of about unit variance."""
    return (dice.grid(size, size) - 0.5) * 12**0.5


class Cells(NamedTuple):
    """A plane parted into cells: how far to the nearest centre, to the cell's edge, and whose."""

    centre: Field  # distance to the nearest centre, in cells
    edge: Field  # distance to the border of the cell, in cells
    shade: Field  # a random number in 0..1 of the cell


def cells(dice: Dice, plane: Plane, count: float | Number, jitter: float = 0.9) -> Cells:
    """Return a Voronoi parting with `count` cells per unit of length (Worley, SIGGRAPH 1996).

    `jitter` 0 gives squares, 1 wild cells. It repeats after 48 cells.
    """
    places = jitter * (dice.grid(2, TABLE * TABLE) - 0.5)
    shades = dice.grid(TABLE * TABLE)
    y, x = plane.y * count, plane.x * count
    row, column = torch.floor(y), torch.floor(x)
    fy, fx = y - row - 0.5, x - column - 0.5
    row, column = row.int() % TABLE, column.int() % TABLE
    best = torch.full_like(y, 9.0)
    second = torch.full_like(y, 9.0)
    owner = torch.zeros_like(row)
    for dy in (-1, 0, 1):
        r = (row + dy) % TABLE * TABLE
        for dx in (-1, 0, 1):
            at = r + (column + dx) % TABLE
            flat = at.flatten(1).long()
            py = places[:, 0].gather(1, flat).view_as(y) + (dy - fy)
            px = places[:, 1].gather(1, flat).view_as(y) + (dx - fx)
            gap = py * py + px * px
            second = torch.minimum(second, torch.maximum(gap, best))
            owner = torch.where(gap < best, at, owner)
            best = torch.minimum(best, gap)
    shade = shades.gather(1, owner.flatten(1).long()).view_as(y)
    near = best.sqrt()
    return Cells(near, 0.5 * (second.sqrt() - near), shade)


def turing(dice: Dice, plane: Plane, bumps: float | Number, sharp: float = 2.0) -> Field:
    """Return the stripes and spots of a reaction that spreads, about -1..1.

    A short-range activation and a long-range inhibition, taken turn by turn (Young, Math. Biosci.
    1984), on a table that repeats.
    """
    side, period = 96, 6.0
    rows = torch.fft.fftfreq(side, device=plane.y.device)[:, None]
    columns = torch.fft.rfftfreq(side, device=plane.y.device)[None]
    pace = torch.hypot(rows, columns) * period
    band = torch.exp(-0.5 * ((pace - 1) / 0.25) ** 2)
    state = dice.normal_grid(side, side)
    bias = dice.uniform(-0.25, 0.25)
    for _ in range(6):
        state = torch.fft.irfft2(torch.fft.rfft2(state) * band, s=(side, side))
        state = torch.tanh(sharp * state / state.std((1, 2), keepdim=True) + bias)
    pace = torch.as_tensor(bumps * (2 * period / side), device=plane.y.device)
    at = plane.pairs * pace.reshape(-1, 1, 1, 1)
    found = F.grid_sample(state[:, None], at, padding_mode="reflection", align_corners=False)
    return found[:, 0]


def stripes(plane: Plane, count: float | Number) -> Field:
    """Return a wave along y, -1..1, with `count` crests per unit of length."""
    return torch.cos(plane.y * (count * 2 * torch.pi))


def step(field: Field, threshold: float | Tensor, width: float | Tensor) -> Field:
    """Return 0 below the threshold and 1 above, with a ramp `width` wide between."""
    return ((field - threshold) / width + 0.5).clamp(0, 1)


def mix(below: Tensor, above: Tensor, share: Tensor) -> Tensor:
    """Return `below` with `above` laid over it where `share`, a field, is 1."""
    if below.ndim == 4 and share.ndim == 3:
        share = share[:, None]
    return below + (above - below) * share


def soften(field: Tensor, width: float) -> Tensor:
    """Return fields or colours blurred over about `width` pixels: shrunk, then enlarged again."""
    shown = field if field.ndim == 4 else field[:, None]
    size = shown.shape[-1]
    small = max(2, round(size / max(1.0, width)))
    if small < size:
        shown = F.interpolate(shown, (small, small), mode="area")
        shown = F.interpolate(shown, (size, size), mode="bicubic")
    return shown if field.ndim == 4 else shown[:, 0]


def shifted(field: Tensor, rows: int, columns: int) -> Tensor:
    """Return fields or colours moved by whole pixels; what leaves comes back at the other side."""
    return torch.roll(field, (rows, columns), (-2, -1))


def wander(
    dice: Dice,
    spot: Spot,
    length: float | Number,
    pieces: int,
    bend: float,
    way: Number | None = None,
) -> Path:
    """Return a path of `pieces` about `spot` that turns by about `bend` radians at each.

    It sets out in the direction `way` (radians, 0 is rightwards), or in any.
    """
    way = dice.angle() if way is None else way
    y, x = spot[0] - torch.sin(way) * length / 2, spot[1] - torch.cos(way) * length / 2
    path = [(y, x)]
    for _ in range(pieces):
        way = way + dice.normal(bend)
        y, x = y + torch.sin(way) * length / pieces, x + torch.cos(way) * length / pieces
        path.append((y, x))
    return path


def path_distance(plane: Plane, path: Path) -> Field:
    """Return the distance to the nearest place of a path, at half the resolution, enlarged."""
    y, x = plane.y[:, ::2, ::2], plane.x[:, ::2, ::2]
    y, x = 0.5 * (y + plane.y[:, 1::2, 1::2]), 0.5 * (x + plane.x[:, 1::2, 1::2])
    nearest = torch.full_like(y, 9.0)
    for start, end in pairwise(path):
        ey, ex = end[0] - start[0], end[1] - start[1]
        py, px = y - start[0], x - start[1]
        along = ((py * ey + px * ex) / (ey * ey + ex * ex + 1e-12)).clamp(0, 1)
        py, px = py - along * ey, px - along * ex
        nearest = torch.minimum(nearest, py * py + px * px)
    near = nearest.sqrt()[:, None]
    return F.interpolate(near, scale_factor=2, mode="bilinear")[:, 0]


def line(plane: Plane, path: Path, pixels: float | Number) -> Field:
    """Return an antialiased stroke along a path, 1 on it and 0 off it, `pixels` wide."""
    pixel = 1 / plane.size
    return step(-path_distance(plane, path), pixels * (-0.5 * pixel), 1.2 * pixel)


def blob(dice: Dice, plane: Plane, spot: Spot, radius: Number, ragged: float = 0.25) -> Field:
    """Return a ragged spot as a signed distance in radii: positive inside, 1 at its middle."""
    near = plane.moved(-spot[0], -spot[1]).turned(dice.angle())
    squeeze = torch.exp(dice.normal(0.25))
    far = near.scaled(squeeze / radius, 1 / (squeeze * radius)).radius()
    return 1 - far + ragged * noise(dice, plane, 1.3 / radius)
