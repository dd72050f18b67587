"""The materials of the training world, by name."""

from workbench.demo.world.materials.material import Material
from workbench.demo.world.materials.textiles import TEXTILES

MATERIALS: dict[str, Material] = {**TEXTILES}

__all__ = ["MATERIALS", "Material"]
