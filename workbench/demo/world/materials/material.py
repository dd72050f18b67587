"""What a material is: a program that draws it, and the words for it."""

from collections.abc import Callable
from dataclasses import dataclass

from workbench.demo.world.canvas import Surface
from workbench.demo.world.dice import Dice
from workbench.demo.world.fields import Plane

Program = Callable[[Dice, Plane], Surface]


@dataclass(frozen=True)
class Material:
    """A material of the training world.

    `nouns` name a surface of it ("woven fabric"), `made_of` is what stands before an object made of
    it ("felt" gear; empty if nothing is). `depth` is the contrast between its light and dark shade.
    `colours` are those it comes in, any if empty. `heldout` materials are in no training picture.
    """

    program: Program
    nouns: tuple[str, ...]
    made_of: tuple[str, ...] = ()
    depth: float = 0.5
    colours: tuple[str, ...] = ()
    heldout: bool = False
