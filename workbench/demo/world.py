"""The training world: picture i is a pure function of (seed, i)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from numpy.random import Generator, default_rng

from workbench.demo import conditions, materials, shapes
from workbench.demo.conditions import CONDITIONS, Canvas
from workbench.demo.materials import COLOURS, MATERIALS, surface
from workbench.demo.noise import Field, coordinates, grain, smooth, soften
from workbench.demo.shapes import OBJECTS

LIGHTS = ("even", "even", "bright", "dark", "side")
GROUNDS = ("even", "paper", "wood", "weave", "plastic", "concrete", "metal", "leather", "stone")


@dataclass(frozen=True)
class Scene:
    """What a picture shows, in words. `shape` is empty where a material fills the picture."""

    material: str
    colour: str
    shape: str
    arrangement: str
    background: str
    background_colour: str
    light: str
    blurred: bool
    condition: str | None
    amount: str
    where: str


@dataclass(frozen=True)
class Picture:
    """A drawn picture, [row, column, 3], and what it shows."""

    image: UInt8[np.ndarray, "row column 3"]
    scene: Scene


def rng_of(seed: int, *index: int) -> Generator:
    """Return the generator of one thing that is drawn."""
    return default_rng([seed, *index])


def draw(seed: int, index: int, size: int = 192) -> Picture:
    """Return picture `index` of the world of `seed`.

    In two of three pairs (2j, 2j + 1) both pictures show the same kind of scene in the same
    colours, one flawless and one damaged, so that only its condition tells them apart.
    """
    pair, second = divmod(index, 2)
    shared = rng_of(seed, pair, 2)
    twins = shared.random() < 0.67
    own = rng_of(seed, pair, second)
    damaged = bool((own if not twins else shared).random() < 0.5)
    if twins and second:
        damaged = not damaged
    chooser = shared if twins else own
    material = _choose(chooser, tuple(MATERIALS))
    colour, ground_colour = _two_colours(chooser)
    is_object = chooser.random() < 0.5
    shape = _choose(chooser, tuple(OBJECTS)) if is_object else ""
    arrangement = _arrangement(chooser) if is_object else "single"
    ground = _choose(chooser, GROUNDS) if is_object else ""
    condition = _condition(own, shape, arrangement) if damaged else None
    light = _choose(own, LIGHTS)
    blurred = bool(own.random() < 0.1)

    canvas, spots = _canvas(own, size, material, colour, shape, arrangement, ground, ground_colour)
    amount, where = "plain", ""
    if condition is not None:
        amount, where = _damage(own, canvas, condition, shape, spots)
    image = _photograph(own, canvas, light, blurred, shape != "")
    named = ground if ground != "even" else ""
    return Picture(
        image,
        Scene(
            material,
            colour,
            shape,
            arrangement,
            named,
            ground_colour,
            light,
            blurred,
            condition,
            amount,
            where,
        ),
    )


def _choose(rng: Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _two_colours(rng: Generator) -> tuple[str, str]:
    first, second = rng.permutation(len(COLOURS))[:2]
    names = tuple(COLOURS)
    return names[first], names[second]


def _arrangement(rng: Generator) -> str:
    return _choose(
        rng, ("single", "single", "single", "pair", "row", "column", "grid", "scattered")
    )


def _condition(rng: Generator, shape: str, arrangement: str) -> str:
    kinds = ["both"]
    if shape:
        kinds.append("object")
    if shape == "label":
        kinds.append("label")
    if arrangement in ("grid", "row", "column"):
        kinds.append("set")
    names = tuple(name for name, entry in CONDITIONS.items() if entry[3] in kinds)
    return _choose(rng, names)


def _canvas(
    rng: Generator,
    size: int,
    material: str,
    colour: str,
    shape: str,
    arrangement: str,
    ground: str,
    ground_colour: str,
) -> tuple[Canvas, list[shapes.Place]]:
    if not shape:
        dark = np.full((size, size, 3), rng.uniform(0.02, 0.15), np.float32)
        rgb = surface(rng, size, material, colour)
        return Canvas(dark, rgb, np.ones((size, size), np.float32)), []
    if ground == "even":
        shade = materials.shade_of(rng, ground_colour)
        background = materials.painted(rng, materials.even(rng, size), shade, 0.2)
    else:
        background = surface(rng, size, ground, ground_colour)
    rgb, alpha = background.copy(), np.zeros((size, size), np.float32)
    texture = (
        MATERIALS[material][0](rng, size)
        if rng.random() < 0.3
        else (0.5 + 0.03 * smooth(rng, size, 30))
    )
    spots = shapes.places(rng, arrangement)
    turn = rng.uniform(0, 2 * np.pi)
    loose = arrangement in ("scattered", "pair") or rng.random() < 0.3
    look = int(rng.integers(2**31))
    tone = materials.shade_of(rng, colour) * np.float32(1.1)
    for place in spots:
        angle = turn if not loose else rng.uniform(0, 2 * np.pi)
        shapes.stamp(
            default_rng(look),
            rgb,
            alpha,
            OBJECTS[shape][0],
            place,
            angle,
            tone,
            texture.astype(np.float32),
        )
    return Canvas(background, rgb, alpha), spots


def _damage(
    rng: Generator, canvas: Canvas, condition: str, shape: str, spots: list[shapes.Place]
) -> tuple[str, str]:
    """Damage the canvas in place; return how strong it is and where, in words."""
    strength = float(rng.uniform(0.3, 1.0))
    size = canvas.size
    if condition == "missing":
        y, x, radius = spots[int(rng.integers(len(spots)))]
        rows, columns = coordinates(size)
        gone = np.hypot(rows - y, columns - x) < radius * 1.2
        canvas.alpha = np.where(gone, 0, canvas.alpha).astype(np.float32)
        return "plain", _where((y, x))
    y, x = _spot(rng, canvas.alpha)
    reach = float(rng.uniform(0.05, 0.17))
    if shape and len(spots) > 1:
        reach = min(reach, spots[0][2] * 1.0)
    CONDITIONS[condition][0](rng, canvas, (y, x), reach, strength)
    return ("faint" if strength * reach < 0.06 else "plain"), _where((y, x))


def _spot(rng: Generator, alpha: Field) -> tuple[float, float]:
    """Return a place on the product, not too near to the border."""
    size = alpha.shape[0]
    y, x = 0.5, 0.5
    for _ in range(40):
        y, x = rng.uniform(0.08, 0.92, 2).tolist()
        if alpha[int(y * size), int(x * size)] > 0.5:
            break
    return y, x


def _where(spot: tuple[float, float]) -> str:
    rows, columns = ("top", "middle", "bottom"), ("left", "centre", "right")
    return f"{rows[min(2, int(spot[0] * 3))]} {columns[min(2, int(spot[1] * 3))]}"


def _photograph(
    rng: Generator, canvas: Canvas, light: str, blurred: bool, shadow: bool
) -> UInt8[np.ndarray, "row column 3"]:
    """Return the canvas as a camera sees it: cast shadow, light, blur, sensor noise, 8 bits."""
    size = canvas.size
    if shadow:
        cast = soften(np.roll(canvas.alpha, rng.integers(-6, 7, 2).tolist(), (0, 1)), 6)
        canvas.background = canvas.background * (1 - np.float32(0.45) * cast[:, :, None])
    picture = canvas.flat()
    y, x = coordinates(size)
    if light == "side":
        angle = rng.uniform(0, 2 * np.pi)
        ramp = (y - 0.5) * np.sin(angle) + (x - 0.5) * np.cos(angle)
        gain = 1 + rng.uniform(0.5, 0.9) * ramp
    else:
        level = {"bright": rng.uniform(1.25, 1.45), "dark": rng.uniform(0.45, 0.65)}.get(light, 1.0)
        centre = rng.uniform(0.3, 0.7, 2)
        fall = (y - centre[0]) ** 2 + (x - centre[1]) ** 2
        gain = level * (1.05 - rng.uniform(0, 0.5) * fall)
    picture = picture * gain.astype(np.float32)[:, :, None]
    if blurred:
        picture = np.stack(
            [soften(np.ascontiguousarray(picture[:, :, c]), 2.5) for c in range(3)], axis=2
        )
    noise = grain(rng, size) * np.float32(rng.uniform(0.002, 0.02))
    return (np.clip(picture + noise[:, :, None], 0, 1) * 255).astype(np.uint8)


__all__ = ["Picture", "Scene", "conditions", "draw", "rng_of"]
