# %% [markdown]
# # 02 · Excavation
#
# A frozen CLIP was never told what a defect is. LAKE's claim is that it knows all the same: a sparse
# set of its neurons reacts to anomalies, and a few *normal* pictures are enough to find them.
#
# After this notebook you can
#
# * go from a folder of normal images to a detector in three lines,
# * write each step of it yourself: sensitivity, selection, gallery, score,
# * ask of any patch which neurons made its score, and by how much,
# * compare the chosen neurons with controls, and say what the comparison shows and what not.
#
# About 45 minutes: 20 to read and run, 25 for 4 exercises.
#
# Three kinds of statement are kept apart: what the paper or two independent summaries **state**, what
# one secondary source **reports**, and what is **chosen** by us. The method is that of Li et al.,
# arXiv 2604.07802; this is not the authors' code.

# %%
import numpy as np
import plotly.express as px
import torch

import workbench as wb
from workbench.course import excavation as checks
from workbench.course.begin import begin

begin()
normals = wb.demo_images() / "metal" / "train" / "good"  # put your own folder here
new = wb.demo_images() / "metal" / "test"

# %% [markdown]
# ## 1 · Three lines
#
# A folder of normal images, a model, a detector. `shots=4` draws four of them (which four is fixed by
# the seed); nothing is trained.

# %%
model = wb.load_model("demo")
excavation = wb.excavate(normals, model, shots=4, seed=0)
found = list(excavation.score([new / "good", new / "scratch", new / "rust"]))

excavation

# %% [markdown]
# Each `Detection` has a score, maps, and the neurons behind them: here the three with the largest
# share of the worst patch's visual score. A share is an amount, not a percentage: all of them sum to
# that visual score.

# %%
for detection in sorted(found, key=lambda detection: -detection.score)[:5]:
    kind = detection.path.parent.name
    neurons = ", ".join(f"{index} ({share:.3f})" for index, share in detection.strongest(most=3))
    print(f"{detection.score:6.2f}  {kind:8s} {detection.name:10s} {neurons}")

# %% [markdown]
# The rest of this notebook takes the three lines apart. You will write the four steps yourself, and a
# check compares what your functions *do* with what the library does, on numbers you have not seen.
#
# ## 2 · Sensitivity
#
# The picture is cut into patches; at half depth of the tower (*chosen*) each patch is a vector with one
# number per **neuron**. These are the patches of the four normal images:

# %%
site = excavation.neurons.site
support = [normals / name for name in excavation.support]
patches = torch.cat([model.activations(wb.prepare(path, model), site)[site][:, 1:]
                     for path in support])
print(site, tuple(patches.shape), "= image, patch, neuron  (token 0, CLS, is left out)")

# %% [markdown]
# A neuron that says the same of every normal patch has nothing to tell patches apart by. LAKE ranks
# neurons by the opposite: the **variance** of the neuron over *all* patches of *all* normal images,
# taken together *(stated)*.
#
# ### Exercise 2.1 · Sensitivity by hand
# Difficulty ●○○ · about 5 minutes
#
# Write `my_sensitivity`: from patches `[image, patch, neuron]` to one variance per neuron. It is the
# population variance (divide by the number of patches, not by one less).
#
# <details><summary>Hint</summary>
#
# Images and patches are treated alike: join the first two dimensions (`flatten(0, 1)`), then take the
# variance over the first. `torch.var` divides by n − 1 unless told `correction=0`.
#
# </details>

# %%
def my_sensitivity(patches):
    ### BEGIN SOLUTION
    return patches.flatten(0, 1).var(dim=0, correction=0)
    ### END SOLUTION


# %%
checks.sensitivity_by_hand(my_sensitivity)

# %% [markdown]
# The spectrum: neurons by rank, the most sensitive first (the scale is logarithmic). The line marks
# K = 100, the number that LAKE selects *(reported)*; the dotted curve says how much of all variance the
# first so many hold. Were the neurons all alike, 100 of 384 would hold 26 %.

# %%
from workbench.figures.curves import sensitivity_figure

sensitivity_figure(excavation.sensitivity, k=len(excavation.neurons))

# %% [markdown]
# ## 3 · Selection, gallery, score
#
# **Selection.** The K largest; of equals the one with the lower number.
#
# **Gallery.** The normal patches, restricted to the selected neurons, each scaled to length one
# *(reported)*. It is what normal looks like, in a hundred numbers a patch.
#
# **Visual score.** A new patch is compared with all of them; its score is the distance to the nearest,
# `(1 − cos) / 2`: 0 for the same direction, 1 for the opposite one.
#
# ### Exercise 2.2 · Select and score
# Difficulty ●●○ · about 10 minutes
#
# Write `my_selection(sensitivity, k)`, which returns the chosen neurons' numbers, the most sensitive
# first, and `my_visual_score(patches, gallery)`: for patches `[patch, neuron]` and normal patches
# `[row, neuron]`, both *not yet* scaled, one score per patch.
#
# <details><summary>Hint: selection</summary>
#
# Sort the negative values with `np.argsort(..., kind="stable")`: a stable sort leaves equals in order.
#
# </details>
# <details><summary>Hint: score</summary>
#
# `torch.nn.functional.normalize` scales rows to length one; the cosines of all pairs are then one
# matrix product. The nearest row is the one with the largest cosine.
#
# </details>

# %%
def my_selection(sensitivity, k):
    ### BEGIN SOLUTION
    return np.argsort(-np.asarray(sensitivity), kind="stable")[:k]
    ### END SOLUTION


def my_visual_score(patches, gallery):
    ### BEGIN SOLUTION
    rows = torch.nn.functional.normalize(patches, dim=-1)
    normal = torch.nn.functional.normalize(gallery, dim=-1)
    return (1 - (rows @ normal.T).amax(dim=1)) / 2
    ### END SOLUTION


# %%
checks.select_and_score(my_selection, my_visual_score)

# %% [markdown]
# **Text score.** A deeper patch token is compared with sentences about normal and damaged objects
# *(reported)*. Both scores are put on one scale by what held-out normal patches give *(chosen)* and
# joined with weight 0.3 for the text *(reported)*. **Image score.** The largest patch score *(stated)*.

# %%
worst = max(found, key=lambda detection: detection.score)
row, column = worst.peak
print(f"worst image: {worst.path.parent.name}/{worst.name}")
print(f"its worst patch: row {row}, column {column}; visual score {worst.visual[row, column]:.4f}")
print("the normal patch it was compared with:", worst.nearest(row, column))

# %% [markdown]
# ## 4 · Which neurons did it?
#
# For unit vectors q and m, `(1 − q·m) / 2` is the sum over neurons of one share each, none of them
# negative. So the visual score of a patch *is* that sum. This is not an approximation of the score by
# an explanation; it is the score.
#
# ### Exercise 2.3 · Shares that add up
# Difficulty ●●○ · about 5 minutes
#
# Write `my_shares(q, m)`: from a patch and its nearest normal patch, both of length one, to one share
# per neuron. The shares must not be negative, and must sum to `(1 − q·m) / 2`.
#
# <details><summary>Hint</summary>
#
# What is the squared length of `q − m`, for two vectors of length one?
#
# </details>

# %%
def my_shares(q, m):
    ### BEGIN SOLUTION
    return (q - m) ** 2 / 4
    ### END SOLUTION


# %%
checks.shares_that_add_up(my_shares)

# %% [markdown]
# The library's shares of the worst patch. They sum to its visual score; the bars are the twelve largest.

# %%
shares = worst.shares(row, column)
print(f"sum of the shares {shares.sum():.6f}")
print(f"visual score      {worst.visual[row, column]:.6f}")
strongest = worst.strongest(most=12)
px.bar(x=[f"{index}" for index, _ in strongest], y=[share for _, share in strongest], height=320,
       labels={"x": f"neuron at {site}", "y": f"share, of {shares.sum():.4f} in all"}
       ).update_xaxes(type="category")

# %% [markdown]
# Pick an image, move to a patch, see the neurons behind it, with their shares in percent of the visual
# score. The colour scale is fixed by the normal
# images, not by the picture, so a normal picture stays quiet.

# %%
wb.browse(excavation, [new / "rust", new / "scratch", new / "good"])

# %% [markdown]
# ## 5 · Is it these neurons, or would any do?
#
# The method's claim can be tested. With the labels of the demo set, score every test image with the
# 100 most sensitive neurons, the 100 least, 20 random draws of 100, and all of them. The forward
# passes are shared, so the controls cost little.

# %%
comparison = wb.compare(model, wb.read_dataset(wb.demo_images() / "metal"), shots=4, draws=20)
controls = comparison.to_dict()["controls"]
for name in ("top", "random", "bottom", "all", "text_only"):
    deviation = controls[name].get("image_auroc_sd")
    print(f"{name:10s} image AUROC {100 * controls[name]['image_auroc']:5.1f}"
          + (f" ± {100 * deviation:.1f}" if deviation is not None else ""))

# %% [markdown]
# ### Exercise 2.4 · Better than chance?
# Difficulty ●●○ · about 5 minutes
#
# If the selection by variance were worth nothing, the selected set would be one random set among
# others. Write `my_p_value(selected, drawn)`, from the AUROC of the selected set and the list of the
# draws' AUROCs: how often a set is at least as good as the selected one, counting the selected one
# itself, `(1 + number of draws that reach it) / (1 + number of draws)`.
#
# <details><summary>Hint</summary>
#
# Counting the selected set itself is why the value is never 0: with 20 draws it cannot be below 1/21.
#
# </details>

# %%
def my_p_value(selected, drawn):
    ### BEGIN SOLUTION
    reached = sum(value >= selected for value in drawn)
    return (1 + reached) / (1 + len(drawn))
    ### END SOLUTION


# %%
checks.better_than_chance(my_p_value)

# %%
selected, drawn = comparison.control("top")[0], comparison.control("random")
px.histogram(x=drawn, nbins=12, height=320,
             labels={"x": "image AUROC of 100 random neurons"},
             ).add_vline(x=selected, line_color="#D55E00", annotation_text="the 100 most sensitive",
                         annotation_position="top left")

# %% [markdown]
# Where does your p-value put the selected set: `my_p_value(selected, drawn)`?
#
# Read it with care. One small product, one tiny model, four normal images: if *top* is not above
# *random* here, that is a finding about this model and this product, and the tool has to be able to
# say so. It says so: with the embedded model all six claims of the paper stay undecided
# ([results](../docs/results.md)). `workbench demo --out out/demo` does the same for all five products.
#
# ## 6 · Keep it
#
# A run is a folder with a JSON file that says everything needed to repeat it, and one file of
# numbers. It is checked when it is read: edited, cut short, or another model's, and it is refused.

# %%
import tempfile
from pathlib import Path

run = excavation.save(Path(tempfile.mkdtemp()) / "metal")
again = wb.Excavation.load(run, model)
print([path.name for path in sorted(run.iterdir())])
next(again.score(worst.path)).score == worst.score

# %% [markdown]
# ## Go on
#
# * One shot, two shots, sixteen: how do the worst five change? `wb.excavate(..., shots=1)`
# * Another place: `site="blocks.4.hook_resid_post"`, or the MLP's hidden units,
#   `site="blocks.2.mlp.hook_post"`.
# * No memory bank: `normality="moments"` keeps a mean and a variance per neuron.
# * Your own folder: change `normals` and `new` at the top.
#
# Next: [03 How few neurons?](03_sparsity.ipynb) asks how few neurons it really takes.
