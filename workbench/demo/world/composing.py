"""From scenes to flawless canvases: each program draws all pictures that need it at once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from workbench.demo.world.canvas import Canvas, Surface
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Colours, Field, Plane, mix, step
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.palette import COLOURS, painted, shades
from workbench.demo.world.placing import Placed, placed
from workbench.demo.world.scene import Scene

NORMAL_SIZE = 192  # the size that heights in pixels are meant for


class _Solids(NamedTuple):
    """The fields of `Solid`, and how much each picture's object shines."""

    inside: Field
    height: Field
    tone: Field
    accent: Field
    gloss: Number


def flags(scenes: list[Scene], dice: Dice, asked: Callable[[Scene], bool]) -> Tensor:
    """Return, per picture, whether something holds for its scene, [picture, 1, 1]."""
    flags = torch.tensor([asked(scene) for scene in scenes], device=dice.keys.device)
    return flags[:, None, None]


def grouped(names: Sequence[str], dice: Dice) -> list[tuple[str, Tensor]]:
    """Return each name that occurs but the empty one, with the rows where it does."""
    found: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        found.setdefault(name, []).append(row)
    return [
        (name, torch.tensor(rows, device=dice.keys.device)) for name, rows in found.items() if name
    ]


def _surfaces(names: Sequence[str], dice: Dice, plane: Plane) -> tuple[Surface, Number]:
    """Return the materials' surfaces on their planes, and each one's contrast."""
    blank = torch.zeros_like(plane.y)
    tone, height, gloss, accent = 0.5 + blank, blank.clone(), 0.2 + blank, blank.clone()
    depth = torch.full((len(names), 1, 1), 0.3, device=blank.device)
    for name, rows in grouped(names, dice):
        made = MATERIALS[name]
        surface = made.program(dice.some(rows).of_step(name), plane.some(rows))
        for kept, value in zip((tone, height, gloss, accent), surface, strict=True):
            kept[rows] = torch.as_tensor(value, device=blank.device).expand(
                len(rows), *blank.shape[1:]
            )
        depth[rows] = made.depth
    return Surface(tone, height, gloss, accent), depth


def _coloured(names: Sequence[str], dice: Dice) -> Tensor:
    order = list(COLOURS)
    return shades(
        dice, torch.tensor([order.index(name) for name in names], device=dice.keys.device)
    )


def composed(scenes: list[Scene], form: Dice, pose: Dice, size: int) -> tuple[Canvas, Placed]:
    """Return the flawless canvas, and where its objects stand."""
    device = form.keys.device
    screen = Plane.of_pictures(len(scenes), size, device)
    unit = size / NORMAL_SIZE
    under = [scene.ground if scene.shape else "" for scene in scenes]
    dice = form.of_step("ground")
    surface, depth = _surfaces(under, dice, _camera(pose.of_step("under"), screen))
    ground = painted(
        dice,
        surface,
        _coloured([scene.ground_colour for scene in scenes], dice),
        _coloured([scene.colour for scene in scenes], dice),
        depth,
    )
    ground_height = surface.height * unit
    ground, ground_height = _cluttered(scenes, pose, screen, ground, ground_height)

    dice = form.of_step("product")
    seen = [scene.material if not scene.shape or scene.textured else "" for scene in scenes]
    surface, depth = _surfaces(seen, dice, _camera(pose.of_step("over"), screen))
    things = placed([scene.arrangement for scene in scenes], pose.of_step("places"), screen)
    solid = _solids([scene.shape for scene in scenes], form.of_step("solid"), things)
    second = _coloured([scene.second for scene in scenes], dice)
    rgb = painted(dice, surface, _coloured([scene.colour for scene in scenes], dice), second, depth)
    rgb = mix(rgb * solid.tone[:, None], second, solid.accent[:, None])
    shine = torch.as_tensor(surface.gloss)
    pixels = things.radius * size
    alpha = step(solid.inside * pixels, 0.0, 1.4)
    height = surface.height * unit + solid.height * pixels
    blank = torch.zeros_like(alpha)
    return (
        Canvas(
            screen,
            rgb,
            height,
            torch.maximum(shine, solid.gloss),
            alpha,
            ground,
            ground_height,
            blank,
        ),
        things,
    )


def _camera(dice: Dice, plane: Plane) -> Plane:
    """Return the plane of a surface as a camera sees it: turned, tilted away, nearer or farther."""
    seen = plane.moved(-0.5, -0.5).turned(dice.angle())
    tilt = dice.uniform(-0.25, 0.25)
    seen = seen.scaled(1 / (1 + tilt * seen.y))
    return seen.scaled(dice.log_uniform(0.7, 1.5)).moved(dice.uniform(2, 6), dice.uniform(2, 6))


def _solids(names: Sequence[str], dice: Dice, things: Placed) -> _Solids:
    """Return the objects as fields; where there is none, everything is inside."""
    blank = torch.zeros_like(things.plane.y)
    inside, height, tone, accent = 9 + blank, blank.clone(), 1 + blank, blank.clone()
    gloss = torch.zeros(len(names), 1, 1, device=blank.device)
    for name, rows in grouped(names, dice):
        thing = OBJECTS[name]
        solid = thing.program(dice.some(rows).of_step(name), things.plane.some(rows))
        for kept, value in zip((inside, height, tone, accent), solid, strict=True):
            kept[rows] = torch.as_tensor(value, device=blank.device).expand(
                len(rows), *blank.shape[1:]
            )
        gloss[rows] = thing.gloss
    return _Solids(inside, height, tone, accent, gloss)


def _cluttered(
    scenes: list[Scene], pose: Dice, screen: Plane, ground: Colours, height: Field
) -> tuple[Colours, Field]:
    """Return the ground with a few small things on it that nobody speaks of."""
    rows = torch.tensor(
        [row for row, scene in enumerate(scenes) if scene.clutter and scene.shape],
        device=pose.keys.device,
        dtype=torch.long,
    )
    if not len(rows):
        return ground, height
    dice = pose.some(rows).of_step("clutter")
    names = [list(OBJECTS)[number] for number in dice.choice(len(OBJECTS)).tolist()]
    things = placed(["litter"] * len(rows), dice, screen.some(rows))
    solid = _solids(names, dice, things)
    pixels = things.radius * screen.size
    cover = step(solid.inside * pixels, 0.0, 1.4)
    tone = shades(dice, dice.choice(len(COLOURS)))
    ground, height = ground.clone(), height.clone()
    ground[rows] = mix(ground[rows], tone * solid.tone[:, None], cover)
    height[rows] = height[rows] + cover * solid.height * pixels
    return ground, height
