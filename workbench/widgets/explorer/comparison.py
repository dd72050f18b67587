"""What two runs have in common, and how much better one is on the same images."""

from typing import Any

from workbench.evaluation.image_metrics import image_metrics
from workbench.evaluation.measure import Measure
from workbench.evaluation.paired import paired_difference
from workbench.excavation.detector import Excavation
from workbench.widgets.explorer.opening import Opening

METRIC = "image_auroc"


def compared(openings: tuple[Opening, Opening]) -> dict[str, Any]:
    """Return the AUROC of both, and that of the first minus the second's, with 95 % intervals.

    Nothing where there are no labels; a figure that is undefined says why.
    """
    samples = openings[0].samples
    known = [number for number, sample in enumerate(samples) if sample.label is not None]
    if not known:
        return {"missing": "No image has a label."}
    labels = [int(samples[number].label == 1) for number in known]
    first, second = (opening.scores[known] for opening in openings)
    found = [image_metrics(labels, scores)[METRIC] for scores in (first, second)]
    if found[0].value is None:
        return {"missing": f"There is {found[0].undefined}."}
    return {
        "images": len(known),
        "auroc": [_told(measure) for measure in found],
        "difference": _told(paired_difference(labels, first, second, METRIC)),
    }


def described(run: Excavation) -> str:
    """Return what a run is, as a sentence under its name."""
    settings, neurons = run.settings, run.neurons
    images = len(run.support)
    return (
        f"{images} normal {'image' if images == 1 else 'images'}; {len(neurons)} "
        f"{settings.selection} neurons of {len(run.sensitivity)} by {settings.statistic} at "
        f"{neurons.site}; {settings.normality}; text weight {settings.text_weight:g}; "
        f"{run.model.name}."
    )


def overlap(first: Excavation, second: Excavation) -> dict[str, Any]:
    """Return how many neurons both have and each alone, or why that means nothing.

    `expected` is how many two random sets of these sizes would share.
    """
    a, b = first.neurons, second.neurons
    if first.fingerprint != second.fingerprint:
        models = (
            f"{first.model.name} and {second.model.name}"
            if first.model.name != second.model.name
            else "two models of one name with different weights"
        )
        return {"missing": f"Neurons of {models} are not the same neurons: nothing to compare."}
    if a.site != b.site:
        return {"missing": f"Neurons at {a.site} and at {b.site} are not the same neurons."}
    width = len(first.sensitivity)
    mine, theirs = set(a.indices), set(b.indices)
    return {
        "site": a.site,
        "only_a": [index for index in a.indices if index not in theirs],
        "both": [index for index in a.indices if index in theirs],
        "only_b": [index for index in b.indices if index not in mine],
        "expected": len(a) * len(b) / width,
        "width": width,
    }


def _told(measure: Measure) -> list[float | None]:
    return [measure.value, measure.low, measure.high]
