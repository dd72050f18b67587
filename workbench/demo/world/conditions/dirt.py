"""What lies on a surface or has eaten into it: stains, dirt, rust and burns."""

from dataclasses import replace

import torch

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.conditions.kin import METAL, ORGANIC
from workbench.demo.world.conditions.local import (
    around,
    brightness_at,
    colour_at,
    glossed,
    pixels,
    shaded,
    standing_out,
    through,
)
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Tone, blob, line, mix, noise, soften, step, wander


def _one_of(dice: Dice, *tones: tuple[float, float, float]) -> Tone:
    """Return one of some colours for each picture, a little varied."""
    table = torch.tensor(tones, device=dice.keys.device)
    drawn = table[dice.choice(len(tones))][:, :, None] * dice.uniform(0.8, 1.2)
    return drawn.clamp(0, 1)[..., None]


def stained(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A soaked-in spill with a darker rim."""
    spill = blob(dice, canvas.plane, blow.spot, blow.reach, 0.2)
    spill = spill + 0.06 * noise(dice, canvas.plane, 4 / blow.reach)
    inside = step(spill, 0.1, 0.15)
    rim = inside * step(0.3 - spill, 0.0, 0.25)
    dye = _one_of(dice, (0.35, 0.2, 0.1), (0.12, 0.12, 0.14), (0.15, 0.2, 0.45), (0.5, 0.1, 0.12))
    light = _one_of(dice, (0.9, 0.88, 0.8), (0.85, 0.8, 0.4))
    tone = torch.where(brightness_at(canvas, blow)[..., None] > 0.28, dye, light)
    share = inside * (0.22 + 0.4 * blow.strength) + rim * 0.25 * blow.strength
    return canvas.painted(tone, share).marked(inside)


def contaminated(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A sprinkling of specks and crumbs that do not belong there."""
    bits, tops = torch.zeros_like(canvas.height), torch.zeros_like(canvas.height)
    places, sizes = dice.normal_grid(2, 10), dice.grid(10)
    edgy = 0.35 * noise(dice, canvas.plane, 45.0)
    for number in range(10):
        spot = [
            blow.spot[k] + (0.7 if number else 0.0) * blow.reach * places[:, k, number, None, None]
            for k in (0, 1)
        ]
        radius = 0.006 + 0.14 * blow.reach * sizes[:, number, None, None]
        near = 1 + edgy - canvas.plane.moved(-spot[0], -spot[1]).scaled(1 / radius).radius()
        there = 1.0 if number < 4 else dice.chance(0.6)
        bits = torch.maximum(bits, there * step(near, 0.0, 1.4 / (canvas.size * radius)))
        tops = torch.maximum(tops, there * radius * near.clamp(0, 1))
    tone = standing_out(dice, canvas, blow)
    tint = _one_of(dice, (0.6, 0.4, 0.2), (0.5, 0.5, 0.5), (0.7, 0.6, 0.45))
    tone = mix(tone, tint, dice.uniform(0, 0.6)[..., None])
    canvas = canvas.painted(tone, bits * (0.5 + 0.5 * blow.strength))
    return canvas.raised(canvas.size * tops * blow.strength).marked(bits)


def linty(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A hair or a few curled fibres lying on it."""
    tone = standing_out(dice, canvas, blow)
    tint = _one_of(dice, (0.7, 0.1, 0.1), (0.1, 0.2, 0.6), (0.15, 0.1, 0.08), (0.95, 0.95, 0.95))
    tone = mix(tone, tint, dice.chance(0.4)[..., None] * 0.8)
    for number in range(2):
        spot = (
            blow.spot[0] + 0.4 * number * blow.reach * dice.normal(),
            blow.spot[1] + 0.4 * number * blow.reach * dice.normal(),
        )
        path = through(wander(dice, spot, 2.6 * blow.reach, 9, 0.5), spot)
        width = pixels(canvas, 1.0) * (1.2 + 0.8 * blow.strength)
        drawn = line(canvas.plane, path, width)
        if number:
            drawn = drawn * dice.chance(0.35)
        canvas = canvas.painted(tone, drawn * (0.5 + 0.45 * blow.strength))
        canvas = canvas.raised(pixels(canvas, 1.2) * drawn).marked(drawn)
    return canvas


def oily(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A wet smear: darker, glossy, drawn out in one direction."""
    near = around(canvas, blow, dice.angle()).scaled(1.5, 0.75)
    film = 1 - near.radius() + 0.25 * noise(dice, canvas.plane, 1.5 / blow.reach)
    streaks = noise(dice, near, 3.5, 0.6)
    inside = step(film, 0.05, 0.25)
    wet = canvas.rgb * _one_of(dice, (0.45, 0.4, 0.28), (0.4, 0.4, 0.4)) + 0.02
    share = inside * (0.45 + 0.5 * blow.strength) * (1 + 0.2 * streaks)
    canvas = canvas.painted(wet, share.clamp(0, 1))
    smooth = mix(canvas.height, soften(canvas.height, pixels(canvas, 6.0)), 0.8 * inside)
    canvas = replace(canvas, height=smooth)
    canvas = shaded(canvas, -0.3 * (0.3 + blow.strength) * inside * step(streaks, 1.2, 1.0))
    canvas = glossed(canvas, 0.8, inside)
    return canvas.raised(pixels(canvas, 1.5) * inside * (film + 0.12 * streaks)).marked(inside)


def dusty(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A thin grey veil, grainy and thicker in places."""
    veil = blob(dice, canvas.plane, blow.spot, 1.5 * blow.reach, 0.35)
    fine = noise(dice, canvas.plane, 60.0)
    share = step(veil + 0.12 * fine, 0.05, 0.6)
    bright = brightness_at(canvas, blow)
    grey = torch.where(bright > 0.55, dice.uniform(0.25, 0.38), dice.uniform(0.7, 0.85))
    tone = grey[..., None] * torch.tensor([1.0, 0.96, 0.88], device=grey.device)[:, None, None]
    clumps = step(fine + 0.5 * noise(dice, canvas.plane, 90.0), 0.6, 0.8)
    opaque = share * (0.2 + 0.4 * blow.strength) * (0.75 + 0.6 * clumps)
    canvas = canvas.painted(tone, opaque.clamp(0, 1))
    return glossed(canvas, 0.0, share).marked(step(share, 0.35, 0.4))


def mouldy(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Furry round colonies, pale at the rim and dark in the middle, grown into each other."""
    fur, core = torch.zeros_like(canvas.height), torch.zeros_like(canvas.height)
    places, sizes = dice.normal_grid(2, 6), dice.grid(6)
    fuzz = 0.2 * noise(dice, canvas.plane, 50.0) + 0.12 * noise(dice, canvas.plane, 90.0)
    for number in range(6):
        spot = [blow.spot[k] + 0.6 * blow.reach * places[:, k, number, None, None] for k in (0, 1)]
        radius = blow.reach * (0.2 + 0.35 * sizes[:, number, None, None])
        near = 1 + fuzz - canvas.plane.moved(-spot[0], -spot[1]).scaled(1 / radius).radius()
        fur = torch.maximum(fur, step(near, 0.15, 0.5))
        core = torch.maximum(core, step(near, 0.6, 0.6))
    pale = _one_of(dice, (0.8, 0.83, 0.78), (0.6, 0.66, 0.6))
    deep = _one_of(dice, (0.2, 0.34, 0.27), (0.3, 0.38, 0.36), (0.15, 0.16, 0.15))
    canvas = canvas.painted(pale, fur * (0.25 + 0.5 * blow.strength))
    canvas = canvas.painted(deep, core * (0.3 + 0.5 * blow.strength))
    canvas = canvas.raised(pixels(canvas, 2.0) * fur * (1 + 2 * fuzz))
    return glossed(canvas, 0.0, fur).marked(step(fur, 0.2, 0.3))


def rusty(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """Orange-brown bloom, mottled and pitted."""
    bloom = blob(dice, canvas.plane, blow.spot, 1.2 * blow.reach, 0.35)
    mottle = noise(dice, canvas.plane, 24.0) + 0.7 * noise(dice, canvas.plane, 60.0)
    share = step(bloom + 0.22 * mottle, 0.2, 0.3)
    orange = _one_of(dice, (0.72, 0.36, 0.12), (0.6, 0.3, 0.12))
    brown = _one_of(dice, (0.32, 0.15, 0.08), (0.4, 0.2, 0.1))
    tone = mix(orange, brown, step(mottle, 0.1, 2.0))
    canvas = canvas.painted(tone, share * (0.4 + 0.5 * blow.strength))
    canvas = glossed(canvas, 0.0, share)
    return canvas.raised(pixels(canvas, 0.8) * mottle * share).marked(share)


def burnt(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A charred middle in a brown halo that fades out."""
    heat = blob(dice, canvas.plane, blow.spot, 1.3 * blow.reach, 0.25)
    heat = heat + 0.1 * noise(dice, canvas.plane, 30.0)
    halo, core = step(heat, 0.25, 0.5), step(heat, 0.75 - 0.3 * blow.strength, 0.3)
    brown = _one_of(dice, (0.4, 0.22, 0.08), (0.32, 0.18, 0.1))
    dark = torch.minimum(0.6 * colour_at(canvas, blow), brown)
    canvas = canvas.painted(dark, halo * (0.35 + 0.45 * blow.strength))
    black = _one_of(dice, (0.03, 0.03, 0.03), (0.08, 0.06, 0.05))
    ash = brightness_at(canvas, blow) < 0.25
    black = torch.where(ash[..., None], _one_of(dice, (0.5, 0.47, 0.43)), black)
    canvas = canvas.painted(black, core * (0.3 + 0.6 * blow.strength))
    canvas = canvas.raised(-pixels(canvas, 1.5) * core * (1 + noise(dice, canvas.plane, 50.0)))
    return glossed(canvas, 0.02, halo).marked(step(halo, 0.3, 0.3))


def discoloured(dice: Dice, canvas: Canvas, blow: Blow) -> Canvas:
    """A soft-edged patch whose colour has bleached out or turned."""
    patch = step(blob(dice, canvas.plane, blow.spot, 1.5 * blow.reach, 0.25), 0.15, 0.3)
    grey = canvas.rgb.mean(1, keepdim=True)
    bright = brightness_at(canvas, blow)[..., None]
    tint = _one_of(dice, (1.0, 0.95, 0.75), (0.95, 1.0, 0.9), (1.0, 0.85, 0.85))
    pale = (0.55 * grey + 0.5) * tint
    turned = 0.62 * grey * _one_of(dice, (1.1, 1.0, 0.6), (1.2, 0.8, 0.8), (0.8, 0.9, 1.2))
    faded = torch.where(bright > 0.6, turned, pale)
    return canvas.painted(faded, patch * (0.3 + 0.6 * blow.strength)).marked(patch)


DIRT: dict[str, Condition] = {
    "stained": Condition(stained, ("stained",), ("a stain", "a spill")),
    "contaminated": Condition(
        contaminated, ("contaminated", "dirty"), ("specks", "crumbs", "debris")
    ),
    "linty": Condition(linty, ("linty",), ("a hair", "fluff", "lint")),
    "oily": Condition(oily, ("oily", "greasy"), ("an oil smear", "grease"), heldout=True),
    "dusty": Condition(dusty, ("dusty",), ("dust", "a layer of dust")),
    "mouldy": Condition(mouldy, ("mouldy",), ("mould", "mildew"), only=ORGANIC),
    "rusty": Condition(rusty, ("rusty", "corroded"), ("rust", "corrosion"), only=METAL),
    "burnt": Condition(burnt, ("burnt", "scorched", "charred"), ("a burn", "scorching")),
    "discoloured": Condition(discoloured, ("discoloured", "faded"), ("a discolouration", "fading")),
}
