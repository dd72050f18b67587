"""The entry points: from a model and images, or from activations that are at hand, to labels."""

from collections.abc import Iterable, Sequence

from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError
from workbench.excavation.features import BATCH
from workbench.images.stream import ImageLike
from workbench.neurons.labels.concepts import Concepts
from workbench.neurons.labels.decoder import decode
from workbench.neurons.labels.directions import Directions
from workbench.neurons.labels.dissect import dissect
from workbench.neurons.labels.profiles import Profiles, profiles_of
from workbench.neurons.labels.result import ALPHA, Label, Labels
from workbench.neurons.labels.sparse import decompose_directions, decompose_tokens
from workbench.neurons.labels.vocabulary import Vocabulary

ON_PROFILES = {"dissect": dissect, "sparse_tokens": decompose_tokens}
ON_DIRECTIONS = {"decoder": decode, "sparse": decompose_directions}
METHODS = (*ON_PROFILES, *ON_DIRECTIONS)


def label(
    model: HookedCLIP,
    neurons: NeuronSet,
    images: ImageLike | Iterable[ImageLike] | None,
    *,
    vocabulary: Vocabulary | Concepts | None = None,
    unit: str = "patch",
    methods: Sequence[str] = ("dissect", "decoder", "sparse"),
    draws: int = 200,
    seed: int = 0,
    batch_size: int = BATCH,
) -> Labels:
    """Say in words what neurons do, where that is better than chance.

        found = label(model, excavation.neurons, "photos/")
        found.of(0)["dissect"].term

    The methods: `dissect`, what is seen where a neuron is high; `decoder`, the concept that its
    output direction points at; `sparse`, the few concepts that sum to that direction;
    `sparse_tokens`, those that sum to the mean of what is seen where it is high. The first and the
    last are about the images given, the others about the weights alone.

    Each label is judged against `draws` draws of the method's null, best concept against best
    concept, and corrected over the neurons of the call. No p-value is below 1 / (draws + 1), so
    where a single one of n neurons means something, only 20 n draws can show it.

    Args:
        model: the model; its text tower reads the concepts.
        neurons: the neurons to label, of one site.
        images: files, folders, samples or pictures; None where no method needs any.
        vocabulary: the terms to choose from, or `Concepts` embedded before; by default
            `vocabulary_for(model)`.
        unit: what a neuron's profile is over: "patch", or "image" (the maximum over its patches).
        methods: some of `METHODS`.
        draws: of each null.
        seed: of the draws.
        batch_size: images at once.

    Raises `SettingError` for an unknown method or unit, fewer than 19 draws, or neurons that the
    model does not have; `SiteError` for a site whose neurons write nothing themselves where a
    method reads directions; `DataError` for images that cannot be used or fewer than two;
    `ModelError` where the model cannot read text, gives NaN or infinity, or is not the one that
    embedded the concepts.
    """
    _check(methods, draws)
    profiled = [method for method in methods if method in ON_PROFILES]
    if profiled and images is None:
        raise DataError(f"{', '.join(profiled)} needs images: give two or more.")
    if isinstance(vocabulary, Concepts):
        vocabulary.check(model)
    directed = any(method in ON_DIRECTIONS for method in methods)
    directions = Directions.of(model, neurons) if directed else None
    profiles = (
        profiles_of(model, neurons, images, unit=unit, batch_size=batch_size)
        if profiled and images is not None
        else None
    )
    concepts = vocabulary if isinstance(vocabulary, Concepts) else Concepts.of(model, vocabulary)
    return label_profiles(
        neurons,
        concepts,
        profiles=profiles,
        directions=directions,
        unit=unit,
        methods=methods,
        draws=draws,
        seed=seed,
    )


def label_profiles(
    neurons: NeuronSet,
    concepts: Concepts,
    *,
    profiles: Profiles | None = None,
    directions: Directions | None = None,
    unit: str = "patch",
    methods: Sequence[str] = ("dissect",),
    draws: int = 200,
    seed: int = 0,
) -> Labels:
    """Label neurons whose activations, or directions, are at hand; `neurons` names the columns.

    Needs `profiles` for `dissect` and `sparse_tokens`, `directions` for `decoder` and `sparse`.
    `unit` is only said in the result. Raises as `label` does, and `DataError` for what is missing
    or does not fit.
    """
    _check(methods, draws)
    found: dict[str, tuple[Label, ...]] = {}
    for method in methods:
        if method in ON_PROFILES:
            if profiles is None:
                raise DataError(f"{method} needs profiles: activations and embeddings of units.")
            _fits(method, neurons, profiles.activations.shape[2])
            _joint(method, concepts, profiles.embeddings.shape[2])
            run = ON_PROFILES[method]
            found[method] = run(neurons, profiles, concepts, draws=draws, seed=seed)
        else:
            if directions is None:
                raise DataError(f"{method} needs directions: what each neuron writes.")
            _fits(method, neurons, len(directions.vectors))
            _joint(method, concepts, len(directions.readout))
            decoded = ON_DIRECTIONS[method]
            found[method] = decoded(neurons, directions, concepts, draws=draws, seed=seed)
    return Labels(
        neurons=neurons,
        by_method=found,
        unit=unit,
        images=0 if profiles is None else len(profiles.activations),
        vocabulary=concepts.vocabulary.name,
        concepts=len(concepts.vocabulary),
        draws=draws,
        seed=seed,
    )


def _check(methods: Sequence[str], draws: int) -> None:
    unknown = [method for method in methods if method not in METHODS]
    if unknown or not methods or isinstance(methods, str):
        raise SettingError(
            f"methods {methods!r}: give some of {', '.join(METHODS)}, as a list of names."
        )
    least = round(1 / ALPHA) - 1
    if draws < least:
        raise SettingError(
            f"draws is {draws}; with fewer than {least} nothing can be better than chance at "
            f"{ALPHA}."
        )


def _fits(method: str, neurons: NeuronSet, columns: int) -> None:
    if columns != len(neurons):
        raise DataError(f"{method}: {columns} columns for {len(neurons)} neurons: give one each.")


def _joint(method: str, concepts: Concepts, width: int) -> None:
    if concepts.directions.shape[1] != width:
        raise DataError(
            f"{method}: concepts of {concepts.directions.shape[1]} channels, and {width} are "
            "given: take both from one model."
        )
