"""The materials of the training world, by name."""

from workbench.demo.world.materials.made import MADE
from workbench.demo.world.materials.material import Material
from workbench.demo.world.materials.metals import METALS
from workbench.demo.world.materials.minerals import MINERALS
from workbench.demo.world.materials.organic import ORGANIC
from workbench.demo.world.materials.textiles import TEXTILES

MATERIALS: dict[str, Material] = {**TEXTILES, **METALS, **MINERALS, **ORGANIC, **MADE}

__all__ = ["MATERIALS", "Material"]
