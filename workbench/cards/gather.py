"""Gather the cards of a run's neurons: how they fire, what they carry, what they are called."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workbench.cards.card import Card, Cards
from workbench.cards.common import Choices, by_site, naming, place_of, plain_card, watched_crops
from workbench.cards.detector import Judged, alone, misses, silencing
from workbench.cards.watching import watch
from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import DataError, SettingError
from workbench.evaluation.evaluate import labelled_tests, remaining_tests
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH
from workbench.excavation.run_format import describe_model
from workbench.images.samples import Sample
from workbench.images.stream import pictures
from workbench.neurons.intervention.normals import Normals
from workbench.neurons.labels import Vocabulary, label
from workbench.neurons.visualisation import visualise


def cards_of_run(
    excavation: Excavation,
    samples: Iterable[Sample],
    neurons: Sequence[NeuronSet] | None = None,
    *,
    vocabulary: Vocabulary | None = None,
    choices: Choices | None = None,
    batch_size: int = BATCH,
) -> Cards:
    """Return a card for every selected neuron, or for those asked for, at any site.

    `samples` are those of the category: its labelled test images are looked at, and its support
    is what "normal" means. Raises `SettingError` for a store in place of a model or a neuron that
    does not exist, `DataError` without test images or without the support's pictures.
    """
    given, model, choices = list(samples), excavation.model, choices or Choices()
    if not isinstance(model, HookedCLIP):
        raise SettingError(f"a store cannot be run again: excavate with {model.name} itself.")
    excavation.check_model()
    own = excavation.neurons
    sets = by_site(model, [own] if neurons is None else neurons)
    tests = remaining_tests(excavation, labelled_tests(given))
    support = _support(excavation, given)
    labels = [int(sample.label == 1) for sample in tests]
    judged = Judged.by(excavation, tests, batch_size)
    carried = dict(zip(own.names, judged.carried().tolist(), strict=True))
    watches = watch(
        model,
        tests,
        sets.values(),
        k=choices.exemplars,
        seed=choices.seed,
        batch_size=batch_size,
    )
    cards: list[Card] = []
    sensitivities = {own.site: excavation.sensitivity}
    for site, chosen in sets.items():
        normals = Normals.measure(model, support, site, seed=choices.seed, batch_size=batch_size)
        values = sensitivities.setdefault(site, normals.variance.numpy())
        statistic = excavation.settings.statistic if site == own.site else "variance"
        seen = watches[site]
        crops = watched_crops(seen, pictures(tests))
        words = label(model, chosen, tests, vocabulary=vocabulary, **naming(site, choices))
        by_itself = alone(seen.ends, chosen, normals, labels, choices.seed)
        silenced = silencing(excavation, tests, chosen, normals, choices.silenced, choices.seed)
        missed = misses(excavation, judged, tests, chosen, normals, choices.misses)
        for at in range(len(chosen)):
            one = chosen[at : at + 1]
            card = plain_card(
                seen,
                at,
                place_of(one, statistic, values, own),
                crops,
                f"{site}:{at}",
                choices.exemplars,
            )
            cards.append(
                replace(
                    card,
                    labels=words.of(at),
                    alone=by_itself[at],
                    carries=carried.get(card.name),
                    silenced=silenced[at],
                    misses=missed[at],
                    visualised=visualise(model, one, tests, seeds=(choices.seed, choices.seed + 1))
                    if choices.visualised
                    else None,
                )
            )
    changed = min(choices.silenced, len(tests))
    return Cards(
        title=f"{len(cards)} neurons of {model.name} on {excavation.category}",
        model=describe_model(model),
        cards=tuple(cards),
        made=(
            f"{len(tests)} test images, {sum(labels)} of them anomalous.",
            f"Normal is what the {len(support)} support images show.",
            f"Silenced: held at the normal mean, on {changed} of the test images.",
        ),
        sensitivities=sensitivities,
        selected={own.site: len(own)},
    )


def _support(excavation: Excavation, samples: Sequence[Sample]) -> list[Sample]:
    """Return the support's samples. Raises `DataError` naming what is not there."""
    known = {sample.name: sample for sample in samples}
    gone = [name for name in excavation.support if name not in known]
    if gone:
        raise DataError(
            f"{len(gone)} of the {len(excavation.support)} support images of "
            f"{excavation.category} are not in the data ({gone[0]}, ...): give the data that the "
            "run was excavated from, or excavate again."
        )
    chosen = [known[name] for name in excavation.support]
    return [sample for sample in chosen if sample.label != 1] or chosen
