# %% [markdown]
# # 04 · Neurons up close
#
# In the explorer, neurons, images and patches are views of one thing: choosing anything updates the
# rest, and what you chose is there for Python in the next cell.
#
# After this notebook you can
#
# * go from a suspicious image to the patch and the neurons behind its score,
# * carry on in Python with what you clicked,
# * say which images are judged wrongly at a threshold, and which change sides as it moves,
# * see how much hangs on a setting, and what sets two runs apart,
# * keep all of it as one file that needs no kernel.
#
# About 40 minutes: 25 to read and run, 15 for 3 exercises.

# %%
import tempfile
from pathlib import Path

import numpy as np

import workbench as wb
from workbench.course import close_up as checks
from workbench.course.begin import begin
from workbench.evaluation.evaluate import threshold_of

begin()
model = wb.load_model("demo")
data = wb.read_dataset(wb.demo_images())  # put your own data set here
excavation = wb.excavate(data["metal"], model, shots=4, seed=0)

# %% [markdown]
# ## 1 · Look
#
# It opens at the image with the highest score and the most sensitive neuron.
#
# 1. Choose an **image** in the list, and move over its **patches**: the bars are the neurons' shares
#    of that patch's visual score.
# 2. Choose a **neuron**, on the map or by its bar: its panel shows where it fires most.
# 3. Draw a lasso around several neurons, then take *Only these* or *Without these*: the detection is
#    redone.
#
# Things to find out: Is the worst patch where the defect is? Do the same neurons lead in two images with
# the same kind of defect? Does a neuron that carries much of a score fire most on *defects*, or on edges?
#
# Nothing of it is saved into the notebook; a saved one shows a picture of it. Run the cell to have it.

# %%
explorer = wb.explore(excavation, data)
explorer

# %% [markdown]
# ## 2 · Go on in Python
#
# The next cells take what you chose. Where nothing was, they choose the run's five most sensitive
# neurons and the last image, and the views above follow.

# %%
if not explorer.selected_neurons:
    explorer.selected_neurons = excavation.neurons[:5]
if explorer.selected_image is None:
    explorer.selected_image = explorer.images[-1].name

for neurons in explorer.selected_neurons:
    print(neurons.site, neurons.indices)
explorer.selected_image.name

# %% [markdown]
# How much of the visual score of this image's worst patch is due to these neurons? You need three things of a
# detection: `peak`, the (row, column) of its worst patch; `neurons`, the selected neurons, whose
# `indices` are their numbers at the site; and `shares(row, column)`, one share per selected neuron, in the
# same order. The shares of a patch sum to its visual score `visual[row, column]`.
#
# ### Exercise 4.1 · What a few neurons carry
# Difficulty ●●○ · about 6 minutes
#
# Write `carried(detection, indices)`: which part (0 to 1) of the visual score at the worst patch is due to
# the neurons with these numbers. A number that is not among the selected neurons carries nothing.
#
# <details><summary>Hint</summary>
#
# `zip(detection.neurons.indices, detection.shares(row, column))` pairs neurons with shares. Sum the shares
# of those that are in `indices`, and divide by the sum of all.
#
# </details>

# %%
def carried(detection, indices):
    ### BEGIN SOLUTION
    row, column = detection.peak
    shares = detection.shares(row, column)
    chosen = [share for index, share in zip(detection.neurons.indices, shares) if index in set(indices)]
    return sum(chosen) / shares.sum()
    ### END SOLUTION


# %%
checks.what_neurons_carry(carried)

# %%
(detection,) = excavation.score(explorer.selected_image)
row, column = detection.peak
strongest = detection.strongest(most=5)
print(f"score {detection.score:.2f}, worst patch: row {row}, column {column}")
print(f"its visual score {detection.visual[row, column]:.4f}")
print("the strongest neurons and their shares:", *(f"{index} ({share:.4f})" for index, share in strongest))

# %% [markdown]
# With 100 neurons an average one carries 1 %. Ask your function for the chosen ones:
# `carried(detection, neurons.indices)`. A score is rarely the work of a few: how many neurons does it
# take for half of this one?

# %%
shares = np.sort(detection.shares(row, column))[::-1]
print(int((shares.cumsum() < shares.sum() / 2).sum()) + 1, "of", len(shares), "neurons carry half of it")

# %% [markdown]
# ## 3 · Where to draw the line
#
# A score is a number; a verdict needs a **threshold**. Here it comes from held-out patches of the normal
# images, and has seen no test label. An image is called anomalous if its score *reaches* the threshold.
#
# ### Exercise 4.2 · Two kinds of error
# Difficulty ●○○ · about 5 minutes
#
# Write `errors(scores, labels, threshold)`, which returns two numbers: how many anomalous images (label 1)
# are **missed**, and how many normal ones (label 0) raise a **false alarm**.
#
# <details><summary>Hint</summary>
#
# With arrays, `(scores >= threshold)` is the verdict of all images at once; `&` joins two conditions, and
# `.sum()` counts.
#
# </details>

# %%
def errors(scores, labels, threshold):
    ### BEGIN SOLUTION
    scores, labels = np.asarray(scores), np.asarray(labels)
    flagged = scores >= threshold
    return int(((labels == 1) & ~flagged).sum()), int(((labels == 0) & flagged).sum())
    ### END SOLUTION


# %%
checks.two_kinds_of_error(errors)

# %% [markdown]
# The explorer's judging part alone: move the line and watch the counts, and the images that change sides.

# %%
view = wb.ThresholdView(excavation, data)
view

# %%
threshold = threshold_of(excavation).value if view.threshold is None else view.threshold
found = list(excavation.score(view.images))
missed = [sample.name for sample, one in zip(view.images, found, strict=True)
          if sample.label == 1 and one.score < threshold]
alarms = [sample.name for sample, one in zip(view.images, found, strict=True)
          if sample.label == 0 and one.score >= threshold]
print(f"threshold {threshold:.2f}: {len(missed)} missed, {len(alarms)} false alarms")
missed[:5], alarms[:5]

# %% [markdown]
# Four normal images fix a threshold only roughly, and this small model does not part the two kinds well:
# there is no line that makes few errors of both kinds. That is what its image AUROC says too (notebook
# [05](05_detection_metrics.ipynb)).
#
# ### Exercise 4.3 · Who changes sides?
# Difficulty ●○○ · about 4 minutes
#
# Write `changes_sides(scores, old, new)`: the numbers (positions in `scores`, ascending) of the images whose
# verdict is another at the threshold `new` than at `old`. Either may be the larger one.
#
# <details><summary>Hint</summary>
#
# Compare the two verdicts with `!=`; `np.flatnonzero` turns a mask into positions.
#
# </details>

# %%
def changes_sides(scores, old, new):
    ### BEGIN SOLUTION
    scores = np.asarray(scores)
    return np.flatnonzero((scores >= old) != (scores >= new))
    ### END SOLUTION


# %%
checks.who_changes_sides(changes_sides)

# %% [markdown]
# ## 4 · Other settings
#
# How much hangs on K, the text weight, the layer and the number of normal images? Each is changed alone, with
# all else as the run has it. Half of the test images will do here; the training images are there to draw
# other supports from, and are not judged. `finish` waits for all points, which otherwise come a few at a time
# while you look. Click a point: everything below shows that setting.

# %%
half = data.but(samples=(*data.train_normals("metal"), *data.test("metal")[::2]))
sweep = wb.SweepView(excavation, half)
points = sweep.finish()
sweep

# %%
sweep.selected = ("k", 20)  # or click it
point = sweep.selected
auroc = point.measures["image_auroc"]
print(f"K = {point.value}: image AUROC {auroc.value:.3f}, 95 % interval {auroc.low:.3f} to {auroc.high:.3f}")

# %% [markdown]
# The intervals are wider than most of the differences. And a setting that is taken *because* it does best on
# these images has seen their labels: it would have to be judged on others.
#
# ## 5 · Two runs
#
# Would two normal images have done? The same images, judged by both: a point in the scatter is an image. The
# difference of the two AUROCs has an interval of its own, because both were measured on the same images.

# %%
other = wb.excavate(data["metal"], model, shots=2, seed=0)
both = wb.CompareView(excavation, other, data, names=("4 shots", "2 shots"))
both

# %% [markdown]
# ## 6 · Keep it
#
# One file, the views still linked, no kernel and no network; detection is redone in the page.

# %%
page = explorer.save_html(Path(tempfile.mkdtemp()) / "metal.html")
print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB")

# %% [markdown]
# ## Go on
#
# * `explorer.on_change(function)` calls a function whenever you choose something.
# * `explorer.selected_neurons = excavation.neurons[:10]` chooses from Python.
# * [docs/explorer.md](../docs/explorer.md) says exactly what each view shows.
#
# Next: [05 Detection metrics](05_detection_metrics.ipynb).
