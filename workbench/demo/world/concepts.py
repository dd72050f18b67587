"""What can be seen in the training pictures and was named in their captions, by kind."""

import re

from workbench.demo.world.captions import ARRANGEMENTS, DAMAGED, FLAWLESS, LIGHTS
from workbench.demo.world.conditions import CONDITIONS
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.palette import COLOURS


def concepts() -> dict[str, list[str]]:
    """Return the terms of each kind, each once, nothing that was kept out of the training.

    They are what a label of this tower's neurons can be made of, as it knows no other words.
    """
    known = [made for made in MATERIALS.values() if not made.heldout]
    kinds = [kind for kind in CONDITIONS.values() if not kind.heldout]
    found = {
        "materials": [word for made in known for word in (*made.nouns, *made.made_of)],
        "objects": [word for thing in OBJECTS.values() for word in thing.nouns],
        "colours": list(COLOURS),
        "damage": [word for kind in kinds for word in (*kind.adjectives, *kind.nouns)],
        "condition": [form.format("object") for form in (*FLAWLESS, *DAMAGED)],
        "arrangements": [
            form.format("part" if name == "single" else "parts")
            for name, forms in ARRANGEMENTS.items()
            for form in forms
        ],
        "light": [words for forms in LIGHTS.values() for words in forms],
    }
    seen: set[str] = set()
    for kind, terms in found.items():
        found[kind] = [term for term in dict.fromkeys(map(_bare, terms)) if term not in seen]
        seen |= set(found[kind])
    return found


def _bare(term: str) -> str:
    """Return a term without its article."""
    return re.sub(r"^(a|an) ", "", term)
