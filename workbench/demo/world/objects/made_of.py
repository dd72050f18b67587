"""What objects are typically made of: names of materials by kin; where none are, it may be any."""

CERAMIC: tuple[str, ...] = ()
CLOTH: tuple[str, ...] = ("weave", "felt")
GLASS: tuple[str, ...] = ()
METAL: tuple[str, ...] = ()
PAPER: tuple[str, ...] = ()
PLASTIC: tuple[str, ...] = ()
RUBBER: tuple[str, ...] = ()
WOOD: tuple[str, ...] = ()
SOFT: tuple[str, ...] = ()
GROWN: tuple[str, ...] = ()
