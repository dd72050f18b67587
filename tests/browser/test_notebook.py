"""Notebook 04 in a real JupyterLab: what is clicked, what follows, and what Python sees of it."""

import pytest

from tests.browser.views import Views, changed

NOTEBOOK = "04_neurons_up_close.ipynb"
NEXT_CELL = 2


@pytest.fixture(scope="module")
def notebook(kept_in_lab, lab):
    opened = lab.open(kept_in_lab, NOTEBOOK)
    opened.run_all()
    yield opened
    opened.kill()


def test_what_is_chosen_in_the_notebook_changes_all_views_and_python_sees_it(notebook, shot):
    page = notebook.page
    views = Views(page).opened()
    assert notebook.ask("len(explorer.selected_neurons[0])") == 5
    before = views.shown()

    views.click_neuron()
    now = views.shown()
    assert {"neuron", "map"} <= changed(before, now)
    views.root.get_by_role("button", name="Clear").click()
    views.settled()
    views.click_neuron()
    (name,) = notebook.ask("sum((chosen.names for chosen in explorer.selected_neurons), ())")
    assert name in views.map.get_attribute("aria-label")

    before = views.shown()
    scores = notebook.ask("explorer.threshold")
    views.lasso([(0.05, 0.02), (0.95, 0.02), (0.95, 0.3), (0.05, 0.3)])
    many = notebook.ask("sum(len(chosen) for chosen in explorer.selected_neurons)")
    assert many > 1
    views.mode("Only these")
    assert views.status.inner_text().startswith("Detection redone: only ")
    now = views.shown()
    assert {"images", "picture", "patch", "threshold", "pixels"} <= changed(before, now)
    assert notebook.ask("explorer.threshold") != scores
    outputs = notebook.run(NEXT_CELL)
    assert "blocks.2.hook_resid_post (" in outputs[0]["text"]
    views.shot(shot, "lab-only-these")

    before = views.shown()
    views.images.press("ArrowDown")
    views.settled()
    assert {"picture", "patch", "pixels"} <= changed(before, views.shown())
    shown = views.root.get_by_role("region", name="Picture").locator("header").inner_text()
    assert notebook.ask("explorer.selected_image.name") in shown
    notebook.run(NEXT_CELL)
    assert notebook.cells()[NEXT_CELL]["outputs"][-1]["data"]["text/plain"].strip("'") in shown
    assert {"picture", "patch"} <= changed(before, views.shown())

    before = views.shown()
    views.click_patch(0.1, 0.1)
    row, column = notebook.ask("explorer.selected_patch")
    assert f"Row {row}, column {column} ·" in views.shown()["patch"]
    assert {"patch", "pixels"} <= changed(before, views.shown())

    before = views.shown()
    views.threshold.get_by_role("slider").press("End")
    views.settled()
    assert {"images", "threshold"} <= changed(before, views.shown())
    assert notebook.ask("explorer.threshold") == pytest.approx(
        float(views.threshold.get_by_role("spinbutton").input_value()), rel=1e-3
    )


def test_the_explorer_fits_the_notebook_in_both_themes_and_at_two_widths(notebook, shot):
    page = notebook.page
    explorer, threshold = (Views(page, number).opened() for number in (0, 1))
    for theme in ("light", "dark"):
        notebook.theme(theme)
        for width in (1280, 800):
            page.set_viewport_size({"width": width, "height": 1000})
            for views, name in ((explorer, "explorer"), (threshold, "threshold")):
                views.settled()
                assert views.root.get_attribute("data-theme") == theme
                assert views.too_wide() == []
                views.shot(shot, f"lab-{name}-{theme}-{width}")
    notebook.theme("light")


def test_another_view_on_the_page_does_not_undress_the_explorer(notebook):
    views = Views(notebook.page).opened()
    bar = views.shares.locator("button[aria-pressed=false]").first
    assert bar.evaluate("(one) => getComputedStyle(one).borderTopColor") == "rgba(0, 0, 0, 0)"
    chart = views.neuron.locator(".ne-effects svg").first
    assert chart.evaluate("(one) => getComputedStyle(one).width") == "70px"
