"""From figures to a page: what the report of a comparison, or of an evaluation, is made of."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np

from workbench.evaluation.compare import CategoryComparison, Comparison, Example
from workbench.evaluation.evaluate import METRICS, CategoryResult
from workbench.excavation.detector import Excavation
from workbench.excavation.run_format import versions
from workbench.images.samples import Sample
from workbench.pages import inputs

STRONGEST = 5


def comparison_report(
    comparison: Comparison, command: str, support: Mapping[str, Sequence[Sample]]
) -> inputs.ReportInput:
    """Return the page of a comparison; `support` gives each category's support images."""
    content = comparison.to_dict()
    return inputs.ReportInput(
        title="LAKE on the demo categories",
        command=command,
        model=comparison.model,
        settings=comparison.settings,
        categories=[
            _category(
                category.excavation,
                category.result,
                category.examples,
                support[category.name],
                controls=content["categories"][category.name]["controls"],
            )
            for category in comparison.categories
        ],
        mean=content["mean"],
        controls=content["controls"],
        definitions=content["definitions"],
        versions=versions(),
        seconds=comparison.seconds,
    )


def _category(
    excavation: Excavation,
    result: CategoryResult,
    examples: Sequence[Example],
    support: Sequence[Sample],
    controls: Mapping[str, inputs.Values],
) -> inputs.CategoryReport:
    return inputs.CategoryReport(
        name=result.category,
        metrics={name: result.value(name) for name in METRICS},
        scores=np.array([row.score for row in result.rows]),
        labels=[row.label for row in result.rows],
        sensitivity=excavation.sensitivity,
        selected=excavation.neurons.indices,
        value_range=excavation.display_range(),
        examples=[_example(excavation, example) for example in examples],
        controls=controls,
        undefined=result.to_dict().get("undefined", {}),
        support=excavation.support,
        support_pictures=[sample.path for sample in support],
    )


def _example(excavation: Excavation, example: Example) -> inputs.Example:
    sample, found = example.sample, example.detection
    row, column = found.peak
    total = float(found.visual[row, column]) or 1.0
    return inputs.Example(
        name=sample.name,
        picture=sample.path,
        anomaly_map=found.map(),
        score=found.score,
        label=cast(Literal[0, 1], sample.label),
        defect=sample.defect,
        mask=example.mask if sample.label else None,
        neurons=[
            (f"{excavation.neurons.site}:{index}", share / total)
            for index, share in found.strongest(most=STRONGEST)
        ],
        patch=(row, column),
        grid=(found.visual.shape[0], found.visual.shape[1]),
    )
