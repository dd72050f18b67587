"""What objects are typically made of: names of materials, by kin."""

CLOTH = ("weave", "twill", "burlap")
GLASS = ("rippled",)
GROWN = ("leather", "cork", "wood", "sandstone", "foam")  # the grain of shells, peels and crusts
METAL = ("polished", "brushed", "cast", "hammered")
PAPER = ("paper",)
PLASTIC = ("speckled",)
RUBBER = ("ribbed", "knobbed")
SOFT = ("foam",)
STONE = ("marble", "granite", "sandstone", "terrazzo")
WOOD = ("wood",)
