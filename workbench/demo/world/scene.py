"""What a picture shows: chosen at random, kept apart from how it is drawn, and told in captions.

Pictures come in pairs (2j, 2j + 1). In two of three pairs both show the same scene, one flawless
and one damaged, so that only its condition tells them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zlib import crc32

from numpy.random import Generator, default_rng

from workbench.demo.world.conditions import CONDITIONS, Condition
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.palette import COLOURS

Part = Literal["training", "combinations", "materials", "damage"]
PARTS: tuple[Part, ...] = ("training", "combinations", "materials", "damage")
SCENE, CONDITION = 1, 2  # streams of random numbers
LIGHTS = ("even", "even", "even", "bright", "dark", "side")
ARRANGEMENTS = ("single", "single", "single", "pair", "row", "column", "grid", "scattered")
SETS = ("row", "column", "grid")
ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")


@dataclass(frozen=True)
class Scene:
    """What a picture shows, in words.

    `shape` is empty where a material fills the picture. `textured` is whether an object shows the
    texture of its material. `ground` is what it lies on, empty for an even ground. `strength`
    (0..1) and `reach` (in widths of the picture) are those of its damage, `where` is filled in when
    it is drawn.
    """

    material: str
    colour: str
    second: str
    shape: str
    arrangement: str
    textured: bool
    ground: str
    ground_colour: str
    clutter: bool
    light: str
    blurred: bool
    condition: str | None
    strength: float
    reach: float
    where: str = ""

    @property
    def noun(self) -> str:
        """Return the name of what is looked at: the object, or the material that fills it."""
        return self.shape or self.material


def rng_of(seed: int, *numbers: int) -> Generator:
    """Return the random numbers of one thing that is chosen."""
    return default_rng([seed, *numbers])


def withheld(one: str, other: str) -> bool:
    """Return whether two words never come together in training (one pair in ten)."""
    return crc32(f"{one} {other}".encode()) % 10 == 0


def scene_of(seed: int, picture: int, part: Part = "training") -> Scene:
    """Return what a picture shows.

    Part "training" leaves out one in ten pairs of (material, colour), (material, object) and
    (kind of damage, material or object), and the held-out materials and kinds of damage.
    "combinations" has such a pair in every picture, "materials" shows held-out materials only,
    "damage" nothing but held-out kinds of damage, and flawless pictures.
    """
    pair, second = divmod(picture, 2)
    shared = rng_of(seed, pair, SCENE)
    same = bool(shared.random() < 0.67)
    chooser = shared if same else rng_of(seed, picture, SCENE)
    damaged = bool(chooser.random() < 0.5) != (same and bool(second))
    own = rng_of(seed, picture, CONDITION)
    while True:
        found = _scene(chooser, part)
        kinds = _kinds(found, part)
        if _odd(found) == (part == "combinations") and kinds:
            break
    condition = _pick(own, kinds) if damaged else None
    strength, reach = float(own.uniform(0.3, 1.0)), float(0.045 * (0.17 / 0.045) ** own.random())
    return Scene(
        **found,
        clutter=bool(own.random() < 0.25),
        light=_pick(own, LIGHTS),
        blurred=bool(own.random() < 0.08),
        condition=condition,
        strength=strength,
        reach=reach,
    )


def drawn_alike(seed: int, picture: int) -> bool:
    """Return whether both pictures of a pair have one geometry (of scenes that differ or not)."""
    return bool(rng_of(seed, picture // 2, SCENE).random() < 0.4)


def _pick(rng: Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _scene(rng: Generator, part: Part) -> dict[str, Any]:
    """Return the words of a scene but for its condition and its light."""
    heldout = part == "materials"
    known = [name for name, made in MATERIALS.items() if made.heldout == heldout]
    grounds = [name for name, made in MATERIALS.items() if not made.heldout]
    shape = _pick(rng, tuple(OBJECTS)) if rng.random() < 0.55 else ""
    if shape:
        solid = [name for name in known if MATERIALS[name].made_of]
        wanted = [name for name in OBJECTS[shape].materials if name in solid]
        material = _pick(rng, wanted if wanted and rng.random() < 0.8 else solid)
    else:
        material = _pick(rng, known)
    ground = _pick(rng, grounds) if shape and rng.random() < 0.7 else ""
    colours = tuple(COLOURS)
    colour = _pick(rng, MATERIALS[material].colours or colours)
    ground_colour = _pick(rng, (MATERIALS[ground].colours if ground else ()) or colours)
    if ground_colour == colour:
        ground_colour = _pick(rng, [name for name in colours if name != colour])
    return {
        "material": material,
        "colour": colour,
        "second": _pick(rng, [name for name in colours if name != colour]),
        "shape": shape,
        "arrangement": _pick(rng, ARRANGEMENTS) if shape else "single",
        "textured": bool(rng.random() < 0.6),
        "ground": ground,
        "ground_colour": ground_colour,
    }


def _odd(words: dict[str, Any]) -> bool:
    """Return whether a scene has a pair of words that training never sees together."""
    material, colour, shape = (str(words[name]) for name in ("material", "colour", "shape"))
    return withheld(material, colour) or (bool(shape) and withheld(material, shape))


def _kinds(words: dict[str, Any], part: Part) -> list[str]:
    """Return the kinds of damage that can happen to a scene."""
    shape, material = str(words["shape"]), str(words["material"])
    where = {"both", "object" if shape else "surface"}
    if words["arrangement"] in SETS:
        where.add("set")

    def fits(name: str, kind: Condition) -> bool:
        if kind.happens_to not in where or kind.heldout != (part == "damage"):
            return False
        if kind.only and not {shape, material} & set(kind.only):
            return False
        return part != "training" or not withheld(name, shape or material)

    return [name for name, kind in CONDITIONS.items() if fits(name, kind)]
