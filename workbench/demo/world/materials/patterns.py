"""How the plane is parted and crossed: tiles, hexagons, interlaced strands."""

from typing import NamedTuple

import torch
from torch import Tensor

from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Field, Plane

NORMAL_SIZE = 192  # the size that heights in pixels are meant for
SHADES = 32  # random numbers along a side of the table of a tiling, which repeats after as many


class Tiles(NamedTuple):
    """A plane parted into tiles that are one row high."""

    y: Field  # place in the tile, -0.5..0.5
    x: Field
    edge: Field  # distance to the border of the tile, in rows
    shade: Field  # a random number in 0..1 of the tile
    row: Field
    column: Field


class Strands(NamedTuple):
    """Strands over and under each other, along x and along y."""

    height: Field  # 0 in the gaps to 1 where a strand is on top
    across: Field  # whether the strand on top runs along x
    along: Field  # place on that strand, in crossings
    shade: Field  # a random number in 0..1 of that strand


def bump(rows: Number | float) -> Number | float:
    """Return how many pixels wide a bump is with so many of them to a unit of length."""
    return NORMAL_SIZE / rows


def centred(field: Field) -> Field:
    """Return where in a row of unit width a coordinate lies, -0.5..0.5."""
    return field - torch.floor(field) - 0.5


def round_of(field: Field) -> Field:
    """Return the height (0..1) of a half round where a field runs from -1 to 1."""
    return torch.sqrt((1 - field * field).clamp_min(0))


def lots(dice: Dice, row: Field, column: Field | float = 0.0) -> Field:
    """Return a random number in 0..1 for each row and column."""
    table = dice.grid(SHADES * SHADES)
    at = (row % SHADES) * SHADES + (column % SHADES)
    return table.gather(1, at.flatten(1).long()).view_as(row)


def tiles(
    dice: Dice, plane: Plane, rows: Number, wide: Number | float = 1.0, shift: float = 0.0
) -> Tiles:
    """Return `rows` of tiles per unit, each `wide` rows wide, odd rows moved by `shift`."""
    y = plane.y * rows
    row = torch.floor(y)
    x = plane.x * (rows / wide) + shift * (row % 2)
    column = torch.floor(x)
    fy, fx = y - row - 0.5, x - column - 0.5
    edge = torch.minimum(0.5 - fy.abs(), (0.5 - fx.abs()) * wide)
    return Tiles(fy, fx, edge, lots(dice, row, column), row, column)


def hexagons(plane: Plane, rows: Number) -> Field:
    """Return the distance to the border in a honeycomb of cells of unit width, 0.5 at a centre."""
    y, x = plane.y * rows, plane.x * rows
    tall = 3**0.5
    ay, ax = centred(y / tall) * tall, centred(x)
    by, bx = centred(y / tall + 0.5) * tall, centred(x + 0.5)
    first = ay * ay + ax * ax < by * by + bx * bx
    qy, qx = torch.where(first, ay, by).abs(), torch.where(first, ax, bx).abs()
    return 0.5 - torch.maximum(qx, 0.5 * qx + 0.5 * tall * qy)


def interlaced(
    dice: Dice, plane: Plane, count: Number, thick: Tensor | float, uneven: float = 0.0
) -> Strands:
    """Return `count` strands per unit each way, `thick` (0..1) of their distance, over and under.

    `uneven` is how much their thickness differs.
    """
    y, x = plane.y * count, plane.x * count
    row, column = torch.round(y), torch.round(x)
    lot_y, lot_x = lots(dice, row), lots(dice, column)
    wide_y, wide_x = (thick * (1 + uneven * (lot - 0.5)) * 0.5 for lot in (lot_y, lot_x))
    wave = torch.cos(torch.pi * y) * torch.cos(torch.pi * x)
    high_y = round_of((y - row) / wide_y) * (0.6 + 0.4 * wave)
    high_x = round_of((x - column) / wide_x) * (0.6 - 0.4 * wave)
    over = high_y > high_x
    return Strands(
        torch.maximum(high_y, high_x),
        over.float(),
        torch.where(over, (y - row) / wide_y, (x - column) / wide_x),
        torch.where(over, lot_y, lot_x),
    )
