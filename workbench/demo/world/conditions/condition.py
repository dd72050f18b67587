"""What damage is: a program that spoils a canvas, and the words for it."""

from collections.abc import Callable
from dataclasses import dataclass

from workbench.demo.world.canvas import Canvas
from workbench.demo.world.dice import Dice, Number
from workbench.demo.world.fields import Spot


@dataclass(frozen=True)
class Blow:
    """Where damage strikes: its spot (y, x in 0..1), its reach (in widths of the picture, about
    0.04..0.17), its strength (0.3 faint .. 1 plain), and the radius (in widths of the picture) and
    the middle of the object that it strikes, one number a picture each.
    """

    spot: Spot
    reach: Number
    strength: Number
    radius: Number
    middle: Spot


Program = Callable[[Dice, Canvas, Blow], Canvas]


@dataclass(frozen=True)
class Condition:
    """A kind of damage of the training world.

    `adjectives` stand before what is damaged ("a scratched gear"), `nouns` behind ("a gear with a
    scratch"). `happens_to` is "surface", "object", "both" or "set" (an arrangement of several).
    `only` names the materials or objects that it can happen to, any if empty. `heldout` kinds are
    in no training picture.
    """

    program: Program
    adjectives: tuple[str, ...]
    nouns: tuple[str, ...]
    happens_to: str = "both"
    only: tuple[str, ...] = ()
    heldout: bool = False
