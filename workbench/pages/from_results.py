"""From what the evaluation returns to what the report's page is made of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workbench.evaluation.category import METRICS
from workbench.evaluation.compare import CategoryComparison, Comparison, to_picture
from workbench.evaluation.compare import Example as Pictured
from workbench.evaluation.evaluate import CategoryResult
from workbench.excavation.detector import Excavation
from workbench.excavation.run_format import describe_model
from workbench.images.samples import Dataset, Sample
from workbench.images.truth import true_mask
from workbench.pages.from_detections import category_cases, shown_example, text_branch
from workbench.pages.inputs import CategoryReport, ReportInput, Values
from workbench.pages.words import PROTOCOL_RULES


def comparison_report(
    comparison: Comparison,
    dataset: Dataset,
    command: str,
    *,
    title: str = "LAKE on the demo products",
    versions: Mapping[str, str] | None = None,
    limits: Sequence[str] = (),
) -> ReportInput:
    """Return the report of a comparison; `dataset` is where its pictures came from."""
    content = comparison.to_dict()
    return ReportInput(
        title=title,
        command=command,
        model=comparison.model,
        settings=comparison.settings,
        categories=[_compared(category, dataset) for category in comparison.categories],
        mean=content["mean"],
        controls=content["controls"],
        definitions=content["definitions"],
        versions=versions or {},
        seconds=comparison.seconds,
        limits=limits,
        data=dataset.describe().splitlines(),
        protocol=support_rule(comparison.categories[0].excavation),
    )


def evaluation_report(
    evaluated: Sequence[tuple[Excavation, CategoryResult]],
    dataset: Dataset,
    command: str,
    *,
    title: str = "Evaluation",
    versions: Mapping[str, str] | None = None,
    limits: Sequence[str] = (),
) -> ReportInput:
    """Return the report of evaluated excavations, without controls.

    A few test pictures of each category are scored once more, to be shown.
    """
    first = evaluated[0][0]
    reports = [
        evaluated_category(excavation, result, dataset[result.category])
        for excavation, result in evaluated
    ]
    means = {
        metric: [value for _, r in evaluated if (value := r.value(metric)) is not None]
        for metric in METRICS
    }
    measures = evaluated[0][1].measures
    return ReportInput(
        title=title,
        command=command,
        model=describe_model(first.model, first.fingerprint),
        settings={**first.settings.to_dict(), "shots": first.shots, "seed": first.seed},
        categories=reports,
        mean={m: float(np.mean(values)) if values else None for m, values in means.items()},
        definitions={name: measure.definition for name, measure in measures.items()},
        versions=versions or {},
        limits=limits,
        data=dataset.describe().splitlines(),
        protocol=support_rule(first),
    )


def evaluated_category(
    excavation: Excavation, result: CategoryResult, samples: Sequence[Sample]
) -> CategoryReport:
    """Return one category's part with its pictures: a first look, and the worst cases.

    Both are scored once more, a few images in all, and kept at the size they are shown at.
    """
    judged = {row.image for row in result.rows}
    tests = [sample for sample in samples if sample.split == "test" and sample.name in judged]
    shown = to_picture(tests)
    pictured = [
        Pictured(sample, detection, true_mask(sample, detection.size))
        for sample, detection in zip(shown, excavation.score(shown), strict=True)
    ]
    return category_report(excavation, result, samples, pictured)


def category_report(
    excavation: Excavation,
    result: CategoryResult,
    samples: Sequence[Sample],
    examples: Sequence[Pictured] = (),
    controls: Mapping[str, Values] | None = None,
) -> CategoryReport:
    """Return one category's part; support pictures are looked up among `samples` by name.

    `examples` were chosen without looking at scores; the worst cases are chosen here, by score.
    """
    places = {sample.name: sample.path for sample in samples}
    return CategoryReport(
        name=result.category,
        measures=result.measures,
        scores=np.array([row.score for row in result.rows], dtype=np.float64),
        labels=[row.label for row in result.rows],
        sensitivity=excavation.sensitivity,
        selected=excavation.neurons.indices,
        value_range=excavation.display_range(),
        examples=[shown_example(each.sample, each.detection, each.mask) for each in examples],
        controls=controls or {},
        support=excavation.support,
        support_pictures=[places[name] for name in excavation.support if name in places],
        curves=result.curves,
        defects=[row.defect if row.label else "" for row in result.rows],
        flagged=[row.flagged for row in result.rows],
        threshold=result.threshold,
        cases=category_cases(excavation, result, samples),
        text=text_branch(result),
    )


def support_rule(excavation: Excavation) -> dict[str, Any]:
    """Return how the support was drawn, in words that a protocol needs."""
    if excavation.shots is None:
        return {"drawn": "given by hand, or all normal training images"}
    protocol = excavation.protocol or "nested"
    return {
        "shots": excavation.shots,
        "seed": excavation.seed,
        "protocol": f"{protocol}: {PROTOCOL_RULES.get(protocol, '')}".rstrip(": "),
        "contaminated": excavation.contaminated,
    }


def _compared(category: CategoryComparison, dataset: Dataset) -> CategoryReport:
    return category_report(
        category.excavation,
        category.result,
        dataset[category.name],
        sorted(category.examples, key=lambda example: example.sample.label or 0),
        category.to_dict()["controls"],
    )
