# %% [markdown]
# # 08 · Your own model and data
#
# So far model and pictures were ours. This notebook goes through what happens when they are yours:
# how a model comes in from disk, what its weights do not say, how folders are read, how a run is
# kept, and what the messages look like when something does not fit.
#
# After this notebook you can
#
# * load a CLIP from an open_clip folder, a Hugging Face folder or a file of weights, without a
#   network,
# * say what weights tell of their model and what has to be stated,
# * bring pictures into a layout that is read, and find leaks between training and test,
# * excavate, save, load and detect, and move all of it to a GPU.
#
# About 50 minutes: 25 to read and run, 25 for 3 exercises. Nothing is downloaded.

# %%
import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file

import workbench as wb
from workbench.cli import main
from workbench.course import own_model as checks
from workbench.course.begin import begin

begin()
os.chdir(tempfile.mkdtemp())  # everything below is written to a folder of its own


def said(call):
    """Show the message of a workbench error, and go on."""
    try:
        print(call())
    except wb.WorkbenchError as error:
        print(f"{type(error).__name__}: {error}\n")


def workbench(line):
    """Run a verb as the command line does, and show what it says and its exit status."""
    told, complained = StringIO(), StringIO()
    with redirect_stdout(told), redirect_stderr(complained):
        status = main(shlex.split(line))
    complaints = [part for part in complained.getvalue().splitlines()
                  if part.startswith("workbench:")]
    lines = [f"$ workbench {line}", *told.getvalue().splitlines(), *complaints]
    print("\n".join(lines).replace(f"{Path.cwd()}/", ""))
    print(f"(exit status {status})")


# %% [markdown]
# ## 1 · A model from disk
#
# Two kinds of folders say everything that is needed: open_clip's (`open_clip_config.json` with
# weights) and Hugging Face's (`config.json` with weights). To have some to try, we make a tiny CLIP
# of each kind, untrained. Yours come from `hf download REPOSITORY --local-dir FOLDER` on a machine
# with a network.

# %%
import open_clip
import transformers

config = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 64, "patch_size": 16, "width": 32, "layers": 3, "head_width": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
torch.manual_seed(0)
Path("mine").mkdir()
tensors = open_clip.model.CLIP(**config).state_dict()
save_file(tensors, "mine/open_clip_model.safetensors")
Path("mine/open_clip_config.json").write_text(json.dumps({"model_cfg": config}))

shape = {"hidden_size": 32, "intermediate_size": 128, "num_attention_heads": 4}
transformers.CLIPModel(transformers.CLIPConfig(
    vision_config={**shape, "num_hidden_layers": 3, "image_size": 64, "patch_size": 16},
    text_config={**shape, "num_hidden_layers": 1, "max_position_embeddings": 16},
    projection_dim=24,
)).save_pretrained("mine_of_hf")

for folder in ("mine", "mine_of_hf"):
    model = wb.load_model(folder)
    print(f"{folder:11s} {model.n_layers} layers, {model.grid[0]} x {model.grid[1]} patches, "
          f"activation {model.activation}")

# %% [markdown]
# ### Exercise 8.1 · What weights say
# Difficulty ●●● · about 12 minutes
#
# A *file* of weights is only tensors with names. Write `my_architecture(tensors)`: from open_clip's
# state dict to a dictionary with `image_size`, `patch_size` (both in pixels, along a side), `width`
# (numbers per token) and `layers` (blocks) of the image tower. Start by looking at the names and
# shapes below.
#
# <details><summary>Hint: patch and width</summary>
#
# `visual.conv1.weight` turns each patch into a token: its shape is `[width, 3, patch, patch]`.
#
# </details>
# <details><summary>Hint: image size</summary>
#
# `visual.positional_embedding` has a row for every patch *and one for CLS*; the patches form a
# square.
#
# </details>
# <details><summary>Hint: layers</summary>
#
# Names of blocks look like `visual.transformer.resblocks.7.ln_1.weight`. Collect the numbers in a
# set.
#
# </details>

# %%
for name, tensor in tensors.items():
    if name.startswith("visual.") and not name.endswith("bias"):
        print(f"{name:52s} {tuple(tensor.shape)}")


# %%
def my_architecture(tensors):
    ### BEGIN SOLUTION
    width, _, patch, _ = tensors["visual.conv1.weight"].shape
    side = round((len(tensors["visual.positional_embedding"]) - 1) ** 0.5)
    start = "visual.transformer.resblocks."
    blocks = {name.removeprefix(start).split(".")[0] for name in tensors if name.startswith(start)}
    return {"image_size": side * patch, "patch_size": patch, "width": width, "layers": len(blocks)}
    ### END SOLUTION


# %%
checks.architecture_of_weights(my_architecture)

# %% [markdown]
# Two things nobody can read there: how the width is divided among heads, and **which activation**
# the MLPs use. GELU and QuickGELU have no weights. OpenAI's CLIPs were trained with QuickGELU;
# open_clip loads a bare file of theirs as GELU without a word, and every figure is off by a little.
# So here it is never guessed:

# %%
save_file(tensors, "bare.safetensors")
said(lambda: wb.load_model("ViT-B-32", "bare.safetensors"))
said(lambda: wb.load_model("ViT-B-32", "bare.safetensors", activation="gelu"))

# %% [markdown]
# The second message is right as well: these weights are no ViT-B-32.
#
# Other things that go wrong on the way, each with its message. In a notebook cell of yours a
# workbench error looks the same: one message and the line that led to it, in place of a traceback
# (`%xmode Verbose` brings that back).

# %%
said(lambda: wb.load_model("ViT-B32"))
said(lambda: wb.load_model("no/such/folder"))
said(lambda: wb.load_model("ViT-B-32"))
Path("page.pt").write_text("<html>404 Not Found</html>")
said(lambda: wb.load_model("ViT-B-32", "page.pt", activation="gelu"))
torch.save({"state_dict": {"weight": torch.zeros(1)}, "args": object()}, "pickled.pt")
said(lambda: wb.load_model("ViT-B-32", "pickled.pt", activation="gelu"))
Path("empty").mkdir()
said(lambda: wb.load_model("empty"))

# %% [markdown]
# A model named by a tag (`ViT-B-32:openai`) is fetched, and nothing else ever is. Without a
# network, and without the weights in the cache, the message says what to do on a machine that has
# one. Here in a process of its own, told to stay offline:

# %%
offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": "empty_cache"}
done = subprocess.run([sys.executable, "-m", "workbench.cli", "parity", "ViT-B-32:openai"],
                      env=offline, capture_output=True, text=True)
print(done.stderr.strip().splitlines()[-1])
print(f"(exit status {done.returncode})")

# %% [markdown]
# ## 2 · Is it still your model?
#
# Looking inside must not change what is computed. `wb.parity` builds the untouched model afresh and
# compares: idle, with every site read, with every site replaced by a copy of itself. Do this once
# for every model you bring.

# %%
model = wb.load_model("mine")
wb.parity(model)

# %% [markdown]
# ## 3 · Pictures of your own
#
# The least you need is a folder of normal pictures. To judge a detector you need anomalous ones
# too, and a layout. Three that are read as they are ([all layouts](../data/README.md)):

# %%
source = wb.demo_images() / "metal"
shutil.copytree(source / "train" / "good", "only_normals")
shutil.copytree(source / "train" / "good", "bolts/normal")
shutil.copytree(source / "test" / "rust", "bolts/abnormal")
shutil.copytree(source, "as_mvtec/metal")
for folder in ("only_normals", "bolts", "as_mvtec"):
    print(wb.read_dataset(folder).describe(), "\n")

# %% [markdown]
# Everything that was decided is said: the layout, which folder was taken as what, the split. Files
# that cannot be used are reported together, before any work is done:

# %%
shutil.copytree("bolts/normal", "broken/normal")
Path("broken/normal/999.jpg").write_bytes(b"not a picture")
for folder, side in (("broken/abnormal", 10), ("broken/masks", 20)):
    Path(folder).mkdir()
    Image.new("L", (side, side), 255).save(f"{folder}/tiny.png")
said(lambda: wb.read_dataset("broken"))
said(lambda: wb.read_dataset("nowhere"))

# %% [markdown]
# ### Exercise 8.2 · A table for everything else
# Difficulty ●●○ · about 8 minutes
#
# Pictures often lie in one folder, with everything in their names: `ok_007.png`, `dent_003.png`.
# The way out is a table with the columns `path` (here the file's name), `split` (`train` or `test`),
# `label` (0 normal, 1 anomalous) and `defect`. Write `my_rows(names)`: from a list of such names to a list of
# dictionaries, one per file. What begins with `ok` is normal; normal pictures numbered below 10 are
# for training, all else for testing. The defect of a normal picture is an empty text.
#
# <details><summary>Hint</summary>
#
# `kind, number = name.removesuffix(".png").split("_")`.
#
# </details>

# %%
def my_rows(names):
    ### BEGIN SOLUTION
    rows = []
    for name in names:
        kind, number = name.removesuffix(".png").split("_")
        train = kind == "ok" and int(number) < 10
        rows.append({"path": name, "split": "train" if train else "test",
                     "label": int(kind != "ok"), "defect": "" if kind == "ok" else kind})
    return rows
    ### END SOLUTION


# %%
checks.rows_of_a_table(my_rows)

# %% [markdown]
# ### Exercise 8.3 · Leaks
# Difficulty ●○○ · about 5 minutes
#
# A test picture that is also among the training pictures is an easy one, and makes every figure too
# good. Names do not tell: copies get new ones. Write `my_leaks(train, test)`: both are folders
# (`pathlib.Path`); return the names of the test files whose *content* is that of a training file.
#
# <details><summary>Hint</summary>
#
# `path.read_bytes()` is a file's content, and may be put into a set.
#
# </details>

# %%
def my_leaks(train, test):
    ### BEGIN SOLUTION
    known = {path.read_bytes() for path in train.iterdir()}
    return [path.name for path in test.iterdir() if path.read_bytes() in known]
    ### END SOLUTION


# %%
checks.leaks_found(my_leaks)

# %% [markdown]
# The workbench compares decoded pixels, so that it also finds a copy that was saved anew without
# loss. It is said by `workbench datasets`, which is the first thing to run on any data of yours:

# %%
shutil.copy("as_mvtec/metal/train/good/000.jpg", "as_mvtec/metal/test/good/020.jpg")
workbench("datasets as_mvtec")
Path("as_mvtec/metal/test/good/020.jpg").unlink()

# %% [markdown]
# Two kinds of leak no program sees: several pictures of the *same part* on both sides of a split,
# and choosing `site`, `K` or a threshold by looking at the test figures.
#
# ## 4 · Excavate, keep, use again
#
# The demo model again, since the tiny one has learnt nothing. A run folder holds settings,
# versions, the support's file names and the weights' fingerprint.

# %%
demo = wb.load_model("demo")
excavation = wb.excavate("only_normals", demo, shots=4, seed=0, category="metal disc")
excavation.save("runs/metal")
header = json.loads(Path("runs/metal/run.json").read_text())
print("kept:", ", ".join(sorted(header)))
again = wb.Excavation.load("runs/metal", demo)
one = source / "test" / "rust" / "000.jpg"
print("same score:", next(again.score(one)).score == next(excavation.score(one)).score)

# %% [markdown]
# It is checked when it is read. Another model, an edited file, or no run at all:

# %%
said(lambda: wb.Excavation.load("runs/metal", model))
shutil.copytree("runs/metal", "runs/edited")
edited = Path("runs/edited/run.json")
edited.write_text(edited.read_text().replace('"metal disc"', '"bolt"'))
said(lambda: wb.Excavation.load("runs/edited", demo))
said(lambda: wb.Excavation.load("only_normals", demo))

# %% [markdown]
# On the command line the same run judges pictures that nobody has labelled, and writes scores and
# maps:

# %%
shutil.copytree(source / "test" / "rust", "new_photos")
workbench("detect runs/metal new_photos --out detected")
with open("detected/scores.csv", newline="") as file:
    rows = list(csv.DictReader(file))
print(", ".join(rows[0]))

# %%
Image.open(next(path for path in sorted(Path("detected").rglob("*.png"))))

# %% [markdown]
# ## 5 · Larger models, and a GPU
#
# Nothing above changes with the size of the model, but the numbers do. `load_model` takes the first
# of CUDA, Apple's MPS and the CPU (`device="auto"`); say `device="cuda:1"` for another one.
#
# * **Memory.** `workbench models --cost` says what every known model takes. `dtype="fp16"` halves
#   weights and activations; do `wb.parity(model)` again then, for rounding is no longer small.
# * **Speed.** `batch_size=64` in `excavate`, `score` and `evaluate`.
# * **Resolution.** `image_size=518` interpolates the position embedding: finer maps, of more than
#   five times the patches that 224 pixels have, and cost that grows faster than these.
# * **Layer.** The site is at half depth by default (`blocks.11...` of 24): a choice, not a finding.
#   Vary it on data that you do not report.
# * **Words.** Text directions are made of the category's name: `category="hex bolt"` is better than
#   `category="part_07"`.

# %%
workbench("excavate only_normals --model mine --shots 4 --out runs/other --dry-run")
said(lambda: wb.load_model("mine", device="cuda:99"))

# %% [markdown]
# With real weights the embedded model's figures say nothing: not which layer, not which K, not
# whether the sensitive neurons are better than random ones. `workbench claims DATA --model M --out
# DIR` puts these questions to your model and your data.
#
# ## Go on
#
# * Take twenty photographs of something on your desk, mark three of them with a pen, and go through
#   section 4.
# * `wb.explore(excavation, data)` with your own model (notebook 04).
# * `workbench benchmark DATA --model M --out DIR`, then notebook 07 for the figures.
