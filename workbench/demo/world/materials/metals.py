"""Metal as it comes from the mill, the foundry and the press."""

import torch

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, cells, fractal, noise, step
from workbench.demo.world.materials.material import Material
from workbench.demo.world.materials.patterns import NORMAL_SIZE, bump, interlaced, tiles

COLOURS = ("silver", "grey", "black", "brown", "yellow", "orange")


def brushed(dice: Dice, plane: Plane) -> Surface:
    """Fine parallel strokes with a band of sheen."""
    strokes = noise(dice, plane, 90.0, 1.5) + 0.4 * noise(dice, plane, 45.0, 0.7)
    strokes = strokes + 0.4 * noise(dice, plane, 80.0, 6.0)
    sheen = noise(dice, plane, 0.5, 1.6)
    tone = (0.5 + 0.14 * strokes + 0.18 * sheen).clamp(0, 1)
    return Surface(tone, dice.uniform(0.1, 0.25) * strokes, 0.5)


def cast(dice: Dice, plane: Plane) -> Surface:
    """The grainy, finely pitted skin of a casting."""
    count = dice.uniform(24, 44)
    skin = fractal(dice, plane, count, 2, 0.7)
    pits = step(noise(dice, plane, count * 0.7), 1.5, 0.7)
    cloud = noise(dice, plane, 3.0)
    tone = (0.5 + 0.1 * skin - 0.4 * pits + 0.07 * cloud).clamp(0, 1)
    return Surface(tone, (0.09 * bump(count)) * skin - 1.6 * pits, 0.2)


def hammered(dice: Dice, plane: Plane) -> Surface:
    """Shallow round dents, one beside the other."""
    count = dice.uniform(6, 13)
    dent = cells(dice, plane, count, 0.7)
    ridge = (1 - dent.edge / 0.14).clamp(0, 1)
    dish = (dent.centre * dent.centre - 0.05 * ridge * ridge).clamp(0, 1)
    tone = 0.42 + 0.4 * dish + 0.1 * (dent.shade - 0.5) + 0.04 * noise(dice, plane, 30.0)
    return Surface(tone.clamp(0, 1), (0.3 * bump(count)) * dish, 0.45)


def tread(dice: Dice, plane: Plane) -> Surface:
    """Raised lozenges, turned by turns one way and the other."""
    count = dice.uniform(4.5, 9)
    lug = tiles(dice, plane, count)
    odd = (lug.row + lug.column) % 2 > 0.5
    along, across = torch.where(odd, lug.y, lug.x), torch.where(odd, lug.x, lug.y)
    long, thick = dice.uniform(0.42, 0.5), dice.uniform(0.13, 0.18)
    inside = 1 - (along / long) ** 2 - across.abs() / thick
    raised = step(inside, 0.25, 0.6)
    worn = noise(dice, plane, 4.0)
    rough = noise(dice, plane, 60.0)
    tone = (0.38 + 0.3 * raised + 0.07 * worn + 0.06 * rough).clamp(0, 1)
    return Surface(tone, (0.13 * bump(count)) * raised + 0.07 * rough, 0.5)


def perforated(dice: Dice, plane: Plane) -> Surface:
    """Sheet punched with rows of round or square holes."""
    count = dice.uniform(7, 16)
    stagger = dice.chance(0.6)
    hole = tiles(dice, plane, count)
    beside = tiles(dice, plane, count, 1.0, 0.5)
    x = torch.where(stagger, beside.x, hole.x)
    round_ = torch.sqrt(hole.y * hole.y + x * x)
    square = torch.maximum(hole.y.abs(), x.abs())
    far = torch.where(dice.chance(0.75), round_, square)
    radius = dice.uniform(0.22, 0.38)
    soft = count * (1.6 / NORMAL_SIZE)
    open_ = step(-far, -radius, soft)
    lip = step(-far, -radius - 0.06, 0.1) - open_
    streaks = noise(dice, plane, 60.0, 2.0)
    tone = (0.6 + 0.06 * streaks + 0.05 * noise(dice, plane, 2.0) + 0.15 * lip) * (1 - 0.95 * open_)
    return Surface(tone.clamp(0, 1), -2.5 * step(-far, -radius - 0.03, 0.12), 0.5 * (1 - open_))


def mesh(dice: Dice, plane: Plane) -> Surface:
    """Round wires over and under each other with wide gaps, as in a sieve."""
    count = dice.uniform(9, 20)
    wire = interlaced(dice, plane, count, dice.uniform(0.28, 0.55))
    tone = (wire.height * (0.75 + 0.2 * (wire.shade - 0.5)) + 0.03).clamp(0, 1)
    gap = 1 - step(wire.height, 0.12, 0.2)
    return Surface(tone, (0.2 * bump(count)) * wire.height, 0.6 * (1 - gap), 0.5 * gap)


def polished(dice: Dice, plane: Plane) -> Surface:
    """Smooth metal in which bright and dark lie broadly over each other."""
    bent = plane.moved(0.15 * noise(dice, plane, 1.2), 0.15 * noise(dice, plane, 1.2))
    sheen = torch.sin(2.2 * noise(dice, bent, 0.8, 1.6) + dice.angle())
    hair = noise(dice, plane, 90.0, 3.0)
    tone = (0.5 + 0.36 * sheen + 0.012 * hair).clamp(0, 1)
    return Surface(tone, 3.0 * torch.cos(4.0 * plane.y), 1.0)


METALS: dict[str, Material] = {
    "brushed": Material(
        brushed,
        ("brushed metal", "brushed steel", "brushed aluminium"),
        ("brushed metal", "brushed steel"),
        colours=COLOURS,
    ),
    "cast": Material(
        cast, ("cast metal", "cast iron"), ("cast iron", "cast metal"), colours=COLOURS
    ),
    "hammered": Material(
        hammered, ("hammered metal", "beaten copper"), ("hammered metal",), colours=COLOURS
    ),
    "tread": Material(
        tread, ("tread plate", "checker plate", "diamond plate"), (), 0.6, colours=COLOURS
    ),
    "perforated": Material(
        perforated,
        ("perforated sheet", "perforated metal", "punched sheet"),
        (),
        0.8,
        colours=(*COLOURS, "white", "blue"),
    ),
    "mesh": Material(mesh, ("wire mesh", "metal grid", "sieve", "wire grid"), (), 0.8, COLOURS),
    "polished": Material(
        polished,
        ("polished metal", "sheet metal", "metal", "steel"),
        ("metal", "steel", "polished metal"),
        0.7,
        colours=COLOURS,
    ),
}
