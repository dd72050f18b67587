import numpy as np
import pytest

from workbench.errors import DataError, SettingError
from workbench.figures.curves import controls_figure, ranked, scores_figure, sensitivity_figure


def test_the_spectrum_falls_and_marks_k():
    values = np.array([1.0, 5.0, 3.0, 1.0])
    figure = sensitivity_figure(values, 2, "blocks.0.hook_resid_post")
    assert list(figure.data[0].y) == [5.0, 3.0, 1.0, 1.0]
    assert figure.data[1].y[-1] == pytest.approx(1.0)
    assert figure.layout.annotations[0].text == "K = 2: 80%"


@pytest.mark.parametrize("k", [0, 5])
def test_a_k_that_the_site_does_not_have_is_refused(k):
    with pytest.raises(SettingError, match="4 neurons"):
        ranked(np.ones(4), k)


def test_sensitivities_that_are_no_numbers_are_refused():
    with pytest.raises(DataError):
        ranked(np.array([1.0, np.nan]), 1)


def test_scores_are_drawn_apart_with_a_dot_per_image():
    figure = scores_figure(np.array([0.1, 0.2, 0.9]), [0, 0, 1], ["a", "b", "c"])
    dots = [trace for trace in figure.data if trace.type == "scatter"]
    assert [list(trace.text) for trace in dots] == [["a", "b"], ["c"]]
    with pytest.raises(DataError, match="3 scores, 2 labels"):
        scores_figure(np.zeros(3), [0, 1])


def test_controls_keep_their_order_and_random_its_deviation():
    rows = {
        "random": {"image_auroc": 0.7, "image_auroc_sd": 0.02},
        "top": {"image_auroc": 0.9},
        "all": {"image_auroc": None},
    }
    figure = controls_figure({"tile": rows})
    assert [bar.name for bar in figure.data] == ["most sensitive K", "random K"]
    assert figure.data[1].error_y.array[0] == pytest.approx(2.0)
