# %% [markdown]
# # 03 · How few neurons?
#
# LAKE says that what a CLIP knows of anomalies sits in a *sparse* set of neurons. That is three claims at
# once, and this notebook takes them apart: that single neurons are selective, that sensitivity is
# unequally spread, and that a few neurons detect as well as all.
#
# After this notebook you can
#
# * tell lifetime sparsity from population sparsity, and measure both,
# * read a sensitivity spectrum: its knee, and how many neurons hold a share of it,
# * put a measured number beside what chance alone would give, and say which chance you mean,
# * say how many neurons the detection needs, with the controls that such a statement needs.
#
# About 45 minutes: 20 to read and run, 25 for 4 exercises.

# %%
import numpy as np
import plotly.graph_objects as go

import workbench as wb
from workbench.course import sparsity as checks
from workbench.course.begin import begin
from workbench.figures.colours import DEFECT, GREY, NORMAL

begin()
model = wb.load_model("demo")
data = wb.read_dataset(wb.demo_images())
metal = list(data["metal"])
normals = [sample for sample in metal if sample.split == "train"][:8]
site, hidden = "blocks.2.hook_resid_post", "blocks.2.mlp.hook_post"

# %% [markdown]
# ## 1 · Two meanings of "sparse"
#
# Take the activations of one site over many patches as a table: a row per patch, a column per neuron.
#
# * **Lifetime sparsity** looks down a column: does this neuron speak for few patches? Is it *selective*?
# * **Population sparsity** looks along a row: do few neurons speak for this patch?
#
# Both can be measured with the same formula. Treves and Rolls take `a = (mean |x|)² / mean x²`, which is 1
# if all values are equally large and 1/n if a single one of n is not zero. Vinje and Gallant turn it round
# and stretch it: `(1 − a) / (1 − 1/n)` is 0 for dense values and 1 for a single one.
#
# ### Exercise 3.1 · One formula, two directions
# Difficulty ●●○ · about 6 minutes
#
# Write `lifetime(table)`, one number per neuron, and `population(table)`, one number per patch, for a table
# `[patch, neuron]` of any signs.
#
# <details><summary>Hint</summary>
#
# Write the formula once, with an argument `axis`. What n is depends on the axis: `table.shape[axis]`.
#
# </details>

# %%
### BEGIN SOLUTION
### STUB: # room for the formula, to be written once
def vinje_gallant(table, axis):
    sizes = np.abs(table)
    dense = sizes.mean(axis) ** 2 / (sizes**2).mean(axis)
    return (1 - dense) / (1 - 1 / table.shape[axis])
### END SOLUTION


def lifetime(table):
    ### BEGIN SOLUTION
    return vinje_gallant(table, axis=0)
    ### END SOLUTION


def population(table):
    ### BEGIN SOLUTION
    return vinje_gallant(table, axis=1)
    ### END SOLUTION


# %%
checks.one_formula_two_directions(lifetime, population)

# %% [markdown]
# The library measures both in one pass, at the residual stream and at the hidden units of the same
# block's MLP. Beside population sparsity stands its **null**: every neuron keeps its own values, but they
# are shuffled over the patches, so that which neurons speak *together* is chance.

# %%
from workbench.neurons.sparsity.activity import activity_at

residual = activity_at(model, normals, site, draws=19)
mlp = activity_at(model, normals, hidden, draws=19)
for name, one in ((site, residual), (hidden, mlp)):
    together = one.population["vinje_gallant"]
    print(f"{name:26s} population {together.value:.3f}, shuffled {together.null_low:.3f}"
          f"–{together.null_high:.3f}; lifetime, median {np.nanmedian(one.lifetime.vinje_gallant):.3f}")

# %%
figure = go.Figure()
for name, one, colour in (("residual stream", residual, NORMAL), ("MLP, hidden units", mlp, DEFECT)):
    figure.add_histogram(x=one.lifetime.vinje_gallant, name=name, marker_color=colour, opacity=0.7,
                         xbins={"start": 0, "end": 1, "size": 0.02}, histnorm="probability")
gaussian = float(np.nanmedian(residual.lifetime.gaussian))
figure.add_vline(x=gaussian, line={"color": GREY, "dash": "dash"},
                 annotation_text="a Gaussian with the residual stream's moments")
figure.update_layout(barmode="overlay", height=400, xaxis_title="lifetime sparsity",
                     yaxis_title="share of the neurons")

# %% [markdown]
# The two sites differ much. The hidden units went through an activation function that lets little through
# below zero, so they are sparse by construction; the residual stream is a sum of many parts, and its
# channels are, if anything, less selective than Gaussian noise of the same mean and variance. And at both
# sites the population is *not* sparser than the shuffled one. "The neurons that LAKE selects are sparse" is therefore
# not a statement about how these channels fire. It is about how few of them are needed: sections 2 and 3.
#
# ## 2 · The sensitivity spectrum
#
# Sort the sensitivities, the largest first, and add them up: the curve says which share of all sensitivity
# the first K neurons hold. Were all neurons equal it would be a straight line. The **knee** is the K at
# which the curve is farthest above that line.
#
# ### Exercise 3.2 · The knee, and what a share takes
# Difficulty ●●○ · about 8 minutes
#
# Write `knee(sensitivity)`, which returns that K (from 1 to n), and `needed(sensitivity, share)`: the
# smallest K whose neurons hold at least this share of the sum. The sensitivities come in any order.
#
# <details><summary>Hint</summary>
#
# `np.cumsum(np.sort(sensitivity)[::-1])` divided by its last value is the curve; entry 0 belongs to K = 1.
#
# </details>
# <details><summary>Hint: the knee without a curve</summary>
#
# As long as a neuron is above the mean the curve climbs faster than the line. So the knee is the number of
# neurons above the mean.
#
# </details>

# %%
def knee(sensitivity):
    ### BEGIN SOLUTION
    return int((sensitivity > sensitivity.mean()).sum())
    ### END SOLUTION


def needed(sensitivity, share):
    ### BEGIN SOLUTION
    held = np.cumsum(np.sort(sensitivity)[::-1]) / sensitivity.sum()
    return int((held >= share - 1e-12).argmax()) + 1
    ### END SOLUTION


# %%
checks.knee_and_share(knee, needed)

# %%
from workbench.neurons.sparsity.spectrum import spectrum

everything = wb.excavate(metal, model, shots=4, seed=0, selection="all", text_weight=0)
found = spectrum(everything, observations=4)
n = len(found.values)
ranks = np.arange(1, n + 1)
figure = go.Figure()
figure.add_scatter(x=ranks, y=found.cumulative, name="sensitivity held by the first K",
                   line={"color": NORMAL, "width": 3})
figure.add_scatter(x=[0, n], y=[0, 1], name="if all were equal", mode="lines", line={"color": GREY, "dash": "dot"})
figure.add_vline(x=found.knee, line={"color": DEFECT, "dash": "dash"},
                 annotation_text=f"knee: {found.knee}", annotation_position="top right")
figure.update_layout(height=420, xaxis={"title": "K", "zeroline": False},
                     yaxis={"title": "share", "tickformat": ".0%", "zeroline": False})

# %% [markdown]
# Is that unequal? A spectrum of measured variances is never flat: even neurons that are all alike come out
# differently if each is measured on a few values. So the number has to be put beside a **null**: neurons
# that are Gaussian, independent and of one variance, measured on as many *independent* observations as we
# have. And how many are that? Four images, if patches of one image say much the same; four times 256, if
# every patch counts. The truth lies between, so look at both:

# %%
print(f"{'measure':22s} {'value':>8s}   null with 4 observations   null with 1024")
few, many = found.measures, spectrum(everything, observations=4 * 256).measures
for name in ("gini", "participation_ratio", "needed_for_90", "knee"):
    print(f"{name:22s} {few[name].value:8.3f}   {few[name].null_low:8.3f} – {few[name].null_high:8.3f}"
          f"      {many[name].null_low:8.3f} – {many[name].null_high:8.3f}")

# %% [markdown]
# If patches are counted the spectrum is far from flat. If images are, it is no more unequal than four
# images would make it by chance: the Gini coefficient (larger is more unequal) lies below its null, the
# participation ratio and the number needed for 90 % (smaller is more unequal) above theirs. The knee alone
# says otherwise. Neither answer alone would be honest. And three quarters of the neurons are needed for 90 % of the
# sensitivity: in this model, the spectrum has no sharp knee.
#
# ## 3 · How many are needed?
#
# The test that counts: the accuracy of the detector with ever more neurons. Beside the K most sensitive
# stand K at random (10 draws) and the K least sensitive. Only the visual branch is used, and one pass over
# the images does for all.

# %%
from workbench.evaluation.image_metrics import auroc
from workbench.neurons.sparsity.needed import accuracy_by_k

tests = [sample for sample in metal if sample.split == "test"]
labels = [sample.label for sample in tests]
curve = accuracy_by_k(everything, tests, labels, (5, 10, 25, 50, 100, 200, 300), auroc, draws=10)
curve

# %%
low, high = curve.random.min(0), curve.random.max(0)
figure = go.Figure()
figure.add_scatter(x=curve.ks, y=high, mode="lines", line={"width": 0}, showlegend=False, hoverinfo="skip")
figure.add_scatter(x=curve.ks, y=low, mode="lines", line={"width": 0}, fill="tonexty",
                   name="K at random, all draws", fillcolor="rgba(120,126,135,.25)", hoverinfo="skip")
figure.add_scatter(x=curve.ks, y=curve.bottom, name="K least sensitive",
                   line={"color": DEFECT, "width": 3})
figure.add_scatter(x=curve.ks, y=curve.accuracy, name="K most sensitive",
                   line={"color": NORMAL, "width": 3})
figure.add_hline(y=0.5, line={"color": GREY, "dash": "dot"}, annotation_text="guessing")
figure.update_layout(height=440, yaxis_title="image AUROC",
                     xaxis={"title": "K", "type": "log", "tickvals": curve.ks})

# %% [markdown]
# "K neurons are enough" needs a rule. A curve may reach its goal at some K by luck and fall below it again,
# so the rule used here is: **the smallest K that reaches the goal and from which on no K falls below it.**
# And 90 % of an AUROC of 0.75 would be 0.675, although 0.5 is what guessing gives. So the goal is a share of
# what lies *above chance*: `chance + fraction · (full − chance)`.
#
# ### Exercise 3.3 · Enough for good
# Difficulty ●●● · about 7 minutes
#
# Write `enough(ks, accuracy, fraction, chance)`, which returns that K. The numbers of neurons `ks` ascend; the last accuracy is
# that of all neurons.
#
# <details><summary>Hint</summary>
#
# Find the *last* K whose accuracy is below the goal. The answer is the next one, or the first K if none is
# below. Comparing with `goal - 1e-12` spares you rounding errors.
#
# </details>

# %%
def enough(ks, accuracy, fraction, chance):
    ### BEGIN SOLUTION
    goal = chance + fraction * (accuracy[-1] - chance)
    below = [at for at, value in enumerate(accuracy) if value < goal - 1e-12]
    return ks[below[-1] + 1] if below else ks[0]
    ### END SOLUTION


# %%
checks.enough_for_good(enough)

# %%
fractions = (0.90, 0.95, 0.99)
chosen = curve.needed(fractions, chance=0.5)
drawn = curve.random_needed(fractions, chance=0.5)
for fraction in fractions:
    print(f"{fraction:.0%} of what all {n} neurons gain: the {chosen[fraction]} most sensitive\n"
          f"    random sets need {sorted(drawn[fraction])}")

# %% [markdown]
# Read this with the controls beside it. If random sets need no more neurons than the most sensitive ones,
# then the *detection* is sparse (few neurons do) but the *selection* has no merit. And mind the size of the
# sample: how exactly do so few test images fix a single AUROC?

# %%
from workbench.evaluation.image_metrics import image_metrics

scores = [detection.score for detection in everything.score(tests)]
print(len(tests), "test images, all neurons:", image_metrics(labels, scores)["image_auroc"])

# %% [markdown]
# The interval is wider than any distance between the two lines. On this model and this product they cross,
# both near what random sets give, and no order among them is shown; [results](../docs/results.md) has all
# five products and five support sets, and claim 2, "100 keep the accuracy of all", is undecided there too.
#
# ## 4 · The same neurons for every product?
#
# Two sets of 100 out of 384 neurons share some by chance alone. How many?
#
# ### Exercise 3.4 · Shared by chance
# Difficulty ●○○ · about 4 minutes
#
# Write `shared_by_chance(first, second, width)`: the expected number of common members of two random sets
# of these sizes, drawn from `width` neurons independently of each other.
#
# <details><summary>Hint</summary>
#
# Each member of the first set is in the second with probability `second / width`.
#
# </details>

# %%
def shared_by_chance(first, second, width):
    ### BEGIN SOLUTION
    return first * second / width
    ### END SOLUTION


# %%
checks.shared_by_chance(shared_by_chance)

# %%
from workbench.neurons.sparsity.overlap import set_overlaps
from workbench.neurons.sparsity.universal import universality

sets = {category: wb.excavate(data[category], model, shots=4, seed=0, text_weight=0).neurons
        for category in data.categories}
set_overlaps(sets, width=n).table().round(4)

# %% [markdown]
# `q_value` is the p-value corrected for the ten pairs. The same question for all five sets at once: how many
# neurons were chosen for all, for four, ..., for none, and how many would be by chance?

# %%
universality(sets, width=n)

# %% [markdown]
# Here the answer is clear, even with a small model: the selections of different products agree far beyond
# chance. It cuts both ways. Neurons that vary on *every* product may be the "anomaly neurons" of the
# paper's title; or they may simply be the channels with the largest scale, whatever the picture. Notebook
# [06](06_attribution_and_intervention.ipynb) has the means to tell: take them out, and see what is lost.
#
# ## Go on
#
# * Do the curves of section 3 look alike with another support (`seed=1`), or another product?
# * The hidden units of the MLP: excavate with `site=hidden` and draw the spectrum. Is its knee sharper?
# * `workbench.neurons.sparsity.layers.spread` asks at which layers the most sensitive neurons lie.
#
# Next: [04 Neurons up close](04_neurons_up_close.ipynb).
