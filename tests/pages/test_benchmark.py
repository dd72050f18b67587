import re

import pytest

from tests.pages.benchmarks import METHODS, benchmark, cells, means
from tests.pages.reading import Reader
from workbench.errors import DataError
from workbench.pages.benchmark import benchmark_html, write_benchmark


def words(report):
    return Reader(benchmark_html(report)).words


def table_rows(page, name):
    """Return the cells' texts of every row that starts with a name."""
    found = re.findall(rf"<tr[^>]*><th[^>]*>{re.escape(name)}(?:\s|<).*?</tr>", page)
    return [re.findall(r"<td([^>]*)>(.*?)</td>", row) for row in found]


def test_means_and_deviations_are_those_of_the_summary():
    summary = [
        {"method": "lake", "shots": 1, "image_auroc": (0.6543, 0.0123)},
        {"method": "patchcore", "shots": 1, "image_auroc": (0.5432, None)},
    ]
    page = benchmark_html(benchmark(rows=[], summary=summary, published=[], categories=[]))
    assert "65.4" in Reader(page).words
    assert "± 1.2" in Reader(page).words
    (lake,), (other,) = table_rows(page, "LAKE")[:1], table_rows(page, "PatchCore’s recipe")[:1]
    assert "best" in lake[0][0]
    assert other[0] == ("", "54.3")


def test_published_figures_stand_in_published_columns_only():
    page = benchmark_html(benchmark())
    theirs = table_rows(page, "WinCLIP+")
    assert theirs
    for row in theirs:
        for attributes, text in row:
            assert ("published" in attributes) or text == "–"
        assert any(text in {"93.1", "95.2", "87.1"} for _, text in row)
    for row in table_rows(page, "PatchCore’s recipe"):
        assert all(text == "–" for attributes, text in row if "published" in attributes)


def test_published_figures_of_other_shots_are_not_shown():
    report = benchmark(rows=[r for r in cells() if r["shots"] != 1], summary=means(cells()[12:]))
    only_four = benchmark(
        rows=[r for r in report.rows if r["shots"] == 4],
        summary=[r for r in means(cells()) if r["shots"] == 4],
    )
    page = benchmark_html(only_four)
    assert not table_rows(page, "WinCLIP+")
    assert "shots not stated" in Reader(page).words


def test_published_figures_belong_to_the_data_set_they_name():
    rows = [{**r, "data": data} for data in ("here", "there") for r in cells()]
    summary = [{**r, "data": data} for data in ("here", "there") for r in means(cells())]
    published = [{**benchmark().published[0], "data": "there"}]
    report = benchmark(rows=rows, summary=summary, published=published, categories=[])
    page = benchmark_html(report)
    assert len(table_rows(page, "WinCLIP+")) == 2  # image and pixel level, one data set


@pytest.mark.parametrize(
    ("lake", "other", "said"),
    [
        (0.9, 0.8, "LAKE is first with 1 shot: 90.0"),
        (0.6, 0.8, "LAKE is number 2 of 2, with 60.0"),
    ],
)
def test_the_headline_names_the_first_and_where_the_shown_method_is(lake, other, said):
    summary = [
        {"method": "lake", "shots": 1, "image_auroc": (lake, None)},
        {"method": "patchcore", "shots": 1, "image_auroc": (other, None)},
    ]
    assert said in words(benchmark(rows=[], summary=summary))


def test_every_method_says_what_it_follows():
    said = words(benchmark())
    for title, recipe in METHODS.values():
        assert title in said
        assert recipe in said


def test_time_and_memory_stand_apart_with_their_units():
    said = words(benchmark())
    assert "160 kB" in said
    assert "Time and memory" not in words(benchmark(timing=[]))


def test_markup_in_names_stays_text():
    evil = '<script>alert("x")</script>'
    rows = [{**row, "category": evil, "method": evil, "data": evil} for row in cells()[:12]]
    summary = [{"method": evil, "shots": 1, "data": evil, "image_auroc": (0.5, 0.1)}]
    page = benchmark_html(
        benchmark(
            rows=rows,
            summary=summary,
            methods={evil: (evil, evil)},
            published=[{**benchmark().published[0], "method": evil, "source": evil, "note": evil}],
            timing=[{evil: evil}],
            protocol={evil: evil},
            title=evil,
            shown=evil,
        )
    )
    assert "<script" not in page
    assert evil in Reader(page).words


def test_one_method_on_one_category_with_one_seed_is_a_page_too():
    rows = [row for row in cells(seeds=[0], categories=["tile"]) if row["method"] == "winclip"]
    said = words(benchmark(rows=rows, summary=means(rows), published=[], categories=[], timing=[]))
    assert "1 method on the features of tiny , 1 category, no support, 1 seed." in said
    assert "WinCLIP’s recipe, zero-shot reaches" in said


def test_a_metric_that_is_undefined_everywhere_is_no_column():
    rows = [{**row, "pixel_aupimo": None} for row in cells()]
    summary = [{**row, "pixel_aupimo": None} for row in means(cells())]
    assert "AUPIMO" not in words(
        benchmark(rows=rows, summary=summary, categories=[], definitions={})
    )


def test_a_benchmark_without_a_figure_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(DataError, match="no cell"):
        write_benchmark(tmp_path / "report.html", benchmark(rows=[], summary=[]))
    assert list(tmp_path.iterdir()) == []


def test_with_several_data_sets_the_headline_counts_where_the_shown_method_is_first():
    summary = [
        {"method": method, "shots": 1, "data": data, "image_auroc": (value, None)}
        for data, lake, other in (("a", 0.9, 0.8), ("b", 0.6, 0.8), ("c", 0.5, 0.9))
        for method, value in (("lake", lake), ("patchcore", other))
    ]
    assert "LAKE is first on 1 of 3 data sets" in words(benchmark(rows=[], summary=summary))


def test_text_alone_is_reported_with_its_sign():
    rows = [
        {"category": "tile", "method": "text_patches", "shots": 0, "seed": 0, **dict(figures)}
        for figures in [
            {"image_auroc": 0.3, "image_auroc_low": 0.2, "image_auroc_high": 0.4}
            | {"pixel_auroc": 0.6, "pixel_auroc_low": 0.4, "pixel_auroc_high": 0.7}
        ]
    ]
    methods = {"text_patches": ("Text, raw patches", "Text alone.")}
    means = [{"method": "text_patches", "shots": 0, "image_auroc": 0.3, "pixel_auroc": 0.6}]
    page = benchmark_html(benchmark(rows=rows, summary=means, methods=methods))
    section = page.split('id="text"')[1].split("</section>")[0]
    assert "+ in 0, − in 1, open in 0" in section
    assert "+ in 0, − in 0, open in 1" in section
    assert 'id="text"' not in benchmark_html(benchmark())
