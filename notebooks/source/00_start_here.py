# %% [markdown]
# # 00 · Start here
#
# The workbench looks inside a CLIP model to see how it knows that something is wrong in a picture. These
# notebooks are a course in it: from the first look at an activation to figures for a paper.
#
# The next cell tells whether everything is there. Click into it and press *Shift+Enter*: that runs a cell and
# goes to the next one. It takes up to half a minute the first time.

# %%
from PIL import Image

import workbench as wb
from workbench.course.begin import begin

begin()
model = wb.load_model("demo")
data = wb.read_dataset(wb.demo_images())

size, gap = 160, 6
strip = Image.new("RGB", (len(data.categories) * (size + gap), 2 * size + gap), "white")
for place, category in enumerate(data.categories):
    tests = [sample for sample in data[category] if sample.split == "test"]
    for row, label in enumerate((0, 1)):
        picture = wb.open_image(next(s.path for s in tests if s.label == label))
        strip.paste(picture.resize((size, size)), (place * (size + gap), row * (size + gap)))
    print(f"{category:8s} {len(tests)} test images, {sum(s.label for s in tests)} of them with a defect")
print("model:", model)
strip

# %% [markdown]
# The five products that come with the workbench: above without a defect, below with one. Pictures and model
# were made for it and are small. They show *how* everything is done, on any laptop and without a
# download. They do **not** show how good the method is: with them the paper's claims stay
# [undecided](../docs/results.md). For that, bring a real CLIP and real pictures ([notebook 08](08_your_own_model_and_data.ipynb)).
#
# ## What do you want to do?
#
# | I want to ... | open | or, in a terminal |
# |---|---|---|
# | see what it is, in five minutes | [02](02_excavation.ipynb), section 1 | `workbench demo --out out/demo` |
# | understand what happens inside a CLIP | [01 Look inside CLIP](01_look_inside_clip.ipynb) | `workbench parity demo` |
# | find defects from a few normal images | [02 Excavation](02_excavation.ipynb) | `workbench excavate`, `detect` |
# | know how few neurons it takes | [03 How few neurons?](03_sparsity.ipynb) | `workbench neurons` |
# | click through images, patches and neurons | [04 Neurons up close](04_neurons_up_close.ipynb) | |
# | understand AUROC, AUPRO and their traps | [05 Detection metrics](05_detection_metrics.ipynb) | `workbench evaluate` |
# | know which neurons *did* it, and prove it | [06 Attribution and intervention](06_attribution_and_intervention.ipynb) | `workbench neurons` |
# | make the figures of a paper | [07 Paper figures](07_paper_figures.ipynb) | `workbench figures` |
# | use my own model and pictures | [08 Your own model and data](08_your_own_model_and_data.ipynb) | `workbench datasets`, `models` |
#
# 01 and 02 come first; the others can be read in any order after them.
#
# ## How the exercises work
#
# Every notebook exists twice. In the folder `notebooks` it is complete, with all outputs. In
# `notebooks/exercises` it has **places to fill in**: `...  # your code here`; in JupyterLab that is the folder
# `exercises` of the file browser, on the left. Links lead to notebooks of the same folder: begin there, and you
# stay among the exercises. After each exercise a cell calls a check. It says that you passed, or in one
# sentence what is wrong, and never what the answer is:
#
# > ✗ Exercise 2.3: not yet: there is still a place to fill in above.
# >
# > ✗ Exercise 2.3: your shares sum to 2 times the score.
# >
# > ✓ Exercise 2.3: your shares are the score, neuron by neuron.
#
# * Each exercise says how hard it is (●○○ to ●●●) and how long it takes; hints fold out.
# * No later cell needs your solution: if you are stuck, go on.
# * An error in red that begins with a name such as `DataError` is meant for you: its sentence says what is
#   wrong, where, and what to do.
# * Work on a copy if you want to keep the original: *File → Save Notebook As...*
#
# Teachers find schedules, and how to grade with the checks, in [docs/teaching.md](../docs/teaching.md).
