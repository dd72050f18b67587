"""From one source to two notebooks."""

import pytest

from workbench.course.building.sources import code, exercises, minutes, notebook, sources
from workbench.errors import DataError

SOURCE = """\
# %% [markdown]
# # 09 · Example
# See [the docs](../docs/metrics.md).
#
# ### Exercise 9.1 · Double
# Difficulty ●○○ · about 3 minutes

# %% tags=["exercise"]
def double(x):
    ### BEGIN SOLUTION
    ### STUB: return ...
    y = 2 * x
    return y
    ### END SOLUTION


# %%
double(2)
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "09_example.py"
    path.write_text(SOURCE, "utf-8")
    return path


def test_the_solution_drops_the_marks_and_the_exercise_the_solution(source):
    solved = notebook(source, "solution").cells[1].source
    open_ = notebook(source, "exercise").cells[1].source
    assert solved == "def double(x):\n    y = 2 * x\n    return y"
    assert open_ == "def double(x):\n    return ..."


def test_without_a_stub_a_place_to_fill_in_stands_at_the_solutions_indentation():
    text = "if True:\n    ### BEGIN SOLUTION\n    a = 1\n    ### END SOLUTION\nb = 2"
    assert code(text, "exercise") == "if True:\n    ...  # your code here\nb = 2"


def test_the_same_source_gives_the_same_notebook_with_its_tags(source):
    assert notebook(source, "solution") == notebook(source, "solution")
    assert notebook(source, "exercise").cells[1].metadata.tags == ["exercise"]


def test_links_of_the_exercise_version_go_up_one_folder_more(source):
    assert "](../docs/metrics.md)" in notebook(source, "solution").cells[0].source
    assert "](../../docs/metrics.md)" in notebook(source, "exercise").cells[0].source


def test_exercises_and_their_minutes_are_read_from_the_headings(source):
    assert exercises(source) == ["9.1"]
    assert minutes(source) == {"9.1": 3}
    source.write_text("# %% [markdown]\n# # 09 · Nothing to do\n", "utf-8")
    assert minutes(source) == {}
    source.write_text(SOURCE.replace("about 3 minutes", "short"), "utf-8")
    with pytest.raises(DataError, match=r"9\.1 does not say"):
        minutes(source)


@pytest.mark.parametrize(
    "text",
    [
        "### BEGIN SOLUTION",
        "### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
    ],
)
def test_marks_that_do_not_fit_together_are_refused(text):
    with pytest.raises(DataError, match="SOLUTION"):
        code(text, "exercise")


def test_a_folder_without_sources_is_refused(tmp_path):
    with pytest.raises(DataError, match="no sources"):
        sources(tmp_path)
