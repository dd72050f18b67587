"""Figures for print: plain data gives the right traces, and captions name their numbers."""

import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.figures import folders
from workbench.errors import RunError, SettingError
from workbench.evaluation.curves import Curve
from workbench.figures import detection_figures
from workbench.figures.catalogue import KINDS, figures, lacking
from workbench.figures.neuron_figures import lacks_overlap, overlap, spectrum
from workbench.figures.paper import DOUBLE, SINGLE, add_line, below, pt, px, style
from workbench.figures.results_folder import Results, Spectrum, read_results
from workbench.figures.writing import formats, table, write_plain, write_record


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return read_results(folders.benchmark(tmp_path_factory.mktemp("b") / "out"))


@pytest.fixture(scope="module")
def claims(tmp_path_factory):
    return read_results(folders.claims(tmp_path_factory.mktemp("c") / "out"))


def named(results):
    return {one.name: one for one in figures(results)}


def lines(figure):
    return {trace.name: trace for trace in figure.data if trace.name}


def excavated(*selected):
    spectra = [
        Spectrum(f"c{i}", "blocks.0.hook_resid_post", np.arange(8.0), tuple(one))
        for i, one in enumerate(selected)
    ]
    about = {"model": {"name": "tiny"}, "settings": {"shots": 4, "seed": 7}}
    about |= {"categories": {"c0": {}, "c1": {}}, "mean": {"image_auroc": 0.5}, "controls": {}}
    return Results(folders.Path("x"), "demo", "workbench demo", about, spectra=spectra)


def test_no_two_series_share_both_dash_and_mark_so_that_they_part_without_colour():
    looks = [(style(i).dash, style(i).mark) for i in range(48)]
    assert len(set(looks)) == 48
    assert len({style(i).colour for i in range(7)}) == 7


def test_widths_are_millimetres_and_no_type_is_below_six_points(benchmark, claims):
    made = [*figures(benchmark), *figures(claims), *figures(excavated({1}, {2}))]
    assert {one.figure.layout.width for one in made} == {px(SINGLE), px(DOUBLE)}
    for one in made:
        sizes = re.findall(r'"font":\{[^{}]*?"size":([0-9.]+)', one.figure.to_json())
        sizes += re.findall(r'"tickfont":\{"size":([0-9.]+)', one.figure.to_json())
        assert min(map(float, sizes)) >= pt(6)


@pytest.mark.parametrize(("length", "columns"), [(4, 5), (30, 3), (200, 1)])
def test_long_names_go_in_fewer_columns_and_the_legend_has_room_for_all(length, columns):
    figure = go.Figure()
    for index in range(20):
        add_line(figure, f"{index:0{length}}", [1, 2], [0, 1], index, band=([0, 0], [1, 2]))
    made = below(figure, 5, 50, DOUBLE)
    taken = made.layout.legend.entrywidth + 45  # beside the text: the line and the gaps
    assert (px(DOUBLE) - px(13)) // taken == columns
    rows = -(-20 // columns)
    assert made.layout.legend.maxheight >= px(5 * rows)
    assert made.layout.height >= px(50) + made.layout.legend.maxheight


def test_a_sweep_has_its_points_and_its_band(claims):
    one = named(claims)["text_weight"]
    line = lines(one.figure)["standardised fusion"]
    assert (list(line.x), list(line.y)) == ([0.0, 0.3, 1.0], [60.0, 70.0, 65.0])
    low, high = one.figure.data[:2]
    assert list(low.y) == [58.0, 68.0, 63.0]
    assert list(high.y) == [62.0, 72.0, 67.0]
    assert high.fill == "tonexty"
    assert one.figure.layout.xaxis.title.text == "text weight"
    assert [row["image_auroc_percent"] for row in one.rows] == [60.0, 70.0, 65.0]


def test_bottom_and_pca_stand_at_the_k_at_which_they_were_measured(claims):
    drawn = lines(named(claims)["selections"].figure)
    assert set(drawn) == {"top K", "K random", "bottom 8", "PCA to 8"}
    aside = next(iter(drawn["bottom 8"].x)) - 25.0  # 8 of 32 channels, and a little to the right
    assert 0 < aside < 2
    assert [row["x"] for row in named(claims)["selections"].rows][-2:] == [25.0, 25.0]
    assert list(drawn["PCA to 8"].error_y.array) == [2.0]


def test_captions_say_seeds_shots_images_and_what_the_bands_are(claims, benchmark):
    found = named(claims)
    for name in ("selections", "text_weight", "layers", "contamination"):
        assert "4 normal images of support, 2 support seeds" in found[name].caption
        assert "95 % bootstrap intervals over test images (20, in 1 category)" in (
            found[name].caption
        )
        assert "model tiny on set (2 categories)" in found[name].caption
    assert "normal images of support" not in found["shots"].caption
    assert "standard deviation between seeds" in named(benchmark)["shots"].caption
    assert "bar are measured at one place only, to the right" in found["layers"].caption
    assert "at one place" not in found["text_weight"].caption


def test_shots_of_a_benchmark_are_means_over_seeds_in_percent(benchmark):
    one = named(benchmark)["shots"]
    line = lines(one.figure)["lake"]
    assert list(line.x) == [1, 4]
    assert list(line.y) == pytest.approx([62.5, 68.5])  # of 62 and 63, of 68 and 69
    assert one.rows[0]["sd_percent"] == pytest.approx(0.5**0.5)
    assert "2 support seeds" in one.caption


def test_one_seed_has_no_bands_and_says_so(tmp_path):
    results = read_results(folders.benchmark(tmp_path / "b", seeds=(0,)))
    one = named(results)["shots"]
    assert "one seed, so there are no bands" in one.caption
    assert len(one.figure.data) == 2


def test_curves_of_methods_tell_right_from_wrong(benchmark):
    one = named(benchmark)["curves"]
    first = {trace.name: trace for trace in one.figure.data[:4] if trace.xaxis == "x"}
    assert set(first["lake"].y) == {1.0}
    wrong = np.array(first["random_k"].y)
    assert wrong[0] == 0.0
    assert np.trapezoid(wrong, first["random_k"].x) < 0.1
    assert "4 curves each" in one.caption


def test_an_averaged_roc_keeps_the_area_of_a_curve():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    scores = rng.normal(0, 1, 400) + labels
    curve = detection_figures.image_curves(labels.tolist(), scores.tolist())["roc"]
    grid = np.linspace(0, 1, 101)
    area = np.trapezoid(detection_figures._roc(curve), grid)
    assert area == pytest.approx(np.trapezoid(curve.y, curve.x), abs=0.005)


def test_a_precision_is_that_of_the_first_threshold_that_reaches_the_recall():
    curve = Curve(np.array([0.25, 0.5, 1.0]), np.array([1.0, 0.5, 0.4]), "recall", "precision")
    found = detection_figures._precision(curve)
    assert found[[1, 25, 26, 50, 51, 100]].tolist() == [1.0, 1.0, 0.5, 0.5, 0.4, 0.4]


def test_the_overlap_is_in_percent_of_the_selection_and_chance_is_beside_it():
    one = overlap(excavated({0, 1}, {1, 2}))
    assert [list(row) for row in one.figure.data[0].z] == [[100, 50], [50, 100]]
    assert "two random selections of that size share 25 %" in one.caption
    assert "2 of 8 channels" in one.caption


def test_the_spectrum_leaves_out_zeros_of_its_log_scale_and_says_so():
    one = spectrum(excavated({6, 7}))
    assert list(one.figure.data[0].y) == [7, 6, 5, 4, 3, 2, 1]
    assert "1 values of 0 have no place" in one.caption
    assert one.figure.data[0].name == "c0: 46%"  # 13 of 28
    assert [row["neuron"] for row in one.rows if row["selected"]] == [7, 6]
    assert "seed 7" in one.caption


def test_the_table_of_methods_has_means_deviations_and_the_best_in_bold(benchmark):
    one = named(benchmark)["comparison"]
    columns = lines(one.figure)
    assert list(columns["method"].text) == ["method", "lake", "lake", "random_k", "random_k"]
    assert list(columns["image AUROC"].text)[1:] == ["62.5 ± 0.7", "<b>68.5 ± 0.7</b>"] * 2
    assert len({tuple(column.y) for column in columns.values()}) == 1
    assert one.rows[0]["image_auroc"] == pytest.approx(0.625)


def test_what_is_not_there_is_left_out_and_says_what_to_run(benchmark, claims):
    missing = lacking(benchmark)
    assert "workbench demo" in missing["overview"]
    assert missing["layers"] == "a sweep: workbench claims DATA --claims 1 --out DIR"
    assert {*missing, *named(benchmark)} == {kind.name for kind in KINDS}
    assert set(missing) == {
        "overview", "spectrum", "selections", "text_weight", "layers", "contamination",
        "overlap", "qualitative",
    }  # fmt: skip
    assert "shots" in named(claims)
    assert "summary.csv" in lacking(claims)["comparison"]
    assert "two categories or more" in lacks_overlap(excavated({1}))


def test_a_claim_that_was_not_measured_names_its_own_command(tmp_path):
    results = read_results(folders.claims(tmp_path / "c", numbers=(1, 3)))
    assert lacking(results)["selections"].endswith("--claims 2 --resume")
    assert "layers" not in lacking(results)


def test_same_data_give_the_same_bytes_and_load_nothing_from_the_network(tmp_path, claims):
    for name in ("one", "two"):
        write_plain(tmp_path / name, figures(claims), html=True)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "layers.html" in files
    for name in files:
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two"))
        assert first == second, name
    for page in (tmp_path / "one").glob("*.html"):
        text = page.read_text("utf-8")
        assert set(re.findall(r'(?:src|href)="([^"]*)"', text)) == {"plotly.min.js"}
        assert "mathjax/" not in text.lower()


def test_the_record_names_commands_hashes_and_files(tmp_path, benchmark):
    made = figures(benchmark)
    write_plain(tmp_path, made, html=False)
    write_record(tmp_path, benchmark, made, {"layers": "a run"}, "workbench figures b --out f")
    content = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert content["command"] == "workbench figures b --out f"
    assert content["results"]["contents"] == {"set": {"bolt": "aa", "nut": "bb"}}
    assert content["results"]["command"] == "workbench benchmark set --out b"
    assert {"benchmark.json", "summary.csv"} <= set(content["results"]["sha256"])
    assert content["left_out"] == {"layers": "a run"}
    for one in content["figures"]:
        assert one["files"] == [f"{one['name']}.csv", f"{one['name']}.txt"]
        assert len(one["data_sha256"]) == 64


def test_the_plotted_data_stand_in_the_table(claims):
    text = table(named(claims)["layers"])
    assert text.splitlines()[0] == "x_name,series,x,image_auroc_percent,low_percent,high_percent"
    assert len(text.splitlines()) == 5


@pytest.mark.parametrize("given", ["jpg", "", "pdf;svg"])
def test_an_unknown_format_is_refused(given):
    with pytest.raises(SettingError, match="there are pdf, svg, png, html"):
        formats(given)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("benchmark.json", lambda c: c["identity"].update(schema=0), "another version"),
        ("benchmark.json", lambda c: c["claims"].pop("command"), "says nothing of claims command"),
        ("ledger.json", lambda c: c.update(schema=0), "has schema 0, and this workbench reads"),
        ("ledger.json", lambda c: c["claims"][0].pop("sweep"), "says nothing of sweep points"),
    ],
)
def test_results_of_an_older_schema_are_refused_in_one_line(tmp_path, file, change, said):
    folder = folders.claims(tmp_path / "c")
    content = json.loads((folder / file).read_text("utf-8"))
    change(content)
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(RunError, match=said) as caught:
        read_results(folder)
    assert "\n" not in str(caught.value)


def test_an_older_demo_is_refused_and_a_folder_of_something_else_too(tmp_path):
    with pytest.raises(RunError, match=r"neither benchmark\.json nor results\.json"):
        read_results(tmp_path)
    with pytest.raises(RunError, match="does not exist"):
        read_results(tmp_path / "no")
    (tmp_path / "results.json").write_text('{"schema": 0}')
    with pytest.raises(RunError, match=r"has schema 0.*workbench demo"):
        read_results(tmp_path)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        read_results(tmp_path)


def test_a_table_without_its_column_is_refused(tmp_path):
    folder = folders.benchmark(tmp_path / "b")
    (folder / "summary.csv").write_text("category,method,shots\nmean,lake,1\n")
    with pytest.raises(RunError, match="has no column image_auroc"):
        read_results(folder)
