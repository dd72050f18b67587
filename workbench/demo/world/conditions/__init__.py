"""The damage of the training world, by name."""

from workbench.demo.world.conditions.condition import Blow, Condition
from workbench.demo.world.conditions.marks import MARKS

CONDITIONS: dict[str, Condition] = {**MARKS}

__all__ = ["CONDITIONS", "Blow", "Condition"]
