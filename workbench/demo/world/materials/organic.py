"""Wood, hide and other surfaces that grew."""

import torch

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, cells, fractal, noise, step, turing
from workbench.demo.world.materials.material import Material
from workbench.demo.world.materials.patterns import (
    bump,
    centred,
    interlaced,
    lots,
    round_of,
)

WOODS = ("brown", "beige", "orange", "white", "black", "grey")


def wood(dice: Dice, plane: Plane) -> Surface:
    """Boards with year rings cut lengthwise, fine pores along them."""
    boards = torch.where(dice.chance(0.6), dice.uniform(3, 6), 0.08)
    at = plane.y * boards
    board = torch.floor(at)
    lot = lots(dice, board)
    grown = plane.moved(9 * lot, 5 * lot)
    rings = grown.y * dice.uniform(4, 9) + 1.5 * noise(dice, grown, 2.2, 0.8)
    rings = rings + 0.25 * noise(dice, grown, 7.0, 1.0)
    ring = rings - torch.floor(rings)
    late = ring * ring * step(-ring, -0.93, 0.12)
    pores = noise(dice, grown, 85.0, 4.0)
    seam = 1 - step(0.5 - centred(at).abs(), 0.02, 0.02)
    tone = 0.65 - 0.4 * late + 0.06 * pores + 0.3 * (lot - 0.5) - 0.6 * seam
    return Surface(tone.clamp(0, 1), 0.15 * pores - 0.4 * late - 2.5 * seam, 0.12)


def bark(dice: Dice, plane: Plane) -> Surface:
    """Deep furrows between rough plates, all in one direction."""
    count = dice.uniform(4, 8)
    bent = plane.moved(*(0.1 / count * fractal(dice, plane, 1.5 * count, 2) for _ in range(2)))
    ridge = noise(dice, bent, 1.3 * count, 0.2 * count).abs()
    crack = noise(dice, bent, 0.9 * count, 1.3 * count).abs()
    plate = (1.6 * ridge).clamp(0, 1) * (0.55 + 0.9 * crack).clamp(0, 1)
    rough = fractal(dice, plane, 22.0, 3, 0.75)
    tone = (0.05 + 0.6 * plate + 0.12 * rough).clamp(0, 1)
    return Surface(tone, (0.3 * bump(count)) * plate + 0.9 * rough, 0.0)


def cork(dice: Dice, plane: Plane) -> Surface:
    """Pressed granules of different browns with dark pores."""
    count = dice.uniform(13, 24)
    bent = plane.moved(*(0.1 / count * noise(dice, plane, 1.5 * count) for _ in range(2)))
    granule = cells(dice, bent, count)
    seam = 1 - step(granule.edge, 0.03, 0.1)
    fine = noise(dice, plane, 60.0)
    pore = step(noise(dice, plane, 20.0, 34.0), 1.6, 0.4)
    tone = 0.4 + 0.5 * (granule.shade - 0.4) + 0.09 * fine - 0.15 * seam - 0.5 * pore
    return Surface(tone.clamp(0, 1), 0.35 * fine - 0.8 * seam - 1.5 * pore, 0.03)


def leather(dice: Dice, plane: Plane) -> Surface:
    """Fine pebbles parted by creases, with longer folds across."""
    count = dice.uniform(18, 38)
    bent = plane.moved(*(0.25 / count * noise(dice, plane, count) for _ in range(2)))
    pebble = cells(dice, bent, count)
    swell = (pebble.edge / 0.3).clamp(0, 1)
    swell = swell * (2 - swell)
    folds = noise(dice, bent, 5.0, 1.8).abs()
    crease = (1 - 9 * folds).clamp_min(0) * dice.uniform(0.0, 0.6)
    cloud = noise(dice, plane, 2.5)
    tone = (0.25 + 0.4 * swell + 0.07 * cloud - 0.3 * crease).clamp(0, 1)
    return Surface(tone, (0.2 * bump(count)) * swell - 2.0 * crease, dice.uniform(0.15, 0.45))


def wicker(dice: Dice, plane: Plane) -> Surface:
    """Flat splints of straw over and under each other."""
    count = dice.uniform(6, 13)
    splint = interlaced(dice, plane, count, dice.uniform(0.92, 1.0), 0.1)
    grain = torch.where(
        splint.across > 0.5, noise(dice, plane, 80.0, 6.0), noise(dice, plane, 6.0, 80.0)
    )
    tone = 0.02 + splint.height * (0.75 + 0.4 * (splint.shade - 0.5) + 0.13 * grain)
    return Surface(tone.clamp(0, 1), (0.28 * bump(count)) * splint.height + 0.2 * grain, 0.12)


def reed(dice: Dice, plane: Plane) -> Surface:
    """Round canes side by side, bound by thread at intervals."""
    count = dice.uniform(9, 18)
    y = plane.y * count + 0.12 * noise(dice, plane, 1.5)
    cane = torch.floor(y)
    lot = lots(dice, cane)
    rounded = round_of(centred(y) * 2.0)
    fibres = noise(dice, plane.moved(0.0, 7 * lot), 85.0, 3.0)
    spacing = dice.uniform(2.0, 4.0)
    x = centred(plane.x * spacing + 0.01 * torch.cos(torch.pi * y))
    thread = step(-x.abs(), -0.012 * spacing, 0.01 * spacing)
    node = step(-centred(plane.x * 1.4 + lot * 7).abs(), -0.012, 0.015)
    tone = 0.05 + rounded * (0.6 + 0.45 * (lot - 0.5)) + 0.08 * fibres - 0.2 * node
    height = (0.36 * bump(count)) * rounded + 1.5 * thread + 0.6 * node
    return Surface(tone.clamp(0, 1), height, 0.15, thread)


def foam(dice: Dice, plane: Plane) -> Surface:
    """Round pores of many sizes in a soft mass."""
    body = 0.7 + 0.06 * noise(dice, plane, 40.0)
    depth = torch.zeros_like(body)
    fine = dice.uniform(15, 26)
    for count in (fine, 0.45 * fine):
        pore = cells(dice, plane.turned(dice.angle()), count)
        radius = 0.16 + 0.42 * pore.shade
        deep = (1 - (pore.centre / radius) ** 2).clamp_min(0)
        deep = torch.minimum(deep, (pore.edge / 0.1).clamp(0, 1))
        share = 1.0 if count is fine else (pore.shade > 0.5).float()
        depth = torch.maximum(depth, deep * share)
    tone = body - 0.65 * step(depth, 0.35, 0.7)
    return Surface(tone.clamp(0, 1), -(0.25 * bump(fine)) * depth, 0.0)


def coral(dice: Dice, plane: Plane) -> Surface:
    """Winding ridges, as on a brain coral."""
    count = dice.uniform(8, 16)
    ridge = 0.5 + 0.5 * turing(dice, plane, count, 1.2)
    rough = noise(dice, plane, 60.0)
    tone = (0.1 + 0.7 * ridge + 0.08 * rough).clamp(0, 1)
    return Surface(tone, (0.28 * bump(count)) * ridge + 0.3 * rough, 0.1)


def hide(dice: Dice, plane: Plane) -> Surface:
    """Short fur with dark spots or stripes on a light ground."""
    count = dice.uniform(5, 11)
    ragged = plane.moved(*(0.004 * noise(dice, plane, 40.0) for _ in range(2)))
    mark = turing(dice, ragged.scaled(1.0, dice.log_uniform(0.45, 1.0)), count, 1.0)
    spot = step(mark, dice.uniform(0.4, 0.8), 0.2)
    hair = noise(dice, ragged, 90.0, 16.0)
    tone = (0.6 + 0.15 * hair + 0.05 * noise(dice, plane, 3.0)).clamp(0, 1)
    return Surface(tone * (1 - 0.25 * spot), 0.25 * hair, 0.05, spot)


def scales(dice: Dice, plane: Plane) -> Surface:
    """Rounded scales, each row over the next."""
    count = dice.uniform(7, 15)
    y, x = plane.y * count, plane.x * count * dice.uniform(0.8, 1.1)
    row = torch.floor(y)
    high, shade, rim = torch.zeros_like(y), torch.zeros_like(y), torch.zeros_like(y)
    taken = torch.zeros_like(y)
    for back in (1.0, 0.0):
        own = row - back
        across = x + 0.5 * (own % 2)
        column = torch.floor(across)
        fy, fx = y - own, across - column - 0.5
        far = torch.sqrt((fy - 0.6) ** 2 * (fy > 0.6) * 1.6 + 4 * fx * fx * 0.98)
        there = step(1.0 - far, 0.0, 0.12) * (1 - taken)
        high = high + there * (0.45 * fy + 0.15 * (1 - 4 * fx * fx))
        rim = rim + there * step(far, 0.85, 0.2)
        shade = shade + there * lots(dice, own, column)
        taken = torch.maximum(taken, there)
    tone = 0.15 + 0.9 * high + 0.3 * (shade - 0.5) - 0.2 * rim + 0.05 * noise(dice, plane, 40.0)
    return Surface(tone.clamp(0, 1), (0.55 * bump(count)) * high, dice.uniform(0.1, 0.5))


ORGANIC: dict[str, Material] = {
    "wood": Material(wood, ("wood", "timber", "wooden planks"), ("wooden", "wood"), 0.55, WOODS),
    "bark": Material(bark, ("tree bark", "bark"), ("bark",), 0.75, WOODS),
    "cork": Material(
        cork, ("cork", "corkboard"), ("cork",), 0.6, ("brown", "beige", "orange", "black")
    ),
    "leather": Material(leather, ("leather", "grained leather"), ("leather",), 0.55),
    "wicker": Material(
        wicker,
        ("wicker", "straw", "basket weave", "basketwork"),
        ("wicker", "straw"),
        0.7,
        ("beige", "brown", "yellow", "orange", "white", "black"),
    ),
    "reed": Material(
        reed,
        ("woven reed", "bamboo mat", "cane matting"),
        ("bamboo",),
        0.65,
        ("beige", "brown", "yellow", "green", "black"),
    ),
    "foam": Material(foam, ("foam", "sponge", "porous foam"), ("foam",), 0.6),
    "coral": Material(coral, ("coral", "brain coral", "winding ridges"), ("coral",), 0.6),
    "hide": Material(hide, ("spotted hide", "animal print", "fur"), ("fur",), 0.45),
    "scales": Material(scales, ("fish scales", "scales", "shingles"), ("scaly",), 0.65),
}
