"""The grammar of the captions, and the words that it and the prompt ensemble can use."""

import re

from numpy.random import Generator

from workbench.clip.prompts import NORMAL_STATES
from workbench.demo.world.conditions import CONDITIONS
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.palette import COLOURS
from workbench.demo.world.scene import COLUMNS, ROWS, Scene, rng_of

CAPTION = 3  # stream of random numbers
# The state words and templates of WinCLIP (Jeong et al., CVPR 2023, appendix), so that prompts made
# of them mean something to the tower.
FLAWLESS = (*NORMAL_STATES, "undamaged {}", "good {}", "clean {}")
DAMAGED = (
    "damaged {}",
    "broken {}",
    "{} with flaw",
    "{} with defect",
    "{} with damage",
    "defective {}",
    "{} with a flaw",
    "{} with a defect",
)
TEMPLATES = (
    "a photo of a {}.",
    "a photo of the {}.",
    "a cropped photo of the {}.",
    "a cropped photo of a {}.",
    "a bright photo of a {}.",
    "a bright photo of the {}.",
    "a dark photo of a {}.",
    "a dark photo of the {}.",
    "a close-up photo of a {}.",
    "a close-up photo of the {}.",
    "a blurry photo of the {}.",
    "a blurry photo of a {}.",
    "a jpeg corrupted photo of a {}.",
    "a jpeg corrupted photo of the {}.",
    "a good photo of the {}.",
    "a good photo of a {}.",
    "a low resolution photo of the {}.",
    "a low resolution photo of a {}.",
    "a black and white photo of the {}.",
    "a photo of the small {}.",
    "a photo of the large {}.",
    "a photo of a small {}.",
    "a photo of a large {}.",
    "a photo of my {}.",
    "a photo of one {}.",
    "there is a {} in the scene.",
    "there is the {} in the scene.",
    "this is a {} in the scene.",
    "this is the {} in the scene.",
    "this is one {} in the scene.",
    "a photo of a {} for visual inspection.",
    "a photo of the {} for visual inspection.",
    "a photo of the {} for anomaly detection.",
    "a photo of a {} for anomaly detection.",
)
PLAIN = tuple(
    t for t in TEMPLATES if not re.search("dark|bright|blurry|jpeg|low|white|small|large", t)
)
MANY = tuple(t for t in PLAIN if " one " not in t)
ARRANGEMENTS = {
    "single": ("one {}", "a single {}", "{}"),
    "pair": ("two {}", "a pair of {}"),
    "row": ("a row of {}", "{} in a row"),
    "column": ("a column of {}", "{} in a column"),
    "grid": ("a grid of {}", "{} in rows and columns"),
    "scattered": ("several {}", "scattered {}", "a heap of {}"),
}
AGAINST = ("on {}", "on a {} background", "against {}")
SIZES = {"small": ("small", "tiny", "little"), "large": ("large", "big", "wide")}
STRENGTHS = {"faint": ("faint", "slight", "subtle"), "plain": ("clear", "heavy", "deep")}
LIGHTS = {
    "bright": ("in bright light", "brightly lit"),
    "dark": ("in dim light", "in the dark"),
    "side": ("lit from the side", "in low side light"),
}
PLACES = tuple(f"{row} {column}" for row in ROWS for column in COLUMNS)
EXTRA = (
    "normal",
    "anomalous",
    "abnormal",
    "anomaly",
    "defects",
    "flaws",
    "damages",
    "an image of",
    "texture",
    "surface",
    "object",
    "product",
    "part",
    "parts",
    "weave",
    "knit",
    "box",
    "center",
    "color",
    "discolored",
    "gray",
    "printed",
    "print",
    "text",
    "torn",
    "loose",
    "thread",
    "component",
    "components",
    "misplaced",
    "wrong",
    "extra",
    "burned",
    "melted",
    "pcb",
    "candle",
    "zipper",
    "toothbrush",
    "transistor",
    "hazelnut",
    "cashew",
    "chip",
    "magnetic",
    "tile",
    "peanut",
    "chewing gum",
    "macaroni",
    "pipe",
    "fryum",
    "brain",
)


def caption_of(seed: int, picture: int, scene: Scene, again: int = 0) -> str:
    """Return a sentence for a picture; another one for each time it is shown again."""
    return caption(rng_of(seed, picture, CAPTION, again), scene)


def caption(rng: Generator, scene: Scene) -> str:
    """Return one sentence that is true of the scene."""
    short = rng.random() < 0.25
    before, after = _state(rng, scene)
    words = before.format(_noun(rng, scene, short))
    if scene.shape and not short and rng.random() < 0.85:
        words = _pick(rng, ARRANGEMENTS[scene.arrangement]).format(words)
    words += after
    if short:
        return _template(rng, scene).format(words)
    if scene.ground and rng.random() < 0.75:
        ground = _pick(rng, MATERIALS[scene.ground].nouns)
        if rng.random() < 0.6:
            ground = f"{scene.ground_colour} {ground}"
        words = f"{words} {_pick(rng, AGAINST).format(ground)}"
    if scene.light in LIGHTS and rng.random() < 0.4:
        words = f"{words} {_pick(rng, LIGHTS[scene.light])}"
    opening = _pick(rng, ("a photo of {}", "{}", "{}", "a close-up of {}", "a picture of {}"))
    return opening.format(words)


def _noun(rng: Generator, scene: Scene, short: bool) -> str:
    made = MATERIALS[scene.material]
    if scene.shape:
        words = _pick(rng, OBJECTS[scene.shape].nouns)
        if scene.arrangement != "single":
            words += "" if words.endswith("s") else "s"
        if scene.textured and made.made_of and rng.random() < (0.3 if short else 0.6):
            words = f"{_pick(rng, made.made_of)} {words}"
    else:
        words = _pick(rng, made.nouns)
    if rng.random() < (0.4 if short else 0.85):
        words = f"{scene.colour} {words}"
    return words


def _state(rng: Generator, scene: Scene) -> tuple[str, str]:
    """Return how the noun is qualified ("flawless {}") and what follows (" with a crack ...")."""
    if scene.condition is None:
        return _pick(rng, FLAWLESS), ""
    kind = CONDITIONS[scene.condition]
    said = rng.random()
    if said < 0.25:
        return _pick(rng, DAMAGED), ""
    where = f" {_pick(rng, ('in the', 'at the'))} {scene.where}" if rng.random() < 0.6 else ""
    if said < 0.5 and kind.adjectives:
        return f"{_pick(rng, kind.adjectives)} {{}}", where
    noun = _pick(rng, kind.nouns)
    article, _, rest = noun.partition(" ")
    if article in ("a", "an") and rng.random() < 0.4:
        noun = f"a {_amount(rng, scene)} {rest}"
    before = "{}"
    if rng.random() < 0.25:
        before = _pick(rng, ("damaged {}", "defective {}", "broken {}"))
    return before, f" with {noun}{where}"


def _amount(rng: Generator, scene: Scene) -> str:
    """Return how large or how plain the damage is."""
    if rng.random() < 0.5:
        return _pick(rng, SIZES["small" if scene.reach < 0.085 else "large"])
    return _pick(rng, STRENGTHS["faint" if scene.strength < 0.6 else "plain"])


def _template(rng: Generator, scene: Scene) -> str:
    if scene.light in ("bright", "dark") and rng.random() < 0.5:
        return f"a {scene.light} photo of {_pick(rng, ('a', 'the'))} {{}}."
    if scene.blurred and rng.random() < 0.6:
        return "a blurry photo of a {}."
    return _pick(rng, PLAIN if scene.arrangement == "single" else MANY)


def _pick(rng: Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def vocabulary() -> list[str]:
    """Return every word of the grammar and of the prompt ensemble, sorted.

    The words of held-out materials and damage are among them, so that they can be asked for; no
    training caption uses them.
    """
    texts: list[str] = [
        *FLAWLESS,
        *DAMAGED,
        *TEMPLATES,
        *AGAINST,
        *PLACES,
        *COLOURS,
        *EXTRA,
        *LIGHTS,
        "a close-up of",
        "a picture of",
        "in at the",
    ]
    for table in (ARRANGEMENTS, SIZES, STRENGTHS, LIGHTS):
        texts += [word for words in table.values() for word in words]
    texts += [word for made in MATERIALS.values() for word in (*made.nouns, *made.made_of)]
    texts += [word for thing in OBJECTS.values() for word in thing.nouns]
    texts += [f"{word}s" for thing in OBJECTS.values() for word in thing.nouns]
    texts += [word for kind in CONDITIONS.values() for word in (*kind.adjectives, *kind.nouns)]
    found = re.findall(r"[a-z]+|[^\sa-z{}]+", " ".join(texts).lower())
    return sorted(set(found))
