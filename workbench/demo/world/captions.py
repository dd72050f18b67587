"""The grammar of the captions, and the words that it and the prompt ensemble can use."""

import re

from numpy.random import Generator

from workbench.clip.prompts import NORMAL_STATES
from workbench.demo.conditions import CONDITIONS
from workbench.demo.materials import COLOURS, MATERIALS
from workbench.demo.shapes import OBJECTS
from workbench.demo.world import Scene

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
AMOUNTS = {"faint": ("slight", "faint", "small", "subtle"), "plain": ("clear", "large", "heavy")}
LIGHTS = {"bright": "in bright light", "dark": "in dim light", "side": "lit from the side"}
PLACES = tuple(
    f"{row} {column}"
    for row in ("top", "middle", "bottom")
    for column in ("left", "centre", "right")
)
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
    if scene.background and rng.random() < 0.75:
        ground = _pick(rng, MATERIALS[scene.background][1])
        if rng.random() < 0.6:
            ground = f"{scene.background_colour} {ground}"
        words = f"{words} {_pick(rng, AGAINST).format(ground)}"
    if scene.light in LIGHTS and rng.random() < 0.4:
        words = f"{words} {LIGHTS[scene.light]}"
    opening = _pick(rng, ("a photo of {}", "{}", "{}", "a close-up of {}", "a picture of {}"))
    return opening.format(words)


def _noun(rng: Generator, scene: Scene, short: bool) -> str:
    if scene.shape:
        words = _pick(rng, OBJECTS[scene.shape][1])
        if scene.arrangement != "single":
            words += "s" if not words.endswith("s") else ""
    else:
        words = _pick(rng, MATERIALS[scene.material][1])
    if rng.random() < (0.4 if short else 0.85):
        words = f"{scene.colour} {words}"
    return words


def _state(rng: Generator, scene: Scene) -> tuple[str, str]:
    """Return how the noun is qualified ("flawless {}") and what follows (" with a crack ...")."""
    if scene.condition is None:
        return _pick(rng, FLAWLESS), ""
    _, adjectives, nouns, _ = CONDITIONS[scene.condition]
    kind = rng.random()
    if kind < 0.3:
        return _pick(rng, DAMAGED), ""
    where = f" {_pick(rng, ('in the', 'at the'))} {scene.where}" if rng.random() < 0.6 else ""
    if kind < 0.5:
        return f"{_pick(rng, adjectives)} {{}}", where
    noun = _pick(rng, nouns)
    if noun.startswith("a ") and rng.random() < 0.3:
        noun = f"a {_pick(rng, AMOUNTS[scene.amount])} {noun[2:]}"
    before = "{}"
    if rng.random() < 0.25:
        before = _pick(rng, ("damaged {}", "defective {}", "broken {}"))
    return before, f" with {noun}{where}"


def _template(rng: Generator, scene: Scene) -> str:
    if scene.light in ("bright", "dark") and rng.random() < 0.5:
        return f"a {scene.light} photo of {_pick(rng, ('a', 'the'))} {{}}."
    if scene.blurred and rng.random() < 0.6:
        return "a blurry photo of a {}."
    return _pick(rng, PLAIN if scene.arrangement == "single" else MANY)


def _pick(rng: Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def vocabulary() -> list[str]:
    """Return every word of the grammar and of the prompt ensemble, sorted."""
    texts: list[str] = [
        *FLAWLESS,
        *DAMAGED,
        *TEMPLATES,
        *AGAINST,
        *LIGHTS.values(),
        *PLACES,
        *COLOURS,
        *EXTRA,
        *LIGHTS,
        "a close-up of",
        "a picture of",
        "in at the",
    ]
    texts += [word for words in (*ARRANGEMENTS.values(), *AMOUNTS.values()) for word in words]
    texts += [word for _, words, _ in MATERIALS.values() for word in words]
    texts += [word for _, words in OBJECTS.values() for word in words]
    texts += [f"{word}s" for _, words in OBJECTS.values() for word in words]
    texts += [word for _, a, n, _ in CONDITIONS.values() for word in (*a, *n)]
    found = re.findall(r"[a-z]+|[^\sa-z{}]+", " ".join(texts).lower())
    return sorted(set(found))
