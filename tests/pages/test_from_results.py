import pytest

from tests.surfaces import draw_category, make_model
from workbench.evaluation.compare import compare
from workbench.evaluation.evaluate import evaluate
from workbench.excavation.excavate import excavate
from workbench.excavation.settings import Settings
from workbench.pages.from_results import comparison_report, evaluation_report
from workbench.pages.report import report_html


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return draw_category(tmp_path_factory.mktemp("data") / "metal_sheet")


def test_a_comparison_becomes_a_report_with_the_same_figures(model, dataset):
    compared = compare(model, dataset, Settings(k=8), shots=2, draws=3)
    report = comparison_report(compared, dataset, "workbench demo")
    (category,) = report.categories
    written = compared.to_dict()["categories"]["metal_sheet"]
    assert category.metrics == {name: written[name] for name in category.metrics}
    assert category.controls == written["controls"]
    assert len(category.support_pictures) == 2
    assert all(path.is_file() for path in category.support_pictures)
    for example in category.examples:
        assert 0 < sum(share for _, share in example.neurons) <= 1 + 1e-5
    assert "metal_sheet" in report_html(report)


def test_an_evaluation_becomes_a_report_without_controls(model, dataset):
    excavation = excavate(dataset, model, shots=2, k=8)
    result = evaluate(excavation, dataset)
    report = evaluation_report([(excavation, result)], dataset, "workbench evaluate")
    assert report.mean["image_auroc"] == result.value("image_auroc")
    assert {example.label for example in report.categories[0].examples} == {0, 1}
    assert 'id="controls"' not in report_html(report)
