"""Woven, knitted and felted surfaces."""

import torch

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, cells, noise, step
from workbench.demo.world.materials.material import Material
from workbench.demo.world.materials.patterns import (
    bump,
    centred,
    hexagons,
    interlaced,
    round_of,
)


def weave(dice: Dice, plane: Plane) -> Surface:
    """Threads over and under each other."""
    count = dice.uniform(14, 34)
    cloth = plane.scaled(count, count * dice.uniform(0.8, 1.25))
    over = (torch.floor(cloth.y) + torch.floor(cloth.x)) % 2 > 0
    fy, fx = (torch.abs(c % 1 - 0.5) * 2 for c in (cloth.y, cloth.x))
    across = (1 - fy * fy) * (1 - 0.5 * fx * fx)
    along = (1 - fx * fx) * (1 - 0.5 * fy * fy)
    thread = torch.where(over, across, along)
    tone = (0.15 + 0.7 * thread + 0.08 * noise(dice, plane, 24.0)).clamp(0, 1)
    return Surface(tone, 1.2 * thread, 0.05)


def felt(dice: Dice, plane: Plane) -> Surface:
    """Matted fibres without an order."""
    curled = plane.moved(0.02 * noise(dice, plane, 7.0), 0.02 * noise(dice, plane, 7.0))
    way, fibres = dice.angle(), torch.zeros_like(plane.y)
    for turn in (0.0, 0.9, 1.9):
        ridge = noise(dice, curled.turned(way + turn), 40.0, 8.0).abs()
        fibres = torch.maximum(fibres, 1 - 3.5 * ridge)
    fluff = noise(dice, plane, 80.0)
    tone = 0.42 + 0.3 * fibres + 0.1 * fluff + 0.05 * noise(dice, plane, 5.0)
    return Surface(tone.clamp(0, 1), 0.45 * fibres + 0.15 * fluff, 0.0)


def twill(dice: Dice, plane: Plane) -> Surface:
    """Steep diagonal ribs of a warp over a weft that shows between, as in denim."""
    count = dice.uniform(26, 44)
    y, x = plane.y * count, plane.x * count
    column = torch.floor(x)
    float_ = round_of((centred((y * 0.7 + column) / 3.0) * 2) / 0.82)
    warp = round_of(centred(x) * 2) * float_
    uneven = noise(dice, plane, 3.0, 40.0)
    tone = (0.15 + 0.65 * warp + 0.1 * uneven + 0.05 * noise(dice, plane, 60.0)).clamp(0, 1)
    weft = (1 - step(float_, 0.35, 0.4)) * 0.65 * dice.chance(0.6)
    return Surface(tone, 0.22 * bump(count) * warp, 0.03, weft)


def knit(dice: Dice, plane: Plane) -> Surface:
    """Columns of V-shaped stitches."""
    count = dice.uniform(9, 20)
    wobble = 0.12 / count
    yarn = plane.moved(wobble * noise(dice, plane, 6.0), wobble * noise(dice, plane, 6.0))
    fx = centred(yarn.x * count)
    leg = (fx.abs() - 0.25) * 4
    v = centred(yarn.y * (count * 1.35) - fx.abs() * 1.7) * 2
    stitch = round_of(v / 0.98) * round_of(leg)
    twist = torch.cos((v + leg * 0.8) * 7.0)
    tone = 0.1 + 0.72 * stitch + 0.07 * twist * stitch + 0.07 * noise(dice, plane, 50.0)
    return Surface(tone.clamp(0, 1), (0.32 * bump(count)) * stitch + 0.25 * twist, 0.03)


def corduroy(dice: Dice, plane: Plane) -> Surface:
    """Velvety parallel ribs."""
    count = dice.uniform(8, 20)
    bent = plane.moved(0.006 * noise(dice, plane, 3.0), 0.0)
    across = centred(bent.y * count) * 2
    rib = round_of(across * across)
    pile = noise(dice, plane, 50.0, 70.0)
    nap = noise(dice, plane, 3.0)
    tone = (0.08 + 0.6 * rib + 0.09 * pile + 0.08 * nap * rib).clamp(0, 1)
    return Surface(tone, (0.3 * bump(count)) * rib + 0.35 * pile, 0.0)


def carpet(dice: Dice, plane: Plane) -> Surface:
    """A pile of tufts, close together."""
    count = dice.uniform(20, 36)
    tuft = cells(dice, plane, count, 0.8)
    high = (1 - 1.5 * tuft.centre * tuft.centre).clamp_min(0)
    curl = noise(dice, plane, 75.0)
    lie = noise(dice, plane, 3.0)
    tone = 0.1 + 0.5 * high + 0.25 * (tuft.shade - 0.5) + 0.12 * curl + 0.07 * lie
    two = step(tuft.shade, 0.75, 0.01) * dice.chance(0.4)
    return Surface(tone.clamp(0, 1), (0.4 * bump(count)) * high + 0.5 * curl, 0.0, two)


def burlap(dice: Dice, plane: Plane) -> Surface:
    """Coarse uneven yarn, loosely woven, with gaps."""
    count = dice.uniform(16, 28)
    shaky = 0.1 / count
    loose = plane.moved(shaky * noise(dice, plane, 9.0), shaky * noise(dice, plane, 9.0))
    yarn = interlaced(dice, loose, count, dice.uniform(0.62, 0.85), 0.5)
    fuzz = noise(dice, plane, 70.0)
    tone = 0.05 + yarn.height * (0.6 + 0.35 * (yarn.shade - 0.5)) + 0.1 * fuzz
    return Surface(tone.clamp(0, 1), (0.3 * bump(count)) * yarn.height + 0.3 * fuzz, 0.02)


def net(dice: Dice, plane: Plane) -> Surface:
    """A net of thin thread over something darker, with knots."""
    count = dice.uniform(8, 18)
    shaky = 0.1 / count
    hung = plane.moved(shaky * noise(dice, plane, 5.0), shaky * noise(dice, plane, 5.0))
    edge = hexagons(hung.scaled(1.0, dice.uniform(0.8, 1.3)), count)
    thick = dice.uniform(0.09, 0.16)
    thread = round_of((edge / thick).clamp(0, 1))
    ply = noise(dice, plane, 60.0)
    tone = (0.75 * thread * (1 + 0.15 * ply) + 0.06 + 0.03 * ply).clamp(0, 1)
    ground = 1 - step(thread, 0.2, 0.4)
    return Surface(tone, 2.5 * thread, 0.05, 0.75 * ground)


TEXTILES: dict[str, Material] = {
    "weave": Material(weave, ("woven fabric", "fabric", "cloth", "textile"), ("fabric",)),
    "felt": Material(felt, ("felt", "wool felt"), ("felt",), depth=0.35),
    "twill": Material(twill, ("denim", "twill", "jean cloth"), ("denim",), depth=0.6),
    "knit": Material(
        knit, ("knitwear", "knitted wool", "knitted fabric"), ("knitted", "woollen"), depth=0.6
    ),
    "corduroy": Material(
        corduroy, ("corduroy", "ribbed velvet"), ("corduroy",), depth=0.65, heldout=True
    ),
    "carpet": Material(carpet, ("carpet", "rug", "carpet pile"), ("plush",), depth=0.65),
    "burlap": Material(
        burlap,
        ("burlap", "canvas", "sackcloth", "jute"),
        ("burlap", "canvas"),
        depth=0.65,
        colours=("beige", "brown", "white", "grey", "green", "orange"),
    ),
    "net": Material(net, ("netting", "net", "mesh fabric"), (), depth=0.6),
}
