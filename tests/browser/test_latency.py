"""How long it takes until all views have followed a choice: real JupyterLab, real kernel."""

import time

import pytest

from tests.browser.views import Views

DEMO = """
import time, workbench as wb
data = wb.read_dataset(wb.demo_images())
excavation = wb.excavate(data["metal"], wb.load_model("demo"), shots=4, seed=0)
started = time.perf_counter()
explorer = wb.explore(excavation, data)
looked = time.perf_counter() - started
"""

LARGE = """
import tempfile, time, workbench as wb
from pathlib import Path
from tests.browser.large import large
excavation, data = large(Path(tempfile.mkdtemp()))
started = time.perf_counter()
explorer = wb.explore(excavation, data)
looked = time.perf_counter() - started
"""

CASES = {"demo": (DEMO, 100), "2,000 images, 36,864 neurons": (LARGE, 150)}


@pytest.mark.parametrize("name", CASES)
def test_all_views_follow_a_choice_and_the_time_it_takes_is_reported(in_lab, lab, figures, name):
    code, aim = CASES[name]
    notebook = lab.open(in_lab, lab.write("latency.ipynb", code, "explorer"))
    notebook.run(0)
    began = time.perf_counter()
    notebook.run(1)
    views = Views(in_lab).opened()
    opened = time.perf_counter() - began
    looked = notebook.ask("looked")
    figures.keep(f"{name}: opening", looked_s=round(looked, 1), shown_s=round(opened, 2))

    views.map.focus()
    run = views.timed([lambda: views.map.press("n")] * 40)
    layer = views.timed([lambda: views.map.press("ArrowDown")] * 3)
    views.picture.scroll_into_view_if_needed()
    box = views.picture.bounding_box()
    places = [((i * 37) % 97 / 97, (i * 53) % 89 / 89) for i in range(40)]
    patch = views.timed(
        [
            lambda x=x, y=y: in_lab.mouse.click(
                box["x"] + x * box["width"], box["y"] + y * box["height"]
            )
            for x, y in places
        ]
    )
    images = views.timed([lambda: views.images.press("ArrowDown")] * 10)
    figures.times(f"{name}: an image, first shown", images)
    figures.times(f"{name}: a neuron that the run did not select", layer)
    figures.times(f"{name}: a neuron of the run", run, aim_ms=aim)
    figures.times(f"{name}: a patch", patch, aim_ms=aim)
    notebook.close()
