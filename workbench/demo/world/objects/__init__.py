"""The objects of the training world, by name."""

from workbench.demo.world.objects.machined import MACHINED
from workbench.demo.world.objects.thing import Thing

OBJECTS: dict[str, Thing] = {**MACHINED}

__all__ = ["OBJECTS", "Thing"]
