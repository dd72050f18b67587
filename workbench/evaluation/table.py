"""What `score` returns: figures, the images they come from, and curves."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from workbench.evaluation.curves import Curve
from workbench.evaluation.measure import Measure
from workbench.evaluation.threshold import Threshold


@dataclass(frozen=True)
class ImageFigures:
    """One image: its label and score, and what is known of its map.

    `flagged` is whether its score reaches the label-free threshold, `None` without one;
    `anomalous_area` the share of its pixels that the mask marks; `aupimo` is `None` for a normal
    image and where it is undefined.
    """

    name: str
    label: int
    score: float | None
    flagged: bool | None = None
    anomalous_area: float | None = None
    aupimo: float | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """The figures of one set of test images. `table["image_auroc"]` is a `Measure`.

    `per_image` has a row for every image in the order given, `curves` the ROC, precision-recall and
    PRO curves by key, `threshold` the label-free one that was used.
    """

    measures: dict[str, Measure]
    per_image: tuple[ImageFigures, ...]
    curves: dict[str, Curve] = field(default_factory=dict)
    threshold: Threshold | None = None

    def __getitem__(self, metric: str) -> Measure:
        return self.measures[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)

    def rows(self) -> list[dict[str, Any]]:
        """Return the per-image rows as plain data, for a CSV file or a data frame."""
        return [asdict(row) for row in self.per_image]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data that JSON can hold."""
        return {
            "images": {"normal": self._count(0), "anomalous": self._count(1)},
            "measures": {key: measure.to_dict() for key, measure in self.measures.items()},
            "threshold": None if self.threshold is None else self.threshold.to_dict(),
            "per_image": self.rows(),
            "curves": {key: curve.to_dict() for key, curve in self.curves.items()},
        }

    def __repr__(self) -> str:
        width = max(len(measure.name) for measure in self.measures.values())
        lines = [self._title()]
        for measure in self.measures.values():
            value, interval, bound = _cells(measure)
            shown = f"{value}  {interval:16}  {bound}".rstrip()
            lines.append(f"{measure.name:{width}}  {shown}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = []
        for measure in self.measures.values():
            value, *spreads = map(escape, _cells(measure))
            cells = f"<td>{value}</td>" + "".join(
                f'<td style="white-space:nowrap">{cell}</td>' for cell in spreads
            )
            rows.append(
                f'<tr><th style="text-align:left">{escape(measure.name)}</th>{cells}'
                f'<td style="text-align:left">{escape(measure.definition)}</td></tr>'
            )
        head = "".join(
            f"<th>{name}</th>" for name in ("metric", "value", "95 % interval", "error at most")
        )
        return (
            f"<table><caption>{escape(self._title())}</caption>"
            f'<thead><tr>{head}<th style="text-align:left">definition</th></tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table>"
        )

    def _title(self) -> str:
        return f"{self._count(0)} normal and {self._count(1)} anomalous images"

    def _count(self, label: int) -> int:
        return sum(row.label == label for row in self.per_image)


def _cells(measure: Measure) -> tuple[str, str, str]:
    if measure.value is None:
        return f"undefined: {measure.undefined}", "", ""
    interval = ""
    if measure.low is not None and measure.high is not None:
        interval = f"[{measure.low:.4f}, {measure.high:.4f}]"
    bound = "" if measure.bound is None else f"± {measure.bound:.1e}"
    return f"{measure.value:.4f}", interval, bound
