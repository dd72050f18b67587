# %% [markdown]
# # 07 · Figures for a paper
#
# A figure in a paper is read alone, small, often in grey, and years later. This notebook goes from
# a benchmark to figures that survive that.
#
# After this notebook you can
#
# * run a benchmark, and find in its folder what a figure needs,
# * get every figure that a folder allows with one command, each with caption and data beside it,
# * draw one of your own: width in millimetres, type in points, series that part in grey,
# * show a spread over seeds and say in the caption what it is.
#
# About 45 minutes: 20 to read and run, 25 for 3 exercises. All figures are listed in [figures for a
# paper](../docs/figures.md).

# %%
import json
import os
import shlex
import shutil
import statistics
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

import workbench as wb
from workbench.cli import main
from workbench.course import paper_figures as checks
from workbench.course.begin import begin
from workbench.figures.catalogue import figures, lacking
from workbench.figures.paper import SINGLE, add_line, sized
from workbench.figures.results_folder import read_results

begin()
os.chdir(tempfile.mkdtemp())  # everything below is written to a folder of its own
shutil.copytree(wb.demo_images() / "fabric", "fabric")  # put your own data set here


def workbench(line, last=99):
    """Run a verb as the command line does, and show what it says (the last lines) and its status."""
    said, complained = StringIO(), StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        status = main(shlex.split(line))
    complaints = [part for part in complained.getvalue().splitlines()
                  if part.startswith("workbench:")]
    lines = [*said.getvalue().splitlines(), *complaints][-last:]
    print(f"$ workbench {line}", *lines, sep="\n")
    print(f"(exit status {status})")


# %% [markdown]
# ## 1 · Results first
#
# A small benchmark: one product, three methods, one and four normal images, two support seeds. It
# takes some seconds. The table has the mean over the seeds, and their standard deviation (`sd`); text
# alone needs no normal image, and has one result. A real one has five seeds and all products; see the README for its command.

# %%
workbench("benchmark fabric --methods lake,patch_knn,text_patches --shots 1,4 --seeds 0,1 "
          "--out benchmark", last=1)
columns = ["method", "shots", "image_auroc", "image_auroc_sd", "pixel_aupro", "pixel_aupro_sd"]
pd.read_csv("benchmark/summary.csv").query("category == 'mean'")[columns].round(3).fillna("")

# %% [markdown]
# The folder says what it is of: model, data (with checksums), protocol, versions, the command. A
# figure whose data cannot be traced is a picture.

# %%
results = read_results(Path("benchmark"))
print("command:", results.command)
print("in words:", results.where)
print("files read:", ", ".join(results.files))
pd.read_csv("benchmark/results.csv")[["method", "shots", "seed", "image_auroc", "pixel_aupro"]].round(3)

# %% [markdown]
# Some figures can be made of it. For each of the others one line says what it needs:

# %%
for name, needs in lacking(results).items():
    print(f"{name:14s} needs {needs}")

# %% [markdown]
# ## 2 · What can be made
#
# In a notebook `figures` returns them with caption and rows.

# %%
made = {one.name: one for one in figures(results)}
print(", ".join(made))
print()
print(made["shots"].caption)
made["shots"].figure

# %% [markdown]
# Two seeds of one drawn product: this shows how such a figure is made, and nothing about the
# methods. The demo model is very small, and over all five products its LAKE is not better than
# random neurons ([results](../docs/results.md)).
#
# ### Exercise 7.1 · A spread over seeds
# Difficulty ●●○ · about 8 minutes
#
# In tables stands `mean ± standard deviation over seeds` of the *mean over categories*. Write
# `my_spread(rows)`: `rows` are dictionaries with the keys `category`, `seed` and `image_auroc`
# (texts, as they come from a CSV file, in any order). Return the mean and the standard deviation
# between seeds, dividing by one less than their number.
#
# <details><summary>Hint</summary>
#
# First the mean over the categories for each seed: one number per seed. Then `statistics.fmean` and
# `statistics.stdev` of these.
#
# </details>
# <details><summary>Why not the deviation of all rows?</summary>
#
# Products differ much more than seeds do. That one is harder than another is no uncertainty of the
# mean.
#
# </details>

# %%
def my_spread(rows):
    ### BEGIN SOLUTION
    seeds = {row["seed"] for row in rows}
    per_seed = [
        statistics.fmean(float(row["image_auroc"]) for row in rows if row["seed"] == seed)
        for seed in seeds
    ]
    return statistics.fmean(per_seed), statistics.stdev(per_seed)
    ### END SOLUTION


# %%
checks.spread_over_seeds(my_spread)

# %% [markdown]
# ## 3 · A figure of your own
#
# The look is plotly's template `paper`. A browser prints a CSS pixel as 1/96 inch, and plotly
# counts in CSS pixels, so a figure that is 85 mm wide here is 85 mm wide in its PDF, and 7 points
# are 7 points. `add_line` changes colour, dash and mark together from series to series; `sized`
# sets template, width and height.
#
# The rows to draw, in percent, are these:

# %%
summary = [row for row in results.summary if row["category"] == "mean" and row["shots"] != "0"]
points = {}
for row in summary:
    mean, deviation = 100 * float(row["image_auroc"]), 100 * float(row["image_auroc_sd"])
    points.setdefault(row["method"], []).append((int(row["shots"]), mean, deviation))
points

# %% [markdown]
# ### Exercise 7.2 · One column
# Difficulty ●●○ · about 10 minutes
#
# Fill `figure`: a series for each method in `points`, the shots along the horizontal axis, the
# standard deviation as bars or bands, both axes named, one column (`SINGLE`) wide. No title: that
# is the caption's work.
#
# <details><summary>Hint: a series</summary>
#
# `add_line(figure, name, x, y, index, band=(low, high), barred=True)`, where `low` and `high` are
# lists and `index` counts the series.
#
# </details>
# <details><summary>Hint: the rest</summary>
#
# `figure.update_xaxes(title_text=...)`, the same for y, and `sized(figure, SINGLE, 60)`.
#
# </details>

# %%
figure = go.Figure()
### BEGIN SOLUTION
for index, (method, series) in enumerate(points.items()):
    shots, means, deviations = zip(*series)
    low = [mean - deviation for mean, deviation in zip(means, deviations)]
    high = [mean + deviation for mean, deviation in zip(means, deviations)]
    add_line(figure, method, shots, means, index, band=(low, high), barred=True)
figure.update_xaxes(title_text="normal images", tickvals=[1, 4])
figure.update_yaxes(title_text="image AUROC (%)")
figure = sized(figure, SINGLE, 60)
### STUB: # your code here
### END SOLUTION

# %%
checks.figure_for_print(figure)

# %%
figure

# %% [markdown]
# ### Exercise 7.3 · A caption
# Difficulty ●○○ · about 7 minutes
#
# Write the caption as a text. A reader who sees nothing but the figure has to learn: which model,
# which data, which metric, over how many seeds, and what the bars are.
#
# <details><summary>Hint</summary>
#
# `results.model["name"]` and `results.where` say what belongs to model and data, and
# `results.about["grid"]` has the seeds.
#
# </details>

# %%
### BEGIN SOLUTION
### STUB: my_caption = ...  # your code here
my_caption = (
    f"Image AUROC against the number of normal images, {results.where}. Mean and standard deviation "
    f"over {len(results.about['grid']['seeds'])} seeds, which draw the normal images."
)
### END SOLUTION

# %%
checks.caption_that_says(results, my_caption)

# %% [markdown]
# ## 4 · Files
#
# `workbench figures` writes all that a folder allows. HTML needs no browser; beside each figure lie
# its caption (`.txt`) and what is plotted (`.csv`), and `figures.json` has commands and checksums.

# %%
workbench("figures benchmark --format html --out figures")
print()
print("\n".join(Path("figures/shots.csv").read_text().splitlines()[:4]))
record = json.loads(Path("figures/figures.json").read_text())["figures"][0]
print({key: record[key] for key in ("name", "width_mm", "height_mm", "files")})

# %% [markdown]
# PDF, SVG and PNG are drawn by an installed Chrome or Chromium. Where there is none, what happens?
# Let us pretend:

# %%
os.environ["BROWSER_PATH"] = "no-browser-here"
workbench("figures benchmark --format pdf,svg --out printed", last=1)
del os.environ["BROWSER_PATH"]
print(sorted(path.name for path in Path("printed").glob("shots.*")))

# %% [markdown]
# HTML came out instead, and one line says how to get the rest. Exit status 1 tells a script that
# not all of what was asked for is there.
#
# Results outlive the program that wrote them. A folder of another version is refused in one line,
# rather than drawn wrongly:

# %%
shutil.copytree("benchmark", "older")
content = json.loads(Path("older/benchmark.json").read_text())
content["identity"]["schema"] = 0
Path("older/benchmark.json").write_text(json.dumps(content))
workbench("figures older --out figures_of_older")
workbench("figures fabric --out figures_of_nothing")

# %% [markdown]
# ## Go on
#
# * `workbench demo --out out/demo` and `workbench claims DATA --out out/claims` write folders that
#   hold the data of the other figures: the overview, the spectrum, what happens as K, the layer or
#   the text weight change.
# * Print `figures/shots.html` on paper, and read it at arm's length.
# * Two columns are `DOUBLE` wide; `panel_letters` writes a, b, c at the panels.
#
# Next: [08 Your own model and data](08_your_own_model_and_data.ipynb).
