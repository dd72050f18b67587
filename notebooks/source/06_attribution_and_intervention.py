# %% [markdown]
# # 06 · Attribution and intervention
#
# "These neurons did it" can mean two things. *Attribution* divides a number among the neurons; it
# is bookkeeping, and can be exact. *Intervention* changes a neuron and looks what happens; it is an
# experiment, and needs a control and an interval.
#
# After this notebook you can
#
# * say which neurons carry a score, and check that the parts add up,
# * write integrated gradients, and say what completeness does and does not promise,
# * silence, clamp and amplify neurons without touching anything else,
# * hold an effect against images (an interval) and against chance (random sets), and live with the
#   answer.
#
# About 50 minutes: 25 to read and run, 25 for 4 exercises. The whole list of methods is in [what a
# neuron does](../docs/neurons.md).

# %%
from dataclasses import replace

import numpy as np
import plotly.express as px
import plotly.graph_objects as go
import torch

import workbench as wb
from workbench.clip.neuron_set import NeuronSet
from workbench.course import attribution as checks
from workbench.course.begin import begin
from workbench.evaluation.interventions import labelled_effects
from workbench.neurons.attribution import (
    TextSimilarity, conductance, direct_effects, gallery_shares, gradient_times_activation,
    integrated_gradients, normal_baseline,
)
from workbench.neurons.intervention.changes import clamp, resample, to_mean, zero
from workbench.neurons.intervention.context import Intervention
from workbench.neurons.intervention.effects import against_random, dose_response, effects
from workbench.neurons.intervention.normals import Normals

begin()
model = wb.load_model("demo")
data = wb.read_dataset(wb.demo_images())  # put your own data set here
excavation = wb.excavate(data["metal"], model, shots=4, seed=0)
site = excavation.neurons.site


def tidy(figure, height=300, **layout):
    return figure.update_layout(height=height, margin={"t": 50, "b": 50}, **layout)

# %% [markdown]
# ## 1 · Exact shares
#
# The visual score of a patch is a sum of one share per selected neuron (notebook 02). So here
# attribution is no approximation: it is the score, written out.

# %%
tests = [sample for sample in data["metal"] if sample.split == "test"]
defect = next(sample for sample in tests if sample.name.endswith("rust/000.jpg"))
(found,) = excavation.score(defect)
shares = gallery_shares(found)
print(f"sum of the shares {float(shares.values.sum()):.6f}, visual score {float(shares.effect):.6f}")
values = shares.per_neuron()[0].sort(descending=True).values
share_of_all = values.cumsum(0) / values.sum()
print(f"the 10 largest of {len(values)} shares carry {share_of_all[9]:.0%} of it")
tidy(px.bar(y=values.numpy(), labels={"x": "selected neurons, by share",
                                      "y": "share of the visual score"}))

# %% [markdown]
# Two cautions. A share says what a neuron *contributes to this score*, compared with the nearest
# normal patch; it does not say that the score would fall by as much without it, since another
# gallery patch may then be nearest. And a score that is wrong has shares too.
#
# ## 2 · Attribution of anything else
#
# A similarity with a text is no sum over neurons: layers, attention and a LayerNorm lie between.
# There are two honest ways to divide it.
#
# **Direct effects.** The last LayerNorm's scale is frozen at what it is for this image; then the
# similarity *is* a sum over what every head and every MLP neuron wrote to the stream.

# %%
target = TextSimilarity.of(model, "rusty metal", against="flawless metal")
pixels = wb.prepare(defect.path, model)
direct = direct_effects(model, pixels, target)
print(f"similarity {float(direct.effect):+.4f}; the parts miss it by {direct.relative_error:.1e} of it")
direct.strongest(most=8)

# %% [markdown]
# **Along a path.** Move the activation at one site from a *baseline* to what the image gives, and
# add up, step by step, how much each neuron's movement changed the target. For a neuron i that is
#
# `(x_i − b_i) · mean over the way of the gradient_i`
#
# (integrated gradients, Sundararajan et al. 2017). By the fundamental theorem of calculus the
# values sum to `f(x) − f(b)`. That is **completeness**. The baseline is a choice, and the question:
# *compared with what?*
#
# ### Exercise 6.1 · Integrated gradients by hand
# Difficulty ●●○ · about 10 minutes
#
# Write `my_integrated_gradients(f, x, baseline, steps)`. `f` takes a vector and returns a number
# that `torch.autograd.grad` can differentiate; `x` and `baseline` are vectors. Use `steps` points
# that lie evenly between 0 and 1 of the way. Return one value per component.
#
# <details><summary>Hint: one gradient</summary>
#
# `point = (baseline + at * (x - baseline)).requires_grad_()`, then `torch.autograd.grad(f(point),
# point)[0]`.
#
# </details>
# <details><summary>Hint: which points</summary>
#
# The middles of `steps` equal pieces: `(k + 0.5) / steps`. Both ends instead would count one piece
# too many.
#
# </details>

# %%
def my_integrated_gradients(f, x, baseline, steps):
    ### BEGIN SOLUTION
    total = torch.zeros_like(x)
    for k in range(steps):
        point = (baseline + (k + 0.5) / steps * (x - baseline)).requires_grad_()
        total += torch.autograd.grad(f(point), point)[0]
    return (x - baseline) * total / steps
    ### END SOLUTION


# %%
checks.integrated_gradients_by_hand(my_integrated_gradients)

# %% [markdown]
# Now on the model: the same target, from the mean normal patch (zero would be a residual stream
# that no image has, and is refused). Beside it the gradient at the end alone, times the step:
# cheap, and complete only where the target is a straight line. *Conductance* moves the picture
# instead, from a grey one.

# %%
normals = [sample for sample in data["metal"] if sample.split == "train"]
baseline = normal_baseline(model, wb.prepare([one.path for one in normals], model), site)
given = (model, pixels, site, target)
ways = {
    "gradient x step": gradient_times_activation(*given, baseline=baseline),
    "integrated, 4 steps": integrated_gradients(*given, baseline=baseline, steps=4),
    "integrated, 32 steps": integrated_gradients(*given, baseline=baseline, steps=32),
    "conductance": conductance(*given, steps=32),
}
for name, way in ways.items():
    print(f"{name:21s} change to explain {float(way.effect):+.4f}, "
          f"missed by {way.relative_error:7.1%}, strongest {[index for index, _ in way.strongest()]}")

# %% [markdown]
# Every result says by how much it misses. Completeness is a check of the arithmetic, no more: it
# says that the parts add up to the whole, and not that they are the right parts. Conductance asks
# about another baseline, and may well name other neurons. Whether a neuron *matters* is a question
# for an experiment.
#
# ## 3 · Silencing
#
# To silence neurons is to give them, at every patch, a value that carries no news. Which value?
# **Zero** is far from normal for most neurons of a residual stream: it makes a loud disturbance
# where silence was meant. The **normal mean** is better; CLS and all other neurons stay as they
# are.
#
# ### Exercise 6.2 · Silence by hand
# Difficulty ●○○ · about 5 minutes
#
# Write `my_silence(tokens, neurons, mean)`: from tokens `[image, token, neuron]`, of which token 0
# is CLS, a list of neurons and their normal means (one each), to a *new* tensor in which these
# neurons are at their means at every patch.
#
# <details><summary>Hint</summary>
#
# `tokens.clone()` is a copy; `copy[:, 1:, neurons] = mean` fills in one value per neuron.
#
# </details>

# %%
def my_silence(tokens, neurons, mean):
    ### BEGIN SOLUTION
    silent = tokens.clone()
    silent[:, 1:, neurons] = mean
    return silent
    ### END SOLUTION


# %%
checks.silenced_by_hand(my_silence)

# %% [markdown]
# The library does it with hooks, for the length of a `with` block. Here the five most sensitive
# neurons:

# %%
chosen = excavation.neurons[:5]
normal = Normals.measure(model, [one.path for one in normals], site)
before = model(pixels)
with Intervention(model, to_mean(chosen, normal)):
    during = model(pixels)
turned = 1 - float(torch.cosine_similarity(before, during))
print(f"the embedding turned by {turned:.4f}; afterwards all is as before:",
      bool(torch.equal(model(pixels), before)))

# %% [markdown]
# `effects` scores images under many changes and runs the unchanged blocks only once. Ten normal and
# ten damaged discs, four ways to be silent, and the mean one for five neurons at random:

# %%
some = [s for s in tests if s.label == 1][::3] + [s for s in tests if s.label == 0][:10]
labels = [sample.label for sample in some]
drawn = np.random.default_rng(0).choice(len(normal.mean), 5, replace=False)
others = NeuronSet(site, tuple(int(index) for index in sorted(drawn)))
changes = {"zero": zero(chosen), "normal mean": to_mean(chosen, normal),
           "normal patches": resample(chosen, normal), "clamped": clamp(chosen, normal),
           "normal mean, random 5": to_mean(others, normal)}
table = effects(excavation, some, [replace(change, name=name) for name, change in changes.items()])
table

# %% [markdown]
# Each row is a mean over the same twenty images before and after the change. Twenty images are a
# sample: the interval says how much the mean would vary with other images.
#
# ### Exercise 6.3 · A paired interval
# Difficulty ●●○ · about 7 minutes
#
# Write `my_interval(before, after, rng)`: both ends of the 95 % interval of the mean effect (after
# minus before), by bootstrap. Draw images with replacement, a thousand times or more; `rng` is a
# numpy generator.
#
# <details><summary>Hint</summary>
#
# An image that is hard is hard before and after. Draw *images* (`rng.integers(0, n, n)`), and take
# both of their scores; or draw from the differences, which comes to the same.
#
# </details>
# <details><summary>Hint: ends</summary>
#
# The middle 95 % of the drawn means: `np.percentile(means, [2.5, 97.5])`.
#
# </details>

# %%
def my_interval(before, after, rng):
    ### BEGIN SOLUTION
    effect = after - before
    drawn = rng.integers(0, len(effect), (2000, len(effect)))
    return np.percentile(effect[drawn].mean(1), [2.5, 97.5])
    ### END SOLUTION


# %%
checks.interval_by_hand(my_interval)

# %% [markdown]
# ### Exercise 6.4 · What does the table show?
# Difficulty ●○○ · about 3 minutes
#
# Look at the table above. List the names of the changes (strings, from the first column) whose mean
# effect is shown by these images: whose interval does not include 0.
#
# <details><summary>Hint</summary>
#
# `table.frame()` is a data frame with the columns `low` and `high`; an interval includes 0 if `low
# <= 0 <= high`.
#
# </details>

# %%
### BEGIN SOLUTION
### STUB: shown = ...  # your code here
frame = table.frame()
shown = list(frame.index[(frame["low"] > 0) | (frame["high"] < 0)])
### END SOLUTION

# %%
checks.effects_that_are_shown(table, shown)

# %% [markdown]
# Silencing *raised* the scores; clamping, which only cuts off what no normal patch reaches, hardly moved
# them. Only the judged images were changed, and the gallery was not: five
# neurons that stand still are something that no normal patch does, and so they are a deviation.
#
# A changed score is not yet a changed *detection*. With labels the question is what happens to the
# AUROC, and to the scores of either kind:

# %%
labelled_effects(table, labels)

# %% [markdown]
# Read the AUROC columns first. An interval that includes 0 means: with these twenty images nobody
# can say whether silencing helps or harms. With the demo model that is the usual outcome.
#
# ## 4 · Doses
#
# If neurons matter, more of them should matter more. Their deviation from normal is multiplied: by
# 0 they are silent, by 1 as they are, by 3 amplified. This is *steering*, and the last of the
# paper's claims is that it helps.

# %%
dose = dose_response(excavation, some, chosen, normal)
steered = labelled_effects(dose.table, labels)
figure = go.Figure()
for name, measures, colour in (("anomalous images", steered.anomalous, "#D55E00"),
                               ("normal images", steered.normal, "#0072B2")):
    value, low, high = (np.array([getattr(measure, end) for measure in measures])
                        for end in ("value", "low", "high"))
    figure.add_scatter(x=dose.factors, y=value, name=name, line_color=colour,
                       error_y={"array": high - value, "arrayminus": value - low})
tidy(figure, 340, xaxis_title="factor on the five neurons' deviation from normal",
     yaxis_title="mean change of the score").show()
for factor, measure in zip(dose.factors, steered.auroc):
    print(f"x {factor:<4g} {measure}")

# %% [markdown]
# The curve of the scores is no evidence by itself: amplify *anything* and scores move. What counts
# is whether the two kinds part, which is what the AUROC says, with its interval. Over all five
# products, with controls, `workbench claims` found for this model that steering is undecided: the
# interval of the gain includes 0 ([results](../docs/results.md)).
#
# ## 5 · Against chance
#
# Would five other neurons have done the same? Random sets are the control, and they have to be
# *fair*: the most sensitive neurons move most, so removing them makes the largest change whatever
# they mean. `against_random` therefore scales each random set's change to the same size. **Remove**
# asks whether the set is *needed*; **keep** silences all others and asks whether it *suffices*.
# Here for the visual score alone: nothing above the site has to run again for it, so that forty
# random sets cost little.

# %%
kept = excavation.neurons[:50]
visual = wb.excavate(data["metal"], model, shots=4, seed=0, text_weight=0)
removed = against_random(visual, some, chosen, normal, mode="remove", draws=20)
alone = against_random(visual, some, kept, normal, mode="keep", draws=20)
figure = go.Figure()
for row, (name, one) in enumerate((("remove 5", removed), ("keep 50", alone))):
    size = np.abs(one.table.means)
    figure.add_scatter(x=size[1:], y=[row] * (len(size) - 1), mode="markers", showlegend=row == 0,
                       name="random sets", marker={"color": "#999", "size": 9, "opacity": 0.6})
    figure.add_scatter(x=size[:1], y=[row], mode="markers", showlegend=row == 0,
                       name="the most sensitive",
                       marker={"color": "#D55E00", "size": 13, "symbol": "diamond"})
    print(f"{name}: p = {one.p_value:.2f}")
tidy(figure, 260, xaxis_title="size of the mean change of the score",
     yaxis={"tickvals": [0, 1], "ticktext": ["remove 5", "keep 50"], "range": [-0.5, 1.5],
            "automargin": True})

# %% [markdown]
# With 20 draws no p-value is below 1/21. A set that matters lies to the right of the grey points
# when removed, and to their left when kept. Where it lies among them, neurons chosen by variance do
# no more here than neurons chosen by lot, and that is the finding.
#
# ## 6 · In words, with care
#
# What do these neurons stand for? `wb.label` looks for a word, and holds the best word against the
# best of as many words by chance. It is corrected for the number of neurons, and says nothing where
# nothing is shown.

# %%
words = wb.label(model, excavation.neurons[:8], [sample.path for sample in tests[::3]],
                 methods=("dissect", "decoder"), draws=100)
words.table().drop(columns=["null_mean", "null_95"]).fillna({"term": "no label"}).round(3)

# %% [markdown]
# A word means: where this neuron is high, the model's own text tower sees this, more than chance
# would have it. It does not mean that the neuron *causes* anything, and the images show only metal
# discs: over a single product, a label says little about others ([labels](../docs/labels.md)).
#
# The last resort is a picture made from nothing, that drives the neuron as hard as it can be
# driven. It shows one thing that excites it, and not what it is for; a network with random weights
# gets pictures too ([feature visualisation](../docs/visualisation.md)).

# %%
from workbench.neurons.visualisation import visualise

visualise(model, excavation.neurons[:1], [sample.path for sample in tests[::5]], seeds=(0, 1),
          steps=64)

# %% [markdown]
# ## Go on
#
# * Repeat section 5 with `excavation.neurons[-5:]`, and with another product.
# * `patch_from(model, neurons, pixels)` gives neurons the activations they have in another image:
#   from a normal disc into a rusty one.
# * `workbench neurons RUN --out DIR` writes all of this for every selected neuron, as a page.
#
# Next: [07 Paper figures](07_paper_figures.ipynb).
