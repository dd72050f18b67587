"""From scenes to pictures: each step is drawn for all pictures that need it at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from workbench.demo.world.canvas import Canvas, Solid, Surface, lamp, lit, shadowed
from workbench.demo.world.conditions import CONDITIONS, Blow
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Colours, Field, Plane, Spot, grain, mix, soften, step
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.palette import COLOURS, painted, shades
from workbench.demo.world.placing import Placed, placed
from workbench.demo.world.scene import COLUMNS, ROWS, Part, Scene, drawn_alike, scene_of

NORMAL_SIZE = 192  # the size that heights in pixels are meant for
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
    canvas, things = _canvas(scenes, form, pose, size)
    light = lamp(
        own.of_step("light"),
        *(_flags(scenes, form, lambda scene, n=name: scene.light == n) for name in ("side", "bright", "dark")),
    )
    canvas, spots = _damaged(scenes, own, canvas, things)
    solid = _flags(scenes, form, lambda scene: bool(scene.shape))
    canvas = shadowed(canvas, light.way, own.of_step("shadow").uniform(0.15, 0.5) * solid)
    blurred = _flags(scenes, form, lambda scene: scene.blurred)
    images = _photograph(own.of_step("camera"), lit(canvas, light), blurred)
    told = [
        _told(scene, spot, most)
        for scene, spot, most in zip(
            scenes, spots.tolist(), canvas.mark.amax((1, 2)).tolist(), strict=True
        )
    ]
    return Drawn(images, told, canvas.alpha, canvas.mark, spots)


def _told(scene: Scene, spot: tuple[float, float], most: float) -> Scene:
    """Return the scene with the place of its damage; flawless where the damage left no mark."""
    if scene.condition is None:
        return scene
    return replace(scene, where=where_of(*spot)) if most > LEAST else replace(scene, condition=None)


def _flags(scenes: list[Scene], dice: Dice, asked: Callable[[Scene], bool]) -> Tensor:
    flags = torch.tensor([asked(scene) for scene in scenes], device=dice.keys.device)
    return flags[:, None, None]


def _groups(names: Sequence[str], dice: Dice) -> list[tuple[str, Tensor]]:
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
    for name, rows in _groups(names, dice):
        made = MATERIALS[name]
        surface = made.program(dice.some(rows).of_step(name), plane.some(rows))
        for kept, value in zip((tone, height, gloss, accent), surface, strict=True):
            kept[rows] = torch.as_tensor(value, device=blank.device).expand(len(rows), *blank.shape[1:])
        depth[rows] = made.depth
    return Surface(tone, height, gloss, accent), depth


def _coloured(names: Sequence[str], dice: Dice) -> Tensor:
    order = list(COLOURS)
    return shades(dice, torch.tensor([order.index(name) for name in names], device=dice.keys.device))


def _canvas(
    scenes: list[Scene], form: Dice, pose: Dice, size: int
) -> tuple[Canvas, Placed]:
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
    solid, gloss = _solids([scene.shape for scene in scenes], form.of_step("solid"), things)
    second = _coloured([scene.second for scene in scenes], dice)
    rgb = painted(
        dice, surface, _coloured([scene.colour for scene in scenes], dice), second, depth
    )
    rgb = mix(rgb * solid.tone[:, None], second, solid.accent[:, None])
    pixels = things.radius * size
    alpha = step(solid.inside * pixels, 0.0, 1.4)
    height = surface.height * unit + solid.height * pixels
    blank = torch.zeros_like(alpha)
    return (
        Canvas(
            screen, rgb, height, torch.maximum(surface.gloss, gloss), alpha, ground, ground_height, blank
        ),
        things,
    )


def _camera(dice: Dice, plane: Plane) -> Plane:
    """Return the plane of a surface as a camera sees it: turned, tilted away, nearer or farther."""
    seen = plane.moved(-0.5, -0.5).turned(dice.angle())
    tilt = dice.uniform(-0.25, 0.25)
    seen = seen.scaled(1 / (1 + tilt * seen.y))
    return seen.scaled(dice.log_uniform(0.7, 1.5)).moved(dice.uniform(2, 6), dice.uniform(2, 6))


def _solids(names: Sequence[str], dice: Dice, things: Placed) -> tuple[Solid, Tensor]:
    """Return the objects as fields; where there is none, everything is inside."""
    blank = torch.zeros_like(things.plane.y)
    inside, height, tone, accent = 9 + blank, blank.clone(), 1 + blank, blank.clone()
    gloss = torch.zeros(len(names), 1, 1, device=blank.device)
    for name, rows in _groups(names, dice):
        thing = OBJECTS[name]
        solid = thing.program(dice.some(rows).of_step(name), things.plane.some(rows))
        for kept, value in zip((inside, height, tone, accent), solid, strict=True):
            kept[rows] = torch.as_tensor(value, device=blank.device).expand(len(rows), *blank.shape[1:])
        gloss[rows] = thing.gloss
    return Solid(inside, height, tone, accent), gloss


def _cluttered(
    scenes: list[Scene], pose: Dice, screen: Plane, ground: Colours, height: Field
) -> tuple[Colours, Field]:
    """Return the ground with a few small things on it that nobody speaks of, where there are any."""
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
    solid, _ = _solids(names, dice, things)
    pixels = things.radius * screen.size
    cover = step(solid.inside * pixels, 0.0, 1.4)
    tone = shades(dice, dice.choice(len(COLOURS)))
    ground, height = ground.clone(), height.clone()
    ground[rows] = mix(ground[rows], tone * solid.tone[:, None], cover)
    height[rows] = height[rows] + cover * solid.height * pixels
    return ground, height


def _damaged(
    scenes: list[Scene], own: Dice, canvas: Canvas, things: Placed
) -> tuple[Canvas, Float[Tensor, "picture 2"]]:
    """Return the canvas with each scene's damage done to it, and where it is (y, x)."""
    spot = _spot(own.of_step("spot"), canvas.alpha)
    numbers = torch.tensor([[s.strength, s.reach] for s in scenes], device=own.keys.device)
    strength, reach = (numbers[:, k, None, None] for k in range(2))
    reach = torch.where(canvas.alpha.amin((1, 2))[:, None, None] > 0.5, reach, torch.minimum(reach, things.radius.amax((1, 2), keepdim=True)))
    names = [scene.condition or "" for scene in scenes]
    for name, rows in _groups(names, own):
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
    """Return the place with the most damage about it in each picture; `spots` where there is none."""
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
