"""What a notebook does first, and what it says where it cannot run."""

import plotly.io
import pytest

from workbench.course import begin as beginning
from workbench.course.begin import begin
from workbench.errors import DataError, RunError


def test_charts_are_given_one_look_and_stay_small():
    before = plotly.io.renderers.default, plotly.io.templates.default
    try:
        begin()
        assert plotly.io.renderers.default == "plotly_mimetype"
    finally:
        plotly.io.renderers.default, plotly.io.templates.default = before


def test_a_kernel_without_widgets_is_told_which_python_to_take(monkeypatch):
    monkeypatch.setattr(beginning, "NEEDED", ("json", "no_such_library"))
    with pytest.raises(RunError, match=r"this kernel lacks no_such_library: .*workbench lab"):
        begin()


def test_missing_demo_data_is_one_message(monkeypatch):
    def gone():
        raise DataError("the embedded data is missing.")

    monkeypatch.setattr(beginning, "demo_images", gone)
    with pytest.raises(DataError, match="missing"):
        begin()
