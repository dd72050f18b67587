"""The objects of the training world, by name."""

from workbench.demo.world.objects.electrical import ELECTRICAL
from workbench.demo.world.objects.fasteners import FASTENERS
from workbench.demo.world.objects.food import FOOD
from workbench.demo.world.objects.fruits import FRUITS
from workbench.demo.world.objects.household import HOUSEHOLD
from workbench.demo.world.objects.machined import MACHINED
from workbench.demo.world.objects.packaging import PACKAGING
from workbench.demo.world.objects.thing import Thing

OBJECTS: dict[str, Thing] = {
    **MACHINED,
    **FASTENERS,
    **PACKAGING,
    **ELECTRICAL,
    **FOOD,
    **FRUITS,
    **HOUSEHOLD,
}

__all__ = ["OBJECTS", "Thing"]
