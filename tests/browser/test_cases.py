"""What goes wrong in a notebook, or might: names, copies, repetition, dead kernels, saved files."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.hostile import EVIL
from tests.browser.views import Views

NAME = "cases.ipynb"
SETUP = """
if "excavation" not in globals():
    import tempfile, workbench as wb
    from pathlib import Path
    from tests.browser.hostile import hostile
    excavation, samples = hostile(Path(tempfile.mkdtemp()))
"""
ONE = "one = wb.explore(excavation, samples)\none"
OTHER = "other = wb.explore(excavation, samples)\nother"
ROUNDS = 10


def fresh(lab, page):
    """Write the notebook anew, and run it; its kernel lives on from test to test."""
    opened = lab.open(page, lab.write(NAME, SETUP, ONE, OTHER, "one"))
    opened.run_all()
    return opened


@pytest.fixture
def notebook(in_lab, lab):
    return fresh(lab, in_lab)


@pytest.fixture(scope="module", autouse=True)
def last_of_the_kernel(lab):
    yield
    lab.end_kernels()


def test_names_two_explorers_and_a_cell_run_twice(notebook, shot):
    page = notebook.page
    one, other = (Views(page, number).opened() for number in (0, 1))
    one.shows_literally(EVIL)
    other.shows_literally(EVIL)
    one.shot(shot, "lab-hostile")

    one.images.press("End")
    one.settled()
    last = notebook.ask("one.selected_image.name")
    assert notebook.ask("other.selected_image.name") != last
    one.click_neuron()
    assert notebook.ask("one.selected_neurons != other.selected_neurons")
    ids = page.evaluate("() => [...document.querySelectorAll('.ne [id]')].map((one) => one.id)")
    assert len(set(ids)) == len(ids)

    before = notebook.ask("one.model_id")
    notebook.run(1)
    one = Views(page, 0).opened()
    assert notebook.ask("one.model_id") != before
    assert page.locator("section.ne").count() == 3
    one.images.press("End")
    one.settled()
    assert notebook.ask("one.selected_image.name") == last
    notebook.page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    expect(page.locator("section.ne")).to_have_count(0)


def test_a_saved_notebook_holds_one_line_instead_of_the_explorer(notebook, in_lab):
    Views(in_lab, 1).opened().images.press("ArrowDown")
    saved = notebook.save()
    assert "widgets" not in saved.metadata
    assert notebook.path.stat().st_size < 10_000
    line = saved.cells[2].outputs[-1].data["text/plain"]
    assert "explorer.save_html('explorer.html')" in line
    assert line.startswith("NeuronExplorer(")


def test_where_jupyterlab_keeps_the_state_of_widgets_it_is_the_source_alone(lab, in_lab):
    lab.save_widget_state(True)
    try:
        notebook = fresh(lab, in_lab)
        Views(in_lab, 1).opened().images.press("ArrowDown")
        in_lab.wait_for_timeout(300)
        saved = notebook.save()
    finally:
        lab.save_widget_state(False)
    states = saved.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    explorers = [one["state"] for one in states.values() if "_esm" in one["state"]]
    assert len(explorers) >= 2
    for state in explorers:
        assert len(state.pop("_esm")) < 60_000
        assert len(json.dumps(state)) < 1_000


def test_a_kernel_that_died_is_said_and_what_was_shown_stays(notebook, in_lab, shot):
    one, other = (Views(in_lab, number).opened() for number in (0, 1))
    before = other.shown()
    notebook.ask("__import__('threading').Timer(0.3, lambda: __import__('os')._exit(9)).start()")
    alert = other.root.get_by_role("alert")
    in_lab.get_by_role("dialog").get_by_role("button", name="Ok").click(timeout=60_000)
    expect(alert).to_contain_text("The kernel is gone.")
    other.images.press("ArrowDown")
    now = other.shown()
    assert before["neuron"] == now["neuron"]
    assert before["threshold"] == now["threshold"]
    other.shot(shot, "lab-dead-kernel")

    notebook.run(0)
    notebook.run(1)
    notebook.run(2)
    assert Views(in_lab, 1).opened().root.get_by_role("alert").is_hidden()


def test_opening_and_closing_leaves_the_pages_memory_where_it_was(notebook, in_lab, figures):
    def heap():
        in_lab.evaluate("() => { gc(); gc(); }")
        in_lab.wait_for_timeout(300)
        in_lab.evaluate("() => { gc(); gc(); }")
        return in_lab.evaluate("() => performance.memory.usedJSHeapSize / 1e6")

    def open_and_close():
        notebook.run(3)
        Views(in_lab, 0).opened()
        in_lab.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        expect(in_lab.locator("section.ne")).to_have_count(0)

    in_lab.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    for _ in range(3):
        open_and_close()
    before = heap()
    for _ in range(ROUNDS):
        open_and_close()
    after = heap()
    figures.keep(
        f"{ROUNDS} rounds of opening and closing",
        before_MB=round(before, 1),
        after_MB=round(after, 1),
    )
    assert after - before < 3
