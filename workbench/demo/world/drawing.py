"""From scenes to pictures: composed flawless, damaged, lit and photographed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from workbench.demo.world.canvas import Canvas, lamp, lit, shadowed
from workbench.demo.world.composing import NORMAL_SIZE, composed, flags, grouped
from workbench.demo.world.conditions import CONDITIONS, Blow
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Colours, Field, Spot, grain, soften
from workbench.demo.world.placing import Placed
from workbench.demo.world.scene import COLUMNS, ROWS, Part, Scene, drawn_alike, scene_of

LEAST = 0.2  # of a mark, for damage to count as seen
TOGETHER = 16  # pictures drawn in one go on a CPU, whose cache they should fit


@dataclass(frozen=True)
class Drawn:
    """Pictures, what they show, and where: `product` and `damage` are covers in 0..1.

    `spots` (y, x in 0..1) is a place on the product: where it is damaged, if it is.
    """

    images: UInt8[Tensor, "picture 3 row column"]
    scenes: list[Scene]
    product: Float[Tensor, "picture row column"]
    damage: Float[Tensor, "picture row column"]
    spots: Float[Tensor, "picture 2"]


def draw(
    seed: int,
    pictures: Sequence[int],
    size: int = NORMAL_SIZE,
    *,
    part: Part = "training",
    device: torch.device | None = None,
) -> Drawn:
    """Return the pictures with these numbers of the world of `seed`, `size` pixels wide."""
    together = len(pictures) if device is not None and device.type != "cpu" else TOGETHER
    pieces = [
        _draw(seed, list(pictures[first : first + together]), size, part, device)
        for first in range(0, len(pictures), together)
    ]
    return Drawn(
        torch.cat([piece.images for piece in pieces]),
        [scene for piece in pieces for scene in piece.scenes],
        torch.cat([piece.product for piece in pieces]),
        torch.cat([piece.damage for piece in pieces]),
        torch.cat([piece.spots for piece in pieces]),
    )


def _draw(
    seed: int, pictures: list[int], size: int, part: Part, device: torch.device | None
) -> Drawn:
    scenes = [scene_of(seed, number, part) for number in pictures]
    numbers = torch.tensor(pictures, device=device)
    alike = torch.tensor([drawn_alike(seed, number) for number in pictures], device=device)
    own = Dice.of(seed, numbers)
    form = Dice.of(seed, torch.where(alike, -1 - numbers // 2, numbers))
    return drawn(scenes, form, form, own, size)


def drawn(scenes: list[Scene], form: Dice, pose: Dice, own: Dice, size: int) -> Drawn:
    """Return pictures of scenes.

    `form` decides how the things in them are made, `pose` where they lie and how the camera sees
    them, `own` on damage, light and sensor. One form in many poses is a product under inspection.
    """
    canvas, things = composed(scenes, form, pose, size)
    side, bright, dark = (_lit_so(scenes, own, name) for name in ("side", "bright", "dark"))
    light = lamp(own.of_step("light"), side, bright, dark)
    canvas, spots = _damaged(scenes, own, canvas, things)
    solid = flags(scenes, form, lambda scene: bool(scene.shape))
    canvas = shadowed(canvas, light.way, own.of_step("shadow").uniform(0.15, 0.5) * solid)
    blurred = flags(scenes, form, lambda scene: scene.blurred)
    images = _photograph(own.of_step("camera"), lit(canvas, light), blurred)
    told = [
        _told(scene, spot, most)
        for scene, spot, most in zip(
            scenes, spots.tolist(), canvas.mark.amax((1, 2)).tolist(), strict=True
        )
    ]
    return Drawn(images, told, canvas.alpha, canvas.mark, spots)


def _lit_so(scenes: list[Scene], dice: Dice, name: str) -> Tensor:
    return flags(scenes, dice, lambda scene: scene.light == name)


def _told(scene: Scene, spot: list[float], most: float) -> Scene:
    """Return the scene with the place of its damage; flawless where the damage left no mark."""
    if scene.condition is None:
        return scene
    return replace(scene, where=where_of(*spot)) if most > LEAST else replace(scene, condition=None)


def _damaged(
    scenes: list[Scene], own: Dice, canvas: Canvas, things: Placed
) -> tuple[Canvas, Float[Tensor, "picture 2"]]:
    """Return the canvas with each scene's damage done to it, and where it is (y, x)."""
    spot = _spot(own.of_step("spot"), canvas.alpha)
    numbers = torch.tensor([[s.strength, s.reach] for s in scenes], device=own.keys.device)
    strength, reach = (numbers[:, k, None, None] for k in range(2))
    reach = torch.where(
        canvas.alpha.amin((1, 2))[:, None, None] > 0.5,
        reach,
        torch.minimum(reach, things.radius.amax((1, 2), keepdim=True)),
    )
    names = [scene.condition or "" for scene in scenes]
    for name, rows in grouped(names, own):
        kind = CONDITIONS[name]
        some = canvas.some(rows)
        at = (spot[0][rows], spot[1][rows])
        middle = things.some(rows).middle_at(at)
        hit = middle if kind.happens_to == "set" else at
        blow = Blow(hit, reach[rows], strength[rows], _at(things.radius[rows], hit), middle)
        changed = kind.program(own.some(rows).of_step(name), some, blow)
        canvas = canvas.with_some(rows, changed)
    return canvas, _marked_place(canvas.mark, torch.cat(spot, 1)[:, :, 0])


def _marked_place(mark: Field, spots: Float[Tensor, "picture 2"]) -> Float[Tensor, "picture 2"]:
    """Return the place with the most damage about it in each picture, `spots` without any."""
    cells = 24
    about = torch.nn.functional.adaptive_avg_pool2d(mark[:, None], cells)
    about = torch.nn.functional.avg_pool2d(about, 3, 1, 1)[:, 0].flatten(1)
    most, cell = about.max(1)
    places = (torch.stack((cell // cells, cell % cells), 1) + 0.5) / cells
    return torch.where(most[:, None] > 0, places, spots)


def _at(field: Field, spot: Spot) -> Number:
    """Return a field's value at a spot."""
    size = field.shape[-1]
    row, column = ((c * size).long().clamp(0, size - 1)[:, 0] for c in spot)
    return field.flatten(1).gather(1, row * size + column)[..., None]


def _spot(dice: Dice, alpha: Field) -> Spot:
    """Return a place on each product, not too near to the border."""
    tries = 0.08 + 0.84 * dice.grid(32, 2)
    size = alpha.shape[-1]
    cell = (tries * size).long()
    covered = alpha.flatten(1).gather(1, cell[:, :, 0] * size + cell[:, :, 1]) > 0.5
    first = covered.float().argmax(1)
    chosen = tries[torch.arange(len(tries), device=tries.device), first]
    return chosen[:, 0, None, None], chosen[:, 1, None, None]


def where_of(y: float, x: float) -> str:
    """Return a place in the picture in words ("top left").

    >>> where_of(0.5, 0.9)
    'middle right'
    """
    return f"{ROWS[min(2, int(y * 3))]} {COLUMNS[min(2, int(x * 3))]}"


def _photograph(
    dice: Dice, light: Colours, blurred: Tensor
) -> UInt8[Tensor, "picture 3 row column"]:
    """Return what a camera makes of the light: out of focus or not, sensor noise, 8 bits."""
    rows = blurred[:, 0, 0].nonzero()[:, 0]
    if len(rows):
        light = light.clone()
        light[rows] = soften(light[rows], light.shape[-1] / 64)
    noisy = light + (dice.uniform(0.002, 0.02) * grain(dice, light.shape[-1]))[:, None]
    return (noisy.clamp(0, 1) * 255).to(torch.uint8)
