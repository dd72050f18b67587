"""From what the evaluation returns to what the report's page is made of."""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.evaluation.compare import CategoryComparison, Comparison, to_picture
from workbench.evaluation.compare import Example as Pictured
from workbench.evaluation.evaluate import METRICS, CategoryResult, true_mask
from workbench.excavation.detector import Excavation
from workbench.excavation.run_format import describe_model
from workbench.images.samples import Dataset, Sample
from workbench.pages.inputs import CategoryReport, Example, ReportInput, Values


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
    reports = []
    for excavation, result in evaluated:
        samples = dataset[result.category]
        shown = to_picture([sample for sample in samples if sample.split == "test"])
        pictured = [
            Pictured(sample, detection, true_mask(sample, detection.size))
            for sample, detection in zip(shown, excavation.score(shown), strict=True)
        ]
        reports.append(category_report(excavation, result, samples, pictured))
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
    )


def category_report(
    excavation: Excavation,
    result: CategoryResult,
    samples: Sequence[Sample],
    examples: Sequence[Pictured] = (),
    controls: Mapping[str, Values] | None = None,
) -> CategoryReport:
    """Return one category's part; support pictures are looked up among `samples` by name."""
    places = {sample.name: sample.path for sample in samples}
    return CategoryReport(
        name=result.category,
        metrics={metric: result.value(metric) for metric in METRICS},
        scores=np.array([row.score for row in result.rows], dtype=np.float64),
        labels=[row.label for row in result.rows],
        sensitivity=excavation.sensitivity,
        selected=excavation.neurons.indices,
        value_range=excavation.display_range(),
        examples=[_example(example) for example in examples],
        controls=controls or {},
        undefined={
            metric: result.measures[metric].undefined
            for metric in METRICS
            if result.value(metric) is None
        },
        support=excavation.support,
        support_pictures=[places[name] for name in excavation.support if name in places],
    )


def _compared(category: CategoryComparison, dataset: Dataset) -> CategoryReport:
    return category_report(
        category.excavation,
        category.result,
        dataset[category.name],
        sorted(category.examples, key=lambda example: example.sample.label),
        category.to_dict()["controls"],
    )


def _example(example: Pictured) -> Example:
    detection, sample = example.detection, example.sample
    row, column = detection.peak
    whole = float(detection.visual[row, column])
    site = detection.neurons.site
    rows, columns = detection.fused.shape
    return Example(
        name=sample.name,
        picture=sample.path,
        anomaly_map=detection.map(),
        score=detection.score,
        label=sample.label,
        defect=sample.defect if sample.label else "",
        mask=example.mask,
        neurons=[
            (f"{site}:{index}", share / whole if whole > 0 else 0.0)
            for index, share in detection.strongest(row, column)
        ],
        patch=(row, column),
        grid=(rows, columns),
    )
