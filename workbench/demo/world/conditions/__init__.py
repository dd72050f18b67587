"""The damage of the training world, by name."""

from workbench.demo.world.conditions.assembly import ASSEMBLY
from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.conditions.dirt import DIRT
from workbench.demo.world.conditions.form import FORM
from workbench.demo.world.conditions.marks import MARKS
from workbench.demo.world.conditions.textile import PRINT, TEXTILE

CONDITIONS: dict[str, Condition] = {**MARKS, **FORM, **DIRT, **ASSEMBLY, **TEXTILE, **PRINT}

__all__ = ["CONDITIONS", "Blow", "Condition"]
