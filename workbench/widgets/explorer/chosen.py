"""What is chosen in an explorer, by a click or from Python."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError
from workbench.images.samples import Sample
from workbench.widgets.explorer.answers import Answers

Neurons = NeuronSet | str | Iterable[NeuronSet | str]


@dataclass(frozen=True)
class Chosen:
    """The choice: neurons spelled `site:index`, an image's number, a patch, the threshold."""

    neurons: tuple[str, ...] = ()
    image: int | None = None
    patch: tuple[int, int] | None = None
    threshold: float | None = None

    def but(self, changes: Mapping[str, Any], answers: Answers) -> "Chosen":
        """Return the choice with some of its fields changed, after looking at them.

        Raises `SettingError` for a neuron, image or patch that there is not, and for a threshold
        that is no number.
        """
        unknown = set(changes) - set(vars(self))
        if unknown:
            raise SettingError(f"nothing to choose called {sorted(unknown)[0]!r}.")
        check = {"neurons": _neurons, "image": _image, "patch": _patch, "threshold": _threshold}
        checked: dict[str, Any] = {
            name: None if value is None and name != "neurons" else check[name](value, answers)
            for name, value in changes.items()
        }
        return replace(self, **checked)

    @property
    def told(self) -> dict[str, Any]:
        """What has been chosen, by field; nothing of what has not."""
        return {name: value for name, value in vars(self).items() if value not in (None, ())}

    @property
    def sets(self) -> tuple[NeuronSet, ...]:
        """The chosen neurons as sets, one per site."""
        by_site: dict[str, list[int]] = {}
        for name in self.neurons:
            one = NeuronSet.parse(name)
            by_site.setdefault(one.site, []).append(one[0])
        return tuple(NeuronSet(site, tuple(indices)) for site, indices in by_site.items())


def number_of(image: int | str | Sample, samples: Sequence[Sample]) -> int:
    """Return an image's number from its number, its name or its sample.

    Raises `SettingError` if it is none of the images.
    """
    if isinstance(image, int) and not isinstance(image, bool):
        if 0 <= image < len(samples):
            return image
    elif isinstance(image, Sample | str):
        for number, sample in enumerate(samples):
            if image == (sample if isinstance(image, Sample) else sample.name):
                return number
    named = image.name if isinstance(image, Sample) else image
    raise SettingError(f"no image {named!r} among the {len(samples)} that are shown.")


def names_of(neurons: Neurons) -> tuple[str, ...]:
    """Return neurons spelled `site:index`, each once."""
    if isinstance(neurons, NeuronSet):
        return neurons.names
    if isinstance(neurons, str):
        return NeuronSet.parse(neurons).names
    return tuple(dict.fromkeys(name for one in neurons for name in names_of(one)))


def _neurons(value: Any, answers: Answers) -> tuple[str, ...]:
    names = names_of(value)
    for name in names:
        neuron = NeuronSet.parse(name)
        answers.neurons.check(neuron.site, neuron[0])
    return names


def _image(value: Any, answers: Answers) -> int:
    return number_of(value, answers.opening.samples)


def _patch(value: Any, answers: Answers) -> tuple[int, int]:
    rows, columns = answers.excavation.model.grid
    if not isinstance(value, Sequence) or len(value) != 2:
        raise SettingError(f"the patch is {value!r}; it must be a row and a column.")
    row, column = value
    if not (0 <= row < rows and 0 <= column < columns):
        raise SettingError(
            f"no patch at row {row}, column {column}: the grid has {rows} rows and {columns} "
            "columns, counted from 0."
        )
    return int(row), int(column)


def _threshold(value: Any, answers: Answers) -> float:  # noqa: ARG001 (all checks are called alike)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingError(f"the threshold is {value!r}; it must be a number.")
    return float(value)
