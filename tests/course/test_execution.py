"""What is kept of a notebook that was run."""

import nbformat
import pytest

from workbench.course.building import execution
from workbench.course.building.__main__ import main
from workbench.course.building.execution import WIDGET, executed, kept
from workbench.course.building.sources import METADATA
from workbench.errors import RunError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def made(*cells):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={**METADATA, "workbench": {"chapter": "09_example"}},
    )


def test_outputs_stay_and_standard_error_and_timings_do_not():
    found = executed(
        made("import sys\nprint('one', flush=True)\nprint('two')", "print(1, file=sys.stderr)\n3")
    )
    first, second = found.cells
    assert [output.text for output in first.outputs] == ["one\ntwo\n"]
    assert [output.data["text/plain"] for output in second.outputs] == ["3"]
    assert second.execution_count == 2
    assert "execution" not in first.metadata
    assert dict(found.metadata) == {**METADATA, "workbench": {"chapter": "09_example"}}


def test_a_cell_that_fails_is_an_error_that_names_the_notebook():
    with pytest.raises(RunError, match=r"(?s)09_example does not run.*ZeroDivisionError"):
        executed(made("1 / 0"))


def test_a_kernel_that_dies_is_an_error_that_names_the_notebook():
    with pytest.raises(RunError, match="09_example does not run: Kernel died"):
        executed(made("import os; os._exit(1)"))


def test_a_check_that_does_not_pass_is_an_error():
    code = "from workbench.course import excavation\nexcavation.shares_that_add_up(...)"
    with pytest.raises(RunError, match=r"exercise 2\.3 does not pass"):
        executed(made(code))


def test_a_path_of_this_machine_is_refused():
    with pytest.raises(RunError, match="prints a path of this machine"):
        executed(made("import os; print(os.getcwd())"))


def test_a_progress_bar_goes_and_a_view_becomes_a_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "screenshot", lambda page: (page.name, "image/jpeg", 9))
    data = {WIDGET: {"model_id": "1"}, "text/plain": "View()"}
    bar = nbformat.v4.new_output("display_data", data)
    view = nbformat.v4.new_output("execute_result", data, execution_count=1)
    assert kept(bar, None) is None
    assert kept(bar, tmp_path / "1.html") is None
    shown = kept(view, tmp_path / "1.html")
    assert shown.data == {"image/jpeg": "1.html", "text/plain": "View()"}


def test_a_chart_becomes_a_picture_without_its_data(monkeypatch):
    monkeypatch.setattr(execution, "chart", lambda given: ("drawn", 860))
    data = {execution.CHART: {"data": [], "layout": {}}, "text/html": "<script>"}
    shown = kept(nbformat.v4.new_output("display_data", data), None)
    assert shown.data == {"image/png": "drawn", "text/plain": "a chart"}


def test_where_only_texts_have_changed_a_notebook_keeps_its_outputs(tmp_path):
    source = tmp_path / "source" / "09_example.py"
    source.parent.mkdir()
    source.write_text("# %% [markdown]\n# # Old\n\n# %%\n1 + 1\n", "utf-8")
    assert main(["--folder", str(tmp_path), "--texts-only"]) == 2  # there is nothing to keep
    assert main(["--folder", str(tmp_path), "09"]) == 0
    source.write_text("# %% [markdown]\n# # New\n\n# %%\n1 + 1\n", "utf-8")
    assert main(["--folder", str(tmp_path), "--texts-only"]) == 0
    there = nbformat.read(tmp_path / "09_example.ipynb", as_version=4)
    assert there.cells[0].source == "# New"
    assert there.cells[1].outputs[0].data["text/plain"] == "2"
    open_ = nbformat.read(tmp_path / "exercises" / "09_example.ipynb", as_version=4)
    assert open_.cells[0].source == "# New"
    assert open_.cells[1].outputs == []
    source.write_text("# %% [markdown]\n# # New\n\n# %%\n1 + 2\n", "utf-8")
    assert main(["--folder", str(tmp_path), "--texts-only"]) == 2
