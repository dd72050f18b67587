"""Which materials and objects are of a kin, for damage that does not happen to all."""

METAL = (
    *("washer", "gear", "plate", "bearing", "pulley", "flange", "bracket", "tube", "rod", "saw"),
    *("nut", "screw", "bolt", "spring", "key", "coin", "spoon"),
)
MOULDED = ("seal", "lid", "plug", "button", "comb", "peg", "switch", "toothbrush", "bottle")
ELECTRIC = ("board", "chip", "resistor", "transistor", "battery", "cable", "coil")
BRITTLE = ("tile", "egg", "vial", "tablet", "drop", "candle", "biscuit", "cookie", "chocolate")
KERNELS = ("hazelnut", "almond", "bean", "cashew", "macaroni", "fusilli", "snack")
SOFT_FOOD = ("bun", "apple", "orange", "citrus", "sweet", "gum")
PRINTED = ("label", "sticker", "carton", "battery", "capsule", "chip", "lid", "coin", "board")
SHEETS = ("label", "sticker", "carton", "leaf", "sweet", "blister")
CLOTH = ("weave", "felt")

HARD = (*METAL, *MOULDED, *ELECTRIC, *BRITTLE, *KERNELS)
PLIABLE = (*CLOTH, *SHEETS)
LIMBER = (*METAL, *ELECTRIC, *SHEETS, "comb", "zipper", "toothbrush", "brush", "fusilli", "plug")
ORGANIC = (*KERNELS, *SOFT_FOOD, "biscuit", "cookie", "leaf", "sponge", *CLOTH)
COATED = (*METAL, *MOULDED, "board", "tile", "label", "sticker", "battery", "capsule", "candle")
