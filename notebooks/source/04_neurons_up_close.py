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
# * see which images change sides as the threshold moves,
# * keep all of it as one file that needs no kernel.

# %%
import tempfile
from pathlib import Path

import workbench as wb
from workbench.evaluation.evaluate import threshold_of

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
# Nothing of it is saved into the notebook; run the cell again to see it again.

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
# How much of the visual score of this image's worst patch is due to these neurons?

# %%
detection = next(excavation.score(explorer.selected_image))
row, column = detection.peak
chosen = {name for neurons in explorer.selected_neurons for name in neurons.names}
shares = dict(zip(excavation.neurons.names, detection.shares(row, column), strict=True))
carried = sum(share for name, share in shares.items() if name in chosen)

print(f"score {detection.score:.2f}, worst patch: row {row}, column {column}")
print(f"its visual score {detection.visual[row, column]:.6f}, of it by the chosen neurons {carried:.6f}")
detection.strongest(most=5)

# %% [markdown]
# ## 3 · Where to draw the line
#
# The explorer's judging part alone: move the line and watch the counts, and the images that change
# sides. The labels are used for judging only; where the line stands at first comes from held-out
# patches of the normal images.

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
# ## 4 · Keep it
#
# One file, the views still linked, no kernel and no network; detection is redone in the page.

# %%
page = explorer.save_html(Path(tempfile.mkdtemp()) / "metal.html")
print(f"{page.name}: {page.stat().st_size / 1e6:.2f} MB")

# %% [markdown]
# ## Try it yourself
#
# * `explorer.on_change(function)` calls a function whenever you choose something.
# * `explorer.selected_neurons = excavation.neurons[:10]` chooses from Python.
# * [docs/explorer.md](../docs/explorer.md) says exactly what each view shows.
