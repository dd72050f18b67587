"""Stone, and what is built and laid of it."""

import torch

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane, cells, fractal, noise, step
from workbench.demo.world.materials.material import Material
from workbench.demo.world.materials.patterns import bump, tiles

STONES = ("grey", "white", "black", "beige", "brown", "pink", "green")


def granite(dice: Dice, plane: Plane) -> Surface:
    """Light, dark and coloured grains, close together."""
    count = dice.uniform(16, 34)
    bent = plane.moved(*(0.14 / count * noise(dice, plane, count) for _ in range(2)))
    grains = cells(dice, bent, count)
    fine = noise(dice, plane, 2.2 * count)
    dark = step(fine + 1.2 * noise(dice, plane, 0.9 * count), 1.7, 0.5)
    tone = (0.25 + 0.75 * grains.shade + 0.1 * fine) * (1 - 0.9 * dark)
    other = step(grains.shade, 0.8, 0.02) * dice.uniform(0.0, 0.5) * (1 - dark)
    return Surface(tone.clamp(0, 1), 0.3 * fine, dice.uniform(0.1, 0.5), other)


def marble(dice: Dice, plane: Plane) -> Surface:
    """Cloudy stone crossed by fine veins."""
    bent = plane.moved(*(0.12 * fractal(dice, plane, 2.5, 3, 0.6) for _ in range(2)))
    broad = noise(dice, bent, 2.8, 1.1).abs()
    thin = noise(dice, bent, 5.0, 2.4).abs()
    cloud = noise(dice, bent, 2.0)
    shown = step(cloud, 0.0, 2.5)
    vein = (1 - 7 * broad).clamp_min(0) * shown + 0.6 * (1 - 9 * thin).clamp_min(0) * (1 - shown)
    tone = 0.75 + 0.1 * cloud - 0.2 * (1 - 1.6 * broad).clamp_min(0) - 0.55 * vein
    tint = 0.6 * vein.clamp(0, 1) * dice.chance(0.5)
    return Surface(tone.clamp(0, 1), -0.4 * vein, 0.5, tint)


def sandstone(dice: Dice, plane: Plane) -> Surface:
    """Sandy grains in soft layers."""
    bent = plane.moved(0.05 * noise(dice, plane, 1.5), 0.0)
    layers = noise(dice, bent, dice.uniform(5, 14), 0.6) + 0.5 * noise(dice, bent, 30.0, 1.5)
    sand = noise(dice, plane, 85.0) + 0.7 * noise(dice, plane, 45.0)
    tone = (0.5 + dice.uniform(0.08, 0.2) * layers + 0.13 * sand).clamp(0, 1)
    return Surface(tone, 0.6 * sand + 0.8 * layers, 0.0)


def concrete(dice: Dice, plane: Plane) -> Surface:
    """Cloudy grey with fine grit and a few pin holes."""
    cloud = fractal(dice, plane, 2.5, 4, 0.6)
    grit = noise(dice, plane, 80.0)
    holes = cells(dice, plane, dice.uniform(9, 15))
    radius = 0.3 * (holes.shade - 0.6).clamp_min(0)
    hole = step(radius - holes.centre, 0.0, 0.08) * (radius > 0)
    tone = (0.55 + 0.15 * cloud + 0.05 * grit) * (1 - 0.8 * hole)
    return Surface(tone.clamp(0, 1), 0.2 * grit + 0.6 * cloud - 2.5 * hole, 0.0)


def terrazzo(dice: Dice, plane: Plane) -> Surface:
    """Chips of stone of many sizes and tones, ground flat."""
    tone = 0.55 + 0.04 * noise(dice, plane, 40.0)
    accent = torch.zeros_like(tone)
    for low, high in ((14.0, 24.0), (6.0, 10.0)):
        chip = cells(dice, plane.turned(dice.angle()), dice.uniform(low, high))
        there = step(chip.edge, 0.04 + 0.1 * chip.shade, 0.06) * (chip.shade > 0.45)
        own = (chip.shade * 7.3) % 1
        tone = tone + there * (own - tone)
        accent = accent + there * ((own > 0.55).float() * 0.9 - accent)
    return Surface(tone.clamp(0, 1), 0.15 * tone, 0.4, accent)


def ceramic(dice: Dice, plane: Plane) -> Surface:
    """Square or oblong glazed tiles between joints."""
    count = dice.uniform(3.5, 9)
    laid = tiles(dice, plane, count, torch.where(dice.chance(0.6), 1.0, 2.0))
    joint = dice.uniform(0.03, 0.06)
    tile = step(laid.edge, joint, 0.03)
    pillow = (laid.edge / (joint + 0.12)).clamp(0, 1)
    glaze = noise(dice, plane, 12.0)
    tone = 0.6 + 0.3 * (laid.shade - 0.5) + 0.04 * glaze
    tone = tone * tile + (1 - tile) * (0.4 + 0.06 * noise(dice, plane, 70.0))
    height = (0.12 * bump(count)) * pillow * (2 - pillow) + 0.4 * glaze
    return Surface(tone.clamp(0, 1), height, 0.7 * tile, 1 - tile)


def bricks(dice: Dice, plane: Plane) -> Surface:
    """Bricks in a running bond between joints of mortar."""
    count = dice.uniform(5, 11)
    worn = plane.moved(*(0.025 / count * noise(dice, plane, 2.5 * count) for _ in range(2)))
    laid = tiles(dice, worn, count, dice.uniform(2.2, 3.2), 0.5)
    brick = step(laid.edge, dice.uniform(0.06, 0.1), 0.06)
    rough = fractal(dice, plane, 25.0, 3, 0.7)
    tone = 0.5 + 0.5 * (laid.shade - 0.5) + 0.1 * rough
    tone = tone * brick + (1 - brick) * (0.5 + 0.12 * rough)
    height = (0.13 * bump(count)) * brick + 0.55 * rough
    return Surface(tone.clamp(0, 1), height, 0.0, 1 - brick)


def cobbles(dice: Dice, plane: Plane) -> Surface:
    """Rounded paving stones with earth between."""
    count = dice.uniform(4.5, 9)
    bent = plane.moved(*(0.12 / count * noise(dice, plane, 2 * count) for _ in range(2)))
    stone = cells(dice, bent, count, 0.6)
    dome = (stone.edge / 0.32).clamp(0, 1)
    dome = dome * (2 - dome)
    rough = fractal(dice, plane, 25.0, 2, 0.7)
    top = step(stone.edge, 0.06, 0.06)
    tone = top * (0.3 + 0.25 * dome + 0.4 * (stone.shade - 0.4)) + 0.08 + 0.08 * rough
    return Surface(
        tone.clamp(0, 1), (0.28 * bump(count)) * dome + 0.6 * rough, 0.05, 0.4 - 0.4 * top
    )


def gravel(dice: Dice, plane: Plane) -> Surface:
    """Small stones of many tones in fine earth."""
    count = dice.uniform(11, 20)
    bent = plane.moved(*(0.15 / count * noise(dice, plane, 2 * count) for _ in range(2)))
    stone = cells(dice, bent, count)
    radius = 0.12 + 0.5 * ((stone.shade * 9.7) % 1)
    dome = (1 - (stone.centre / radius) ** 2).clamp_min(0)
    dome = torch.minimum(torch.sqrt(dome), (stone.edge / 0.15).clamp(0, 1))
    crumbs = fractal(dice, plane, 40.0, 2, 0.8)
    there = step(dome, 0.25, 0.3)
    tone = there * (0.15 + 0.7 * stone.shade) + (1 - there) * (0.28 + 0.15 * crumbs)
    return Surface(
        (tone + 0.05 * crumbs).clamp(0, 1), (0.3 * bump(count)) * dome + 0.7 * crumbs, 0.0
    )


MINERALS: dict[str, Material] = {
    "granite": Material(granite, ("granite", "grained stone"), ("granite",), 0.8, STONES),
    "marble": Material(marble, ("marble", "veined stone"), ("marble",), 0.7, STONES),
    "sandstone": Material(
        sandstone,
        ("sandstone", "sandy rock"),
        ("sandstone", "stone"),
        0.5,
        ("beige", "brown", "orange", "yellow", "grey", "white"),
    ),
    "concrete": Material(
        concrete,
        ("concrete", "cement"),
        ("concrete", "cement"),
        0.5,
        ("grey", "white", "beige", "brown", "black"),
    ),
    "terrazzo": Material(terrazzo, ("terrazzo", "stone chips"), ("terrazzo",), 0.7, heldout=True),
    "ceramic": Material(ceramic, ("ceramic tiles", "tiling", "tiled wall"), (), 0.4),
    "bricks": Material(
        bricks,
        ("bricks", "brick wall", "brickwork", "masonry"),
        (),
        0.6,
        ("red", "orange", "brown", "beige", "white", "grey"),
    ),
    "cobbles": Material(cobbles, ("cobbles", "cobblestones", "paving stones"), (), 0.75, STONES),
    "gravel": Material(
        gravel,
        ("gravel", "soil", "pebbles", "dirt ground"),
        (),
        0.75,
        ("brown", "grey", "beige", "black", "orange"),
    ),
}
