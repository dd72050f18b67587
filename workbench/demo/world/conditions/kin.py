"""Which materials and objects are of a kin, for damage that does not happen to all."""

SHEET_METAL = ("brushed", "cast", "hammered", "tread", "perforated", "mesh", "polished")
METAL = (
    *SHEET_METAL,
    *("washer", "gear", "plate", "bearing", "pulley", "flange", "bracket", "tube", "rod", "saw"),
    *("nut", "screw", "bolt", "spring", "key", "coin", "spoon"),
)
MOULDED = (
    *("seal", "lid", "cup", "plug", "button", "comb", "peg", "switch", "toothbrush", "bottle"),
    "speckled",
)
ELECTRIC = ("board", "chip", "resistor", "transistor", "battery", "cable", "coil")
STONE = ("granite", "marble", "sandstone", "concrete", "terrazzo", "ceramic", "bricks", "cobbles")
BRITTLE = ("tile", "egg", "vial", "tablet", "drop", "candle", "biscuit", "cookie", "chocolate")
KERNELS = ("hazelnut", "almond", "bean", "cashew", "macaroni", "fusilli", "snack")
SOFT_FOOD = ("bun", "apple", "orange", "citrus", "sweet", "gum")
PRINTED = ("label", "sticker", "carton", "battery", "capsule", "chip", "lid", "coin", "board")
SHEETS = ("label", "sticker", "carton", "leaf", "sweet", "blister", "paper", "leather")
CLOTH = ("weave", "felt", "twill", "knit", "corduroy", "carpet", "burlap")
GROWN = ("wood", "bark", "cork", "leather", "wicker", "reed", "hide")

HARD = (*METAL, *MOULDED, *ELECTRIC, *STONE, *BRITTLE, *KERNELS, "wood", "rippled")
SOLID = (*METAL, *STONE, *MOULDED, *BRITTLE, "foam", "cork", "wood", "ribbed", "bun")
GLAZED = ("ceramic", "marble", "rippled", "speckled", "polished", *MOULDED, *BRITTLE, "board")
PLIABLE = (*CLOTH, *SHEETS)
LIMBER = (*METAL, *ELECTRIC, *SHEETS, "comb", "zipper", "toothbrush", "brush", "fusilli", "plug")
ORGANIC = (
    *KERNELS,
    *SOFT_FOOD,
    *GROWN,
    *CLOTH,
    *STONE,
    "biscuit",
    "cookie",
    "leaf",
    "sponge",
    "paper",
)
COATED = (
    *METAL,
    *MOULDED,
    *STONE,
    "wood",
    "board",
    "tile",
    "label",
    "battery",
    "capsule",
    "leather",
)
