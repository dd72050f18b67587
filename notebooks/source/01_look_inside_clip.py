# %% [markdown]
# # 01 · Look inside CLIP
#
# A CLIP model turns a picture into a list of numbers that can be compared with a sentence. In
# between lie a few hundred thousand other numbers. This notebook gives them names.
#
# After it you can
#
# * list the places (*sites*) inside a CLIP's image tower, and record what happens at any of them,
# * turn one neuron into a small picture,
# * certify that looking does not change what the model computes,
# * change an activation on its way through, and see what comes out differently,
# * compare a picture with sentences, as CLIP was trained to do.
#
# About 35 minutes: 20 to read and run, 15 for 3 exercises.

# %%
import plotly.express as px
import torch

import workbench as wb
from workbench.course import look_inside as checks
from workbench.course.begin import begin

begin()
model = wb.load_model("demo")  # the embedded model; any open_clip ViT loads the same way
model

# %% [markdown]
# ## 1 · Sites: every place has a name
#
# The image tower is a row of **blocks**. Each block reads the **residual stream**, a vector of
# `d_model` channels for every patch of the picture, and adds something to it: first its attention, then
# its MLP. The names are TransformerLens's:
#
#     picture → patches → blocks.0 → blocks.1 → … → CLS → image embedding
#                            │
#         hook_resid_pre ─ attention (hook_attn_out) ─ MLP (hook_mlp_out) ─ hook_resid_post
#
# A **neuron** is one channel at one site.

# %%
print(len(model.sites), "sites; one block of them:")
print("\n".join(f"  {site:38s}" for site in model.sites if site.startswith("blocks.2.")))

# %% [markdown]
# ## 2 · Record a picture
#
# `run_with_cache` runs the whole model and keeps what was asked for. Names can be exact, globs
# (`blocks.*.hook_resid_post`), lists or functions; a name that matches nothing is an error, with the
# nearest names that exist.

# %%
scratched = sorted((wb.demo_images() / "metal" / "test" / "scratch").iterdir())
picture = wb.open_image(scratched[0])
x = wb.prepare(picture, model)  # squashed to the model's size, standardised, on its device

embedding, cache = model.run_with_cache(x)
print("image embedding ", tuple(embedding.shape))
print("residual stream ", tuple(cache["resid_post", 2].shape), "= image, token, channel")
print("attention       ", tuple(cache["pattern", 2].shape), "= image, head, from token, to token")
print("MLP neurons     ", tuple(cache["post", 2].shape), "= image, token, hidden unit")
picture

# %% [markdown]
# Token 0 is **CLS**, the one that ends up as the image embedding. The others are patches, row by row,
# so any channel is also a small picture.
#
# ### Exercise 1.1 · A neuron as a picture
# Difficulty ●○○ · about 4 minutes
#
# Write `neuron_map(residual, channel, grid)`: from the residual stream of one picture
# `[token, channel]` to the map `[row, column]` of one channel. `grid` is (rows, columns).
#
# <details><summary>Hint</summary>
#
# Leave CLS out first: `residual[1:, channel]` has one number per patch, and `reshape` makes rows of them.
#
# </details>

# %%
def neuron_map(residual, channel, grid):
    ### BEGIN SOLUTION
    return residual[1:, channel].reshape(*grid)
    ### END SOLUTION


# %%
checks.neuron_as_picture(neuron_map)

# %% [markdown]
# Here are the channel that varies most over this picture after the third block, and the one that varies
# least, each in standard deviations from its own mean. What varies most is not always what a person
# would look at: does either of them see the scratch?

# %%
rows, columns = model.grid
patches = cache["resid_post", 2][0, 1:].reshape(rows, columns, -1)
deviation, mean = torch.std_mean(patches, dim=(0, 1))
most, least = int(deviation.argmax()), int(deviation.argmin())
maps = ((patches - mean) / deviation)[..., [most, least]].permute(2, 0, 1).numpy()
print(f"channel {most}: deviation {deviation[most]:.2f}; channel {least}: {deviation[least]:.3f}")
figure = px.imshow(maps, facet_col=0, color_continuous_scale="RdBu", zmin=-3, zmax=3, height=360)
figure.for_each_annotation(
    lambda note: note.update(text=f"channel {[most, least][int(note.text.split('=')[1])]}")
)
figure

# %% [markdown]
# ## 3 · Does looking change anything?
#
# The original open_clip modules do the computing, so it should not. `parity` builds the untouched
# model afresh from the same weights and measures.

# %%
wb.parity(model)

# %% [markdown]
# ## 4 · The residual stream is a sum
#
# Everything a block has to say it *adds* to the stream. So the stream that enters the last LayerNorm
# can be taken apart into what wrote to it, and the parts add up again.

# %%
parts, labels = cache.decompose_resid(return_labels=True)
error = (parts.sum(0) - cache["resid_post", -1]).abs().max()
print(f"{len(labels)} parts, largest error of their sum: {float(error):.1g}")
lengths = parts[:, 0, 0].norm(dim=-1)  # of the CLS token
px.bar(x=labels, y=lengths.numpy(), labels={"x": "", "y": "length of what it added to CLS"},
       height=360)

# %% [markdown]
# ## 5 · Change an activation, see the effect
#
# A **hook** is a function that gets the activation at a site and may return another. Let us silence each
# block's attention, and each block's MLP, one at a time, and measure how far the image embedding turns.

# %%
def silence(value, hook):
    return torch.zeros_like(value)


def turned(site):
    changed = model.run_with_hooks(x, fwd_hooks=[(site, silence)])
    return 1 - float(torch.cosine_similarity(embedding, changed))


effects = {
    part: [turned(f"blocks.{layer}.hook_{part}_out") for layer in range(model.n_layers)]
    for part in ("attn", "mlp")
}
px.bar(effects, barmode="group", height=360,
       labels={"index": "block", "value": "how far it turns: 1 − cosine", "variable": "silenced"})

# %% [markdown]
# Hooks are gone after the call, also when something fails inside it; the model is as it was:

# %%
bool(torch.equal(model(x), embedding))

# %% [markdown]
# ### Exercise 1.2 · Silence one neuron
# Difficulty ●●○ · about 6 minutes
#
# `silence` above is coarse. Write `silence_neuron(channel)`, which *returns a hook*: the hook gets
# `value` `[image, token, channel]` and returns a tensor in which this one channel is 0 at every
# **patch**, while CLS and all other channels are as they were. Leave `value` itself unchanged.
#
# <details><summary>Hint: a function that returns a function</summary>
#
# Define `def hook(value, hook): ...` inside, and end with `return hook`. The inner function sees
# `channel`.
#
# </details>
# <details><summary>Hint: leaving the original alone</summary>
#
# Take `value.clone()` first; then assign to `[:, 1:, channel]`.
#
# </details>

# %%
def silence_neuron(channel):
    ### BEGIN SOLUTION
    def hook(value, hook):
        changed = value.clone()
        changed[:, 1:, channel] = 0
        return changed

    return hook
    ### END SOLUTION


# %%
checks.silence_one_neuron(silence_neuron)

# %% [markdown]
# With it you can ask of any neuron what the model loses without it. `workbench.neurons.intervention`
# does this with controls; notebook
# [06](06_attribution_and_intervention.ipynb) comes back to it.
#
# `activations` stops the forward at the last site asked for, which matters when the site is early
# and the images are many. `stop_at_layer` and `start_at_layer` cut the forward at a block.

# %%
early = model.activations(x, "blocks.1.hook_resid_post")["blocks.1.hook_resid_post"]
resumed = model(early, start_at_layer=2)
print("the second half, resumed from block 2, gives the same:", torch.equal(resumed, embedding))

# %% [markdown]
# ## 6 · The text side
#
# The text tower came along. A picture and a sentence fit as well as their embeddings point the same way.
# CLIP turns the cosines into chances: divided by a **temperature**, then a softmax over the sentences.
#
# ### Exercise 1.3 · Which sentence?
# Difficulty ●●○ · about 5 minutes
#
# Write `chances(image, texts, temperature)`: from an image embedding `[dimension]` and text embeddings
# `[text, dimension]`, neither of length one yet, to one chance per text.
#
# <details><summary>Hint</summary>
#
# Scale both to length one (`torch.nn.functional.normalize`), take the products `texts @ image`, divide by the
# temperature, and take the softmax over the texts.
#
# </details>

# %%
def chances(image, texts, temperature):
    ### BEGIN SOLUTION
    image = torch.nn.functional.normalize(image, dim=-1)
    texts = torch.nn.functional.normalize(texts, dim=-1)
    return (texts @ image / temperature).softmax(dim=0)
    ### END SOLUTION


# %%
checks.which_sentence(chances)

# %% [markdown]
# The cosines for this picture. The demo model was trained on drawn pictures with simple captions; do not
# expect more of it than that.

# %%
texts = ["a photo of a metal disc", "a photo of a scratched metal disc", "a photo of wood",
         "a photo of a fabric"]
z = torch.nn.functional.normalize(model.encode_text(texts), dim=-1)
similarity = torch.nn.functional.normalize(embedding, dim=-1) @ z.T
for text, value in sorted(zip(texts, similarity[0].tolist()), key=lambda pair: -pair[1]):
    print(f"{value:6.3f}  {text}")

# %% [markdown]
# ## Go on
#
# * Which block's MLP matters most for a picture *without* a defect? Is it the same one?
# * `model.hook_dict` lists the hook points themselves. Add a hook with `model.add_hook`, run the
#   model twice, then take it off with `model.reset_hooks()`.
# * Load another model: `wb.load_model("ViT-B-32-quickgelu", "openai")` (this one is downloaded).
#
# Next: [02 Excavation](02_excavation.ipynb) finds the neurons that know something is wrong.
