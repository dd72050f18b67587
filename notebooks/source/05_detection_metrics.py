# %% [markdown]
# # 05 · How good is it?
#
# A detector gives every image a score and every pixel a height on a map. What is that worth? Most
# tables answer with one or two numbers, and the same numbers can hide opposite things.
#
# After this notebook you can
#
# * say what image AUROC, average precision and F1-max measure, and what each of them hides,
# * set a threshold from normal images alone, and say what it promises,
# * say why pixel AUROC flatters, and compute the per-region overlap (AUPRO) that does so less,
# * read an interval, compare two detectors on the same images, and average over products.
#
# About 50 minutes: 25 to read and run, 25 for 4 exercises. Definitions of everything are in
# [metrics](../docs/metrics.md).

# %%
import numpy as np
import plotly.express as px
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import workbench as wb
from workbench.course import metrics as checks
from workbench.course.begin import begin
from workbench.evaluation import conformal_threshold, macro_images, paired_difference, score
from workbench.evaluation.evaluate import threshold_of
from workbench.images.truth import true_mask

begin()
BLUE, RED = "#0072B2", "#D55E00"
model = wb.load_model("demo")
data = wb.read_dataset(wb.demo_images())  # put your own data set here


def tidy(figure, height=300, **layout):
    return figure.update_layout(height=height, margin={"t": 50, "b": 50}, **layout)

# %% [markdown]
# Two of the demo products, judged by LAKE with four normal images each. A test image has a label (0
# normal, 1 anomalous), a score, a map at its own size, and a mask that marks the defect.

# %%
def judged(category):
    tests = [sample for sample in data[category] if sample.split == "test"]
    excavation = wb.excavate(data[category], model, shots=4, seed=0)
    found = list(excavation.score(tests))
    return {
        "labels": np.array([sample.label for sample in tests]),
        "scores": np.array([one.score for one in found]),
        "maps": [one.map() for one in found],
        "masks": [true_mask(sample, one.size) for sample, one in zip(tests, found)],
        "tests": tests, "found": found, "excavation": excavation,
    }


metal, fabric = judged("metal"), judged("fabric")
labels, scores = metal["labels"], metal["scores"]
figure = px.histogram(x=scores, color=np.where(labels == 1, "anomalous", "normal"), nbins=40,
                      barmode="overlay", labels={"x": "image score (metal)", "color": ""},
                      color_discrete_map={"normal": BLUE, "anomalous": RED})
tidy(figure, yaxis_title="images")

# %% [markdown]
# ## 1 · Ranking images
#
# **AUROC** asks one thing: take a normal and an anomalous image at random; how often does the
# anomalous one score higher? Half is chance, 1 is perfect, and below a half the detector points the
# wrong way. Only the order counts: no threshold, no scale, no share of anomalies.
#
# ### Exercise 5.1 · AUROC by hand
# Difficulty ●○○ · about 5 minutes
#
# Write `my_auroc(labels, scores)`: the share of pairs (one normal image, one anomalous image) in
# which the anomalous one scores higher. A pair with equal scores counts half. Both arguments are
# arrays, in any order.
#
# <details><summary>Hint</summary>
#
# With `a` the anomalous and `n` the normal scores, `a[:, None] - n` holds the difference of every
# pair.
#
# </details>
# <details><summary>Another hint</summary>
#
# The sign of a difference is −1, 0 or 1. What does `(1 + sign) / 2` give for a win, a tie, a loss?
#
# </details>

# %%
def my_auroc(labels, scores):
    ### BEGIN SOLUTION
    anomalous, normal = scores[labels == 1], scores[labels == 0]
    return ((1 + np.sign(anomalous[:, None] - normal)) / 2).mean()
    ### END SOLUTION


# %%
checks.auroc_by_hand(my_auroc)

# %% [markdown]
# Ties are no curiosity. Scores that are rounded, clipped or squashed by a sigmoid tie often, and
# code that sorts without minding them gives a number that depends on the order of the files.
#
# The other image metrics, each with its definition and a 95 % interval (section 5 says of what):

# %%
score(labels, scores)

# %% [markdown]
# What would a detector get that has seen nothing, and gives every image the same score?

# %%
blind = score(labels, np.zeros(len(labels)), draws=0)
for key in ("image_auroc", "image_ap", "image_f1_max"):
    print(f"{blind[key].name:14s} {blind[key].value:.3f}")
print(f"share of anomalous images: {labels.mean():.2f}")

# %% [markdown]
# AUROC is 0.5 whatever the test set. **Average precision** starts at the share of anomalous images,
# and **F1-max** higher still: by calling everything anomalous. So neither can be compared between
# test sets with different shares, and both look good where anomalies are common. F1-max moreover
# takes its threshold from the test labels: it is an *oracle*, and no threshold anybody could have
# had.
#
# A figure that cannot be had is undefined, with the reason, and never 0. Without any anomalous
# image:

# %%
normal_only = labels == 0
score(labels[normal_only], scores[normal_only])["image_auroc"]

# %% [markdown]
# ## 2 · A threshold without anomalies
#
# On the line you need a threshold, and have no anomalies to choose it by. What you have is normal
# images. Each of them can be judged by a support from which it was held out; then a new normal
# image is just one more of the same kind. Put it among the n held-out scores: each of the n + 1
# places is equally likely for it. The chance that it lies above a threshold t is therefore
#
# `(number of held-out scores above t + 1) / (n + 1)`
#
# and that is all of *conformal prediction* that is needed here. With four images no finite
# threshold can promise less than 1 in 5, whatever a formula with a mean and a standard deviation
# may say.
#
# ### Exercise 5.2 · A threshold that keeps its promise
# Difficulty ●●○ · about 7 minutes
#
# Write `my_threshold(held_out, alpha)`: the lowest of the held-out scores such that a new normal
# image lies above it with a probability of at most `alpha`. If none of them is high enough, return
# `float("inf")`: then nothing may be flagged.
#
# <details><summary>Hint</summary>
#
# If at most k of the n + 1 places may be flagged, k is `alpha * (n + 1)` rounded down. The new
# image itself takes one of these places.
#
# </details>
# <details><summary>Hint: rounding</summary>
#
# A computer finds `0.29 * 100` a hair below 29. Add a tiny number, such as 1e-9, before rounding down.
#
# </details>

# %%
def my_threshold(held_out, alpha):
    ### BEGIN SOLUTION
    allowed = int(np.floor(alpha * (len(held_out) + 1) + 1e-9))
    return np.sort(held_out)[-allowed] if allowed else float("inf")
    ### END SOLUTION


# %%
checks.threshold_by_hand(my_threshold)

# %% [markdown]
# With all 16 training normals an alpha of 1 in 10 is possible. The rate that was asked for is one
# of *many* normal images; the 20 test normals will not show it exactly.

# %%
all_normals = wb.excavate(data["metal"], model)
held_out = np.array(all_normals.held_out_scores)
threshold = conformal_threshold(held_out, alpha=0.1)
found = np.array([one.score for one in all_normals.score(metal["tests"])])
oracle = score(labels, found, draws=0)["image_f1_max"].threshold
print(threshold.kind, "-", threshold.description)
for name, at in (("from normals alone", threshold.value), ("F1-max (oracle)", oracle)):
    flagged = found >= at
    print(f"{name:20s} at {at:.2f}: flags {flagged[labels == 0].mean():4.0%} of the normals, "
          f"finds {flagged[labels == 1].mean():4.0%} of the anomalies")
print("with 4 images, alpha 0.05:", threshold_of(metal["excavation"]).kind)

# %% [markdown]
# The two thresholds answer different questions. F1-max had the labels, and since 3 of 5 test images
# are anomalous it can afford to flag many normals. The conformal one promises few false alarms and
# pays in missed defects, which this small model leaves many of. A threshold from four images at 5 %
# is marked *heuristic*: it is an extrapolation and promises nothing.
#
# One assumption is taken on trust: neurons and scales were found with the held-out image still
# there.
#
# ## 3 · Pixels, and why their AUROC flatters
#
# Pixel AUROC treats every pixel of every image as an item. First look at what is being ranked. The
# colours are fixed by the held-out normals, the same for every picture; the defect is outlined.

# %%
def pictures(maps, low, high, title):
    figure = make_subplots(1, len(shown), subplot_titles=[
        f"{metal['tests'][i].defect} {metal['tests'][i].path.name}" for i in shown])
    for column, i in enumerate(shown, 1):
        figure.add_heatmap(z=maps[i][::2, ::2], zmin=low, zmax=high, colorscale="Viridis",
                           showscale=column == len(shown), row=1, col=column)
        figure.add_contour(z=metal["masks"][i][::2, ::2].astype(float), row=1, col=column,
                           contours={"coloring": "none", "start": 0.5, "end": 0.5},
                           line={"color": "white", "width": 2}, showscale=False, showlegend=False)
    figure.update_xaxes(visible=False).update_yaxes(visible=False, autorange="reversed")
    return tidy(figure, 260, title=title).update_layout(margin={"t": 80, "b": 10})


names = [f"{sample.defect}/{sample.path.name}" for sample in metal["tests"]]
shown = [names.index(name) for name in ("good/000.jpg", "good/003.jpg", "rust/000.jpg",
                                        "scratch/001.jpg")]
pictures(metal["maps"], *metal["excavation"].display_range(), "raw scores, one scale for all")

# %%
table = score(labels, scores, metal["maps"], metal["masks"],
              names=names, about_maps="bilinear, smoothed")
print(f"anomalous pixels: {np.mean([mask.mean() for mask in metal['masks']]):.2%} of all\n")
table

# %% [markdown]
# The pixel AUROC is far above the image AUROC and above the other pixel metrics. Nothing is wrong
# with the number: it answers an easy question. Nearly all pixels are normal, and most of these are
# easy, like the background. Ranking a defect's pixels above *them* is soon done; that the hardest 1
# % of the normal pixels lie above the defect costs a point at most, and is a false alarm in every
# single picture.
#
# The effect can be made. Give every image an empty, normal border, on which the detector is quiet.
# Nothing about defects has changed:

# %%
def framed(image, wide, value):
    return np.pad(image, wide, constant_values=value)


quiet = min(one.min() for one in metal["maps"])
rows = {}
for wide in (0, 64, 128, 256):
    padded = score(labels, scores, [framed(m, wide, quiet) for m in metal["maps"]],
                   [framed(m, wide, False) for m in metal["masks"]], draws=0, pixel_draws=0)
    rows[wide] = {key: padded[key].value
                  for key in ("pixel_auroc", "pixel_ap", "pixel_aupro", "pixel_aupimo")}
figure = go.Figure()
for key in rows[0]:
    figure.add_scatter(x=list(rows), y=[values[key] for values in rows.values()],
                       name=padded[key].name)
tidy(figure, xaxis_title="width of the added border, in pixels", yaxis={"range": [0, 1.05]})

# %% [markdown]
# AP does not move: precision never counts normal pixels that score low. AUROC, AUPRO and AUPIMO go
# by a false positive *rate*, and the border dilutes it. AUROC is nearly at its ceiling before;
# AUPRO rises steeply, so it is no cure for this. Figures of such metrics from data sets with
# different backgrounds should not be compared at all.
#
# ## 4 · Regions
#
# AUROC has a second habit: a large defect has thousands of pixels and drowns ten small ones.
# **AUPRO** (MVTec) gives every *region* the same weight. At a threshold, the **per-region overlap**
# (PRO) is the mean, over all connected regions of all masks, of the share of the region's pixels
# that are found. It is drawn over the false positive rate of all normal pixels, and only the part
# up to a limit counts, usually 0.30: beyond it a map is of no use to anybody.
#
# ### Exercise 5.3 · Per-region overlap by hand
# Difficulty ●●○ · about 8 minutes
#
# Write `my_pro(maps, masks, threshold)`. `maps` and `masks` are lists of arrays, masks are boolean;
# pixels *at or above* the threshold are found. Return a pair: the false positive rate over all
# normal pixels of all images, and the mean overlap over all regions. Pixels that touch by a side
# *or a corner* belong to one region.
#
# <details><summary>Hint</summary>
#
# `scipy.ndimage.label(mask, structure=np.ones((3, 3)))` returns an array with a number for each
# region (0 is background) and how many there are. Without `structure` corners do not connect.
#
# </details>
# <details><summary>Hint: means</summary>
#
# Collect the shares of all regions in one list over all images, and take the mean at the end. The
# rate is one fraction: count false alarms and normal pixels over all images, then divide.
#
# </details>

# %%
def my_pro(maps, masks, threshold):
    ### BEGIN SOLUTION
    from scipy.ndimage import label

    shares, alarms, normal = [], 0, 0
    for scores, mask in zip(maps, masks):
        found = scores >= threshold
        alarms, normal = alarms + (found & ~mask).sum(), normal + (~mask).sum()
        regions, count = label(mask, structure=np.ones((3, 3)))
        shares += [found[regions == number].mean() for number in range(1, count + 1)]
    return alarms / normal, np.mean(shares)
    ### END SOLUTION


# %%
checks.overlap_by_hand(my_pro)

# %% [markdown]
# A planted case: one image, one large region that the map finds, four small ones that it misses.

# %%
mask = np.zeros((120, 120), bool)
mask[20:80, 20:80] = True
for corner in ((95, 20), (95, 50), (95, 80), (30, 100)):
    mask[corner[0]:corner[0] + 6, corner[1]:corner[1] + 6] = True
noise = np.random.default_rng(0).normal(size=mask.shape)
planted = noise + 4 * np.pad(np.ones((60, 60)), ((20, 40), (20, 40)))
sound = np.random.default_rng(1).normal(size=mask.shape)
case = score([0, 1], [0, 1], [sound, planted], [None, mask], draws=0, pixel_draws=0)
for key in ("pixel_auroc", "pixel_ap", "pixel_aupro"):
    print(f"{case[key].name:12s} {case[key].value:.3f}")

# %% [markdown]
# AUROC and AP are content; AUPRO says that most of the regions were not found.
#
# ### Exercise 5.4 · The area up to a limit
# Difficulty ●●● · about 5 minutes
#
# Write `my_area(fpr, pro, limit)`: the mean height of the curve between 0 and `limit`. `fpr`
# (rising, from 0 to 1) and `pro` are the curve's points, joined by straight lines. The limit may
# fall between two points; a curve that is 1 everywhere has to give 1.
#
# <details><summary>Hint</summary>
#
# `np.interp(limit, fpr, pro)` is the curve's height at the limit. `np.trapezoid(y, x)` is the area
# below straight lines. Area divided by width is the mean height.
#
# </details>

# %%
def my_area(fpr, pro, limit):
    ### BEGIN SOLUTION
    inside = fpr < limit
    x = np.append(fpr[inside], limit)
    y = np.append(pro[inside], np.interp(limit, fpr, pro))
    return np.trapezoid(y, x) / limit
    ### END SOLUTION


# %%
checks.area_by_hand(my_area)

# %%
figure = go.Figure()
for name, one, colour in (("metal", metal, BLUE), ("fabric", fabric, RED)):
    found = score(one["labels"], one["scores"], one["maps"], one["masks"], draws=0, pixel_draws=0)
    curve = found.curves["pixel_pro"]
    figure.add_scatter(x=curve.x, y=curve.y, line_color=colour, name=(
        f"{name}: AUPRO@0.30 {found['pixel_aupro'].value:.2f}, "
        f"@0.05 {found['pixel_aupro_05'].value:.2f}, pixel AUROC {found['pixel_auroc'].value:.2f}"))
figure.add_vrect(x0=0, x1=0.3, fillcolor="#888", opacity=0.12, line_width=0)
tidy(figure, 380, xaxis_title="false positive rate of the normal pixels",
     yaxis_title="mean per-region overlap", legend={"orientation": "h", "y": 1.25})

# %% [markdown]
# By pixel AUROC metal is the better-detected product, by AUPRO fabric is. Neither is wrong; say
# which question you asked. The limit belongs to the name: `AUPRO@0.30` and `AUPRO@0.05` are two
# metrics.
#
# **AUPIMO** is stricter: only false positive rates from 1 in 100,000 to 1 in 10,000 count, and they
# are measured on *normal images* alone. It keeps one value for each anomalous image, so that you
# see how many are found well and how many not at all:

# %%
rows = [row for row in table.per_image if row.aupimo is not None]
figure = px.strip(x=[row.aupimo for row in rows], y=[row.name.split("/")[0] for row in rows],
                  labels={"x": "AUPIMO of an image (metal)", "y": ""})
figure.add_vline(x=table["pixel_aupimo"].value, line_dash="dot", annotation_text="mean")
tidy(figure, 260)

# %% [markdown]
# ### Scaling maps to 0..1, image by image
#
# It is often done to make pictures prettier, and sometimes before metrics. Look at what becomes of
# the normal images, and then at the figures:

# %%
scaled = [(one - one.min()) / (one.max() - one.min()) for one in metal["maps"]]
pictures(scaled, 0, 1, "each map scaled to 0..1 by itself: never do this")

# %%
after = score(labels, maps=scaled, masks=metal["masks"], draws=0, pixel_draws=0)
print(f"{'':22s}{'raw':>8s}{'scaled':>8s}")
for key in ("image_auroc", "pixel_auroc", "pixel_ap", "pixel_aupro", "pixel_aupimo"):
    print(f"{table[key].name:22s}{table[key].value:8.3f}{after[key].value:8.3f}")

# %% [markdown]
# Every map now has a largest value of 1, so normal and anomalous images tie without exception:
# image AUROC, taken from the map's maximum, is exactly a half. In pixels, every normal image has
# got a bright spot. Raw scores in, always; scales are for display, fixed by the normal images.
#
# ## 5 · How sure?
#
# Fifty images are few. The interval says how much a figure would vary with *other test images of
# the same kind*: images are drawn anew, with replacement, a thousand times. It knows nothing of
# other supports, other seeds, other defects. For pixels whole images are drawn, because the pixels
# of one image are not independent of each other.
#
# To ask whether one detector is better than another, do not compare their intervals: draw the
# *same* images for both, and look at the difference. Does the text branch add anything to the
# visual one here?

# %%
visual = np.array([one.visual.max() for one in metal["found"]])
print("both branches ", score(labels, scores)["image_auroc"])
print("visual alone  ", score(labels, visual)["image_auroc"])
print("difference    ", paired_difference(labels, scores, visual))

# %% [markdown]
# If the last interval includes 0, these images do not show that it does.
#
# **Several products.** The *macro* mean takes each product's figure and averages. The *micro*
# figure throws all images into one pot, where a metal disc competes with a piece of fabric: nobody
# does that in use. Here the fabric has only five anomalous images left, as products differ in
# practice; then every score of metal gets 10 more:

# %%
few = np.flatnonzero((fabric["labels"] == 0) | (np.cumsum(fabric["labels"]) <= 5))
for added in (0, 10):
    groups = {"metal": (labels, scores + added),
              "fabric": (fabric["labels"][few], fabric["scores"][few])}
    pot = [np.concatenate(parts) for parts in zip(*groups.values())]
    print(f"metal + {added}")
    for name, (truth, values) in groups.items():
        print(f"  {name:7s}", score(truth, values, draws=0)["image_auroc"])
    print("  macro  ", macro_images(groups))
    print("  micro  ", score(*pot, draws=0)["image_auroc"])

# %% [markdown]
# Nothing is detected any better, and the micro figure rises: metal has most of the anomalies, and
# is above fabric now. What it measures is in part which product a picture shows. The products' own
# figures and their macro mean stay. Tables of the workbench are macro means.
#
# ## 6 · The whole, in two lines
#
# `wb.evaluate` does all of this for an excavation: threshold from its held-out normals, image and
# pixel figures, a row for every image.

# %%
result = wb.evaluate(metal["excavation"], data["metal"])
for measure in result.measures.values():
    print(measure)

# %% [markdown]
# And a figure alone says nothing about *why*. `wb.compare` puts the same images to controls: random
# neurons, the least sensitive ones, all of them, text alone.

# %%
comparison = wb.compare(model, wb.read_dataset(wb.demo_images() / "fabric"), shots=4, draws=5)
for name in ("top", "random", "bottom", "all", "text_only"):
    values = comparison.control(name)
    print(f"{name:10s} image AUROC {np.mean(values):.3f}"
          + (f"  from {min(values):.3f} to {max(values):.3f}" if len(values) > 1 else ""))

# %% [markdown]
# On this product the most sensitive neurons lie within what random ones give, so a good AUROC here
# is no evidence that the *selection* matters. The demo model is very small and never saw a
# photograph; that holds for all of its figures ([results](../docs/results.md)).
#
# ## Go on
#
# * Change `shots` in `judged` to 1 and to 8. Which metric moves most?
# * `score(..., exact=True)` sorts every pixel instead of counting them in bins; hold the
#   differences against the bound in the table's column *error at most*.
# * Your own detector: `score(labels, scores, maps, masks)` takes plain arrays and needs no model.
#
# Next: [06 Attribution and intervention](06_attribution_and_intervention.ipynb) asks what single
# neurons do.
