"""What can be asked of a picture in words, and the right answers: material, colour, damage, ...

The same questions serve twice. In training they are contrasted beside the captions: the picture
against one phrase per possible answer (as in UniCL, Yang et al., CVPR 2022), and against the two
states of its own noun, in the words of WinCLIP's prompt ensemble. On held-out pictures they are the
zero-shot tests.
"""

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from workbench.demo.world.captions import ARRANGEMENTS, DAMAGED, FLAWLESS, TEMPLATES
from workbench.demo.conditions import CONDITIONS
from workbench.demo.materials import COLOURS, MATERIALS
from workbench.demo.shapes import OBJECTS
from workbench.demo.world import Scene

FORMS = ("{}", "a photo of {}", "a picture of {}", "a close-up of {}")


@dataclass(frozen=True)
class Question:
    """A question: the possible answers, the words for each, and which is true of a scene."""

    name: str
    choices: dict[str, tuple[str, ...]]
    answer: Callable[[Scene], str | None]

    def label(self, scene: Scene) -> int:
        """Return the number of the true answer, or -1 where the question does not arise."""
        found = self.answer(scene)
        return -1 if found is None else list(self.choices).index(found)

    def phrases(self, rng: Generator) -> list[str]:
        """Return one phrase per possible answer, all in one form."""
        form = _pick(rng, FORMS)
        return [form.format(_pick(rng, words)) for words in self.choices.values()]


def _damage_words() -> dict[str, tuple[str, ...]]:
    return {
        name: (*adjectives, *(f"object with {noun}" for noun in nouns))
        for name, (_, adjectives, nouns, _) in CONDITIONS.items()
    }


QUESTIONS: tuple[Question, ...] = (
    Question(
        "material",
        {name: words for name, (_, words, _) in MATERIALS.items()},
        lambda scene: None if scene.shape else scene.material,
    ),
    Question(
        "object",
        {name: words for name, (_, words) in OBJECTS.items()},
        lambda scene: scene.shape or None,
    ),
    Question(
        "colour", {name: (name, f"{name} object") for name in COLOURS}, lambda scene: scene.colour
    ),
    Question("damage", _damage_words(), lambda scene: scene.condition),
    Question(
        "arrangement",
        {
            name: tuple(form.format("parts") for form in forms[:2])
            for name, forms in ARRANGEMENTS.items()
        },
        lambda scene: scene.arrangement if scene.shape else None,
    ),
)

NOUNS: tuple[str, ...] = tuple(
    [words[0] for _, words, _ in MATERIALS.values()] + [words[0] for _, words in OBJECTS.values()]
)


def noun_of(scene: Scene) -> int:
    """Return the number (in `NOUNS`) of the word for what the scene shows."""
    if scene.shape:
        return len(MATERIALS) + list(OBJECTS).index(scene.shape)
    return list(MATERIALS).index(scene.material)


def labels(scene: Scene) -> list[int]:
    """Return the answers to `QUESTIONS`, then the noun, then whether it is damaged (0 or 1)."""
    answers = [question.label(scene) for question in QUESTIONS]
    return [*answers, noun_of(scene), int(scene.condition is not None)]


def state_prompts(rng: Generator) -> list[str]:
    """Return, for every noun, one prompt of its flawless and one of its damaged state."""
    template, good, bad = _pick(rng, TEMPLATES), _pick(rng, FLAWLESS), _pick(rng, DAMAGED)
    return [template.format(state.format(noun)) for noun in NOUNS for state in (good, bad)]


def _pick(rng: Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]
