"""The summary as Markdown, LaTeX (booktabs) and HTML; published figures in a part of their own."""

import re
from collections.abc import Sequence
from html import escape

from workbench.benchmark.cell import Cell
from workbench.benchmark.published import PUBLISHED_METRICS, Published
from workbench.benchmark.signs import METRICS as SIGNED
from workbench.benchmark.signs import TEXT_ALONE, sign
from workbench.benchmark.summary import Summary, left_out

COLUMNS = {
    "image_auroc": "image AUROC",
    "image_ap": "image AP",
    "image_f1_max": "image F1-max",
    "pixel_auroc": "pixel AUROC",
    "pixel_ap": "pixel AP",
    "pixel_aupro": "AUPRO@0.30",
    "pixel_aupro_05": "AUPRO@0.05",
    "pixel_aupimo": "AUPIMO",
}
MEASURED = (
    "Measured here: percent, macro mean over categories, mean ± standard deviation over seeds."
)
SIGNS_TITLE = "Text alone, and its sign"
SIGNS = (
    "Categories by the sign of text alone: + (−) where the 95 % interval of every seed lies above "
    "(below) 50, where − means anti-aligned; open where it holds 50. Nothing is turned round."
)
PUBLISHED = "Published, not measured here; other backbones, resolutions and protocols."


def rows(summaries: Sequence[Summary], category: str = "mean") -> list[list[str]]:
    """Return the rows of a table: method, shots, and every column's mean and deviation."""
    return [
        [
            summary.method,
            _shots(summary),
            *(summary.metrics[metric].percent() for metric in COLUMNS),
        ]
        for summary in summaries
        if summary.category == category
    ]


def published_rows(figures: Sequence[Published]) -> list[list[str]]:
    """Return the rows of the published part: method, backbone, shots, figures, source."""
    return [
        [
            f"{one.method} ({one.note})" if one.note else one.method,
            one.backbone,
            one.shots,
            *(f"{one.values[m]:.1f}" if m in one.values else "" for m in PUBLISHED_METRICS),
            one.source,
        ]
        for one in figures
    ]


def undefined(cells: Sequence[Cell]) -> str:
    """Say which metrics are undefined in which categories, and so left out of the means."""
    by_categories: dict[tuple[str, ...], list[str]] = {}
    for metric, categories in left_out(cells).items():
        if metric in COLUMNS:
            by_categories.setdefault(categories, []).append(COLUMNS[metric])
    parts = [f"{', '.join(m)} in {', '.join(c)}" for c, m in by_categories.items()]
    return f"Undefined, and left out of the means: {'; '.join(parts)}." if parts else ""


def sign_rows(cells: Sequence[Cell]) -> list[list[str]]:
    """Return the rows of the table of signs: method, shots, and each AUROC's sign."""
    places = dict.fromkeys((c.key.method, c.key.shots, c.key.contaminated) for c in cells)
    found = []
    for method, shots, contaminated in places:
        if method not in TEXT_ALONE or contaminated:
            continue
        own = [c.row() for c in cells if (c.key.method, c.key.shots) == (method, shots)]
        clean = [row for row in own if not row["contaminated"]]
        found.append([method, str(shots), *(str(sign(clean, metric)) for metric in SIGNED)])
    return found


def markdown(
    title: str,
    summaries: Sequence[Summary],
    figures: Sequence[Published] = (),
    cells: Sequence[Cell] = (),
) -> str:
    """Return the tables of a data set as Markdown: the macro mean, every category, signs."""
    parts = [f"# {title}", MEASURED, _markdown(_header(), rows(summaries))]
    if said := undefined(cells):
        parts.append(_quoted(said))
    for category in _categories(summaries):
        parts += [f"## {category}", _markdown(_header(), rows(summaries, category))]
    if signs := sign_rows(cells):
        parts += [f"## {SIGNS_TITLE}", SIGNS, _markdown(_signs_header(), signs)]
    if figures:
        table = _markdown(_published_header(), published_rows(figures))
        parts += ["## Published", PUBLISHED, table]
    return "\n\n".join(parts) + "\n"


def latex(
    title: str,
    summaries: Sequence[Summary],
    figures: Sequence[Published] = (),
    cells: Sequence[Cell] = (),
) -> str:
    """Return the tables of a data set in LaTeX; the document needs the package booktabs."""
    parts = [f"% {title}\n% {MEASURED}\n{_latex(_header(), rows(summaries), text=2)}"]
    if said := undefined(cells):
        parts.append(f"% {said}")
    for category in _categories(summaries):
        parts.append(f"% {category}\n{_latex(_header(), rows(summaries, category), text=2)}")
    if signs := sign_rows(cells):
        parts.append(f"% {SIGNS}\n{_latex(_signs_header(), signs, text=4)}")
    if figures:
        body = _latex(_published_header(), published_rows(figures), text=3)
        parts.append(f"% {PUBLISHED}\n{body}")
    return "\n".join(parts)


def html(
    title: str,
    summaries: Sequence[Summary],
    figures: Sequence[Published] = (),
    cells: Sequence[Cell] = (),
) -> str:
    """Return the tables of a data set as a piece of HTML."""
    parts = [f"<h2>{escape(title)}</h2>", _html(MEASURED, _header(), rows(summaries))]
    if said := undefined(cells):
        parts.append(f"<p>{escape(said)}</p>")
    for category in _categories(summaries):
        parts.append(_html(category, _header(), rows(summaries, category)))
    if signs := sign_rows(cells):
        parts.append(_html(SIGNS, _signs_header(), signs))
    if figures:
        parts.append(_html(PUBLISHED, _published_header(), published_rows(figures)))
    return "\n".join(parts) + "\n"


def _shots(summary: Summary) -> str:
    replaced = f", {summary.contaminated} contaminated" if summary.contaminated else ""
    return f"{summary.shots}{replaced}"


def _header() -> list[str]:
    return ["method", "shots", *COLUMNS.values()]


def _signs_header() -> list[str]:
    return ["method", "shots", *(f"sign of {COLUMNS[metric]}" for metric in SIGNED)]


def _published_header() -> list[str]:
    names = [f"published {COLUMNS[metric]}" for metric in PUBLISHED_METRICS]
    return ["method", "backbone", "shots", *names, "source"]


def _categories(summaries: Sequence[Summary]) -> list[str]:
    found = dict.fromkeys(s.category for s in summaries if s.category != "mean")
    return list(found)


def _markdown(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    def line(values: Sequence[str]) -> str:
        return f"| {' | '.join(value.replace('|', chr(92) + '|') for value in values)} |"

    names = [_quoted(name) for name in header]
    return "\n".join([line(names), line(["---"] * len(header)), *map(line, body)])


def _quoted(text: str) -> str:
    """Return a metric's names as code where code hosts would take `AUPRO@0.30` for an address."""
    return re.sub(r"\w+@[\d.]*\d", r"`\g<0>`", text)


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "−": r"$-$",
    }
)


def _latex(header: Sequence[str], body: Sequence[Sequence[str]], text: int) -> str:
    def line(values: Sequence[str]) -> str:
        return f"{' & '.join(value.translate(_LATEX) for value in values)} \\\\"

    columns = "l" * text + "r" * (len(header) - text)
    return "\n".join(
        [
            f"\\begin{{tabular}}{{{columns}}}",
            "\\toprule",
            line(header),
            "\\midrule",
            *map(line, body),
            "\\bottomrule",
            "\\end{tabular}",
            "",
        ]
    )


def _html(caption: str, header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    lines = "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(value)}</td>" for value in row[1:])
        + "</tr>"
        for row in body
    )
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{lines}\n</tbody>\n</table>"
    )
