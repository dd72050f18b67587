"""What can be asked of a picture in words, and the right answers: material, colour, damage, ...

The same questions serve twice. In training they are contrasted beside the captions: the picture
against one phrase per possible answer (as in UniCL, Yang et al., CVPR 2022), and against the two
states of its own noun, in the words of WinCLIP's prompt ensemble. On held-out pictures they are the
zero-shot tests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import Generator

from workbench.demo.world.captions import ARRANGEMENTS, DAMAGED, FLAWLESS, TEMPLATES
from workbench.demo.world.conditions import CONDITIONS
from workbench.demo.world.materials import MATERIALS
from workbench.demo.world.objects import OBJECTS
from workbench.demo.world.palette import COLOURS
from workbench.demo.world.scene import Scene

FORMS = ("{}", "a photo of {}", "a picture of {}", "a close-up of {}")


@dataclass(frozen=True)
class Question:
    """A question: the possible answers, the words for each, and which is true of a scene."""

    name: str
    choices: dict[str, tuple[str, ...]]
    answer: Callable[[Scene], str | None]

    def number(self, answer: str | None) -> int:
        """Return the number of an answer, or -1 for none and for one that is not offered."""
        return list(self.choices).index(answer) if answer in self.choices else -1

    def label(self, scene: Scene) -> int:
        """Return the number of the true answer, or -1 where the question does not arise."""
        return self.number(self.answer(scene))

    def phrases(self, rng: Generator) -> list[str]:
        """Return one phrase per possible answer, all in one form."""
        form = _pick(rng, FORMS)
        return [form.format(_pick(rng, words)) for words in self.choices.values()]


QUESTIONS: tuple[Question, ...] = (
    Question(
        "material",
        {name: made.nouns for name, made in MATERIALS.items() if not made.heldout},
        lambda scene: None if scene.shape else scene.material,
    ),
    Question(
        "object",
        {name: thing.nouns for name, thing in OBJECTS.items()},
        lambda scene: scene.shape or None,
    ),
    Question(
        "colour", {name: (name, f"{name} object") for name in COLOURS}, lambda scene: scene.colour
    ),
    Question(
        "damage",
        {
            name: (*kind.adjectives, *(f"object with {noun}" for noun in kind.nouns))
            for name, kind in CONDITIONS.items()
            if not kind.heldout
        },
        lambda scene: scene.condition,
    ),
    Question(
        "arrangement",
        {
            name: tuple(form.format("parts") for form in forms[:2])
            for name, forms in ARRANGEMENTS.items()
        },
        lambda scene: scene.arrangement if scene.shape else None,
    ),
)
MATERIAL, OBJECT, COLOUR, DAMAGE, _ = QUESTIONS

NOUNS: dict[str, str] = {
    **{name: made.nouns[0] for name, made in MATERIALS.items() if not made.heldout},
    **{name: thing.nouns[0] for name, thing in OBJECTS.items()},
}


def noun_of(scene: Scene) -> int:
    """Return the number (in `NOUNS`) of what the scene shows, or -1 for a held-out material."""
    return list(NOUNS).index(scene.noun) if scene.noun in NOUNS else -1


def labels(scene: Scene) -> list[int]:
    """Return the answers to `QUESTIONS`, then the noun, then whether it is damaged (0 or 1)."""
    answers = [question.label(scene) for question in QUESTIONS]
    return [*answers, noun_of(scene), int(scene.condition is not None)]


def state_prompts(rng: Generator, nouns: Sequence[int]) -> list[str]:
    """Return, for each noun (by number), one prompt of its flawless and its damaged state."""
    template, good, bad = _pick(rng, TEMPLATES), _pick(rng, FLAWLESS), _pick(rng, DAMAGED)
    words = list(NOUNS.values())
    return [template.format(s.format(words[noun])) for noun in nouns for s in (good, bad)]


def _pick(rng: Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]
