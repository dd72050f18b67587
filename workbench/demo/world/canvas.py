"""What is drawn on: surfaces, solids, the canvas that damage changes, and the light on it."""

from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Colours, Field, Plane, mix, soften


class Surface(NamedTuple):
    """A material as fields, before it has a colour.

    `tone` (0..1) goes from the dark to the light shade of its colour, `accent` (0..1) to its second
    colour (joints, the other yarn). `height` is its relief: a bump that is as high as it is
    wide where height changes by 1 over a bump. `gloss` (0..1) is how it shines.
    """

    tone: Field
    height: Field
    gloss: Field | Number | float = 0.1
    accent: Field | float = 0.0


class Solid(NamedTuple):
    """An object as fields in units of its radius.

    `inside` is a signed distance to its outline, positive inside. `height` is its form (a dome, a
    rim), in radii. `tone` (around 1) makes parts of it lighter or darker, and `accent` (0..1) shows
    its second colour (print, the other half of a capsule).
    """

    inside: Field
    height: Field
    tone: Field | float = 1.0
    accent: Field | float = 0.0


@dataclass(frozen=True)
class Canvas:
    """Pictures in the making: a product over its ground, before light and camera.

    `rgb`, `height` and `gloss` are the product's, `ground` is what shows where `alpha` (0..1) is 0.
    `height` is in pixels. `mark` (0..1) is where the product is damaged.
    """

    plane: Plane
    rgb: Colours
    height: Field
    gloss: Field
    alpha: Field
    ground: Colours
    ground_height: Field
    mark: Field

    @property
    def size(self) -> int:
        """Return the width in pixels."""
        return self.plane.size

    def some(self, rows: Tensor) -> "Canvas":
        """Return the canvas of some of the pictures."""
        chosen: dict[str, Any] = {
            part.name: _of(getattr(self, part.name), rows) for part in fields(self)
        }
        return Canvas(**chosen)

    def with_some(self, rows: Tensor, changed: "Canvas") -> "Canvas":
        """Return this canvas with some of its pictures replaced."""
        new = {}
        for part in fields(self):
            if part.name != "plane":
                new[part.name] = getattr(self, part.name).clone()
                new[part.name][rows] = getattr(changed, part.name)
        return replace(self, **new)

    def marked(self, share: Field) -> "Canvas":
        """Return the canvas with damage marked where `share` is 1 and the product is seen."""
        return replace(self, mark=torch.maximum(self.mark, share * self.alpha))

    def painted(self, colour: Tensor, share: Field) -> "Canvas":
        """Return the canvas with a colour laid over the product."""
        return replace(self, rgb=mix(self.rgb, colour, share))

    def raised(self, pixels: Field) -> "Canvas":
        """Return the canvas with the product raised (sunk where negative), in pixels."""
        return replace(self, height=self.height + pixels)

    def without(self, share: Field) -> "Canvas":
        """Return the canvas with the product taken away where `share` is 1; marked as damage."""
        marked = self.marked(share)
        return replace(marked, alpha=self.alpha * (1 - share))


def _of(part: Plane | Tensor, rows: Tensor) -> Plane | Tensor:
    return part.some(rows) if isinstance(part, Plane) else part[rows]


@dataclass(frozen=True)
class Light:
    """A lamp: where it stands, how bright and how warm it is."""

    way: Number  # direction it comes from in the picture plane, radians
    tilt: Number  # 0 from above, 1 grazing
    ambient: Number
    level: Number
    fall: Number  # how much it fades across the picture
    warmth: Number


def lit(canvas: Canvas, light: Light) -> Colours:
    """Return the pictures under their lamps, [picture, 3, row, column], linear 0..1."""
    height = mix(canvas.ground_height, canvas.height, canvas.alpha)
    colour = mix(canvas.ground, canvas.rgb, canvas.alpha)
    dy = torch.diff(height, dim=1, append=height[:, -1:])
    dx = torch.diff(height, dim=2, append=height[:, :, -1:])
    upright = torch.rsqrt(1 + dy * dy + dx * dx)
    ly, lx = torch.sin(light.way) * light.tilt, torch.cos(light.way) * light.tilt
    lz = torch.sqrt((1 - light.tilt**2).clamp_min(0.05))
    facing = ((dy * ly + dx * lx + lz) * upright).clamp_min(0)
    plane = canvas.plane
    ramp = (plane.y - 0.5) * torch.sin(light.way) + (plane.x - 0.5) * torch.cos(light.way)
    diffuse = (light.ambient + (1 - light.ambient) * facing / lz) * (1 - light.fall * ramp)
    halfway = torch.rsqrt(ly**2 + lx**2 + (lz + 1) ** 2)
    shine = ((dy * ly + dx * lx + lz + 1) * upright * halfway).clamp(0, 1) ** 24
    gloss = canvas.gloss * canvas.alpha
    white = (0.6 * gloss * (shine - (1 + lz).mul(halfway).clamp(0, 1) ** 24))[:, None]
    warm = torch.cat([1 + light.warmth, torch.ones_like(light.warmth), 1 - light.warmth], 1)
    gain = light.level[..., None] * warm[..., None]
    return (colour * diffuse[:, None] + white) * gain


def shadowed(canvas: Canvas, way: Number, depth: Number) -> Canvas:
    """Return the canvas with the product's shadow on the ground, away from the light."""
    reach = max(2, canvas.size // 40)
    cast = soften(canvas.alpha, 2.0 * reach)
    rows, columns = torch.sin(way) * (reach / canvas.size), torch.cos(way) * (reach / canvas.size)
    at = torch.stack((canvas.plane.x + columns, canvas.plane.y + rows), -1) * 2 - 1
    moved = torch.nn.functional.grid_sample(
        cast[:, None], at, padding_mode="border", align_corners=False
    )
    return replace(canvas, ground=canvas.ground * (1 - depth[..., None] * moved.clamp(0, 1)))


def lamp(dice: Dice, side: Tensor, bright: Tensor, dark: Tensor) -> Light:
    """Return lamps; the flags [picture, 1, 1] say which are named in the caption."""
    even = dice.uniform(0.9, 1.1)
    level = torch.where(bright, dice.uniform(1.25, 1.5), even)
    return Light(
        way=dice.angle(),
        tilt=torch.where(side, dice.uniform(0.75, 0.92), dice.uniform(0.2, 0.7)),
        ambient=dice.uniform(0.3, 0.6),
        level=torch.where(dark, dice.uniform(0.4, 0.6), level),
        fall=torch.where(side, dice.uniform(0.6, 0.95), dice.uniform(0, 0.3)),
        warmth=dice.normal(0.04),
    )
