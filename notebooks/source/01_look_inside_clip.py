# %% [markdown]
# # 01 · Look inside CLIP
#
# A CLIP model turns a picture into a list of numbers that can be compared with a sentence. In
# between lie a few hundred thousand other numbers. This notebook gives them names.
#
# After it you can
#
# * load a CLIP and list the places (*sites*) inside its image tower,
# * record what happens at any of them for any picture,
# * certify that looking does not change what the model computes,
# * change an activation on its way through, and see what comes out differently.
#
# About ten minutes; the cells run in under a minute on a laptop.

# %%
import plotly.express as px
import plotly.io
import torch

import workbench as wb

plotly.io.renderers.default = "plotly_mimetype"  # keeps the notebook's file small

model = wb.load_model("demo")  # the embedded model; any open_clip ViT loads the same way
model

# %% [markdown]
# ## 1 · Sites: every place has a name
#
# The names are TransformerLens's. `blocks.2.hook_resid_post` is the *residual stream* after the
# third block: for every patch of the picture a vector of `d_model` channels, to which each block
# adds something. A **neuron** is one channel at one site.

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
picture = wb.demo_images() / "metal" / "test" / "scratch"
picture = wb.open_image(sorted(picture.iterdir())[0])
x = wb.prepare(picture, model)  # squashed to the model's size, standardised, on its device

embedding, cache = model.run_with_cache(x)
print("image embedding ", tuple(embedding.shape))
print("residual stream ", tuple(cache["resid_post", 2].shape), "= image, token, channel")
print("attention       ", tuple(cache["pattern", 2].shape), "= image, head, from token, to token")
print("MLP neurons     ", tuple(cache["post", 2].shape), "= image, token, hidden unit")
picture

# %% [markdown]
# Token 0 is CLS, the one that ends up as the image embedding. The others are patches, row by row, so
# any channel is also a small picture. Here are the channel that varies most over this picture after
# the third block, and the one that varies least, each in standard deviations from its own mean.

# %%
rows, columns = model.grid
patches = cache["resid_post", 2][0, 1:].reshape(rows, columns, -1)
deviation, mean = torch.std_mean(patches, dim=(0, 1))
most, least = int(deviation.argmax()), int(deviation.argmin())
maps = ((patches - mean) / deviation)[..., [most, least]].permute(2, 0, 1).numpy()
print(f"channel {most}: deviation {deviation[most]:.2f}; channel {least}: {deviation[least]:.3f}")
figure = px.imshow(maps, facet_col=0, color_continuous_scale="RdBu", zmin=-3, zmax=3, height=320)
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
print(f"{len(labels)} parts, largest error of their sum: {float(error):.1e}")
lengths = parts[:, 0, 0].norm(dim=-1)  # of the CLS token
px.bar(x=labels, y=lengths.numpy(), labels={"x": "", "y": "length of what it added to CLS"},
       height=320)


# %% [markdown]
# ## 5 · Change an activation, see the effect
#
# A hook is a function that gets the activation and may return another. Let us silence one block's
# attention, each in turn, and measure how far the image embedding turns.

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
px.bar(effects, barmode="group", height=320,
       labels={"index": "block", "value": "1 − cosine to the unchanged embedding"})

# %% [markdown]
# Hooks are gone after the call, also when something fails inside it; the model is as it was:

# %%
bool(torch.equal(model(x), embedding))

# %% [markdown]
# ## 6 · Only as far as needed
#
# `activations` stops the forward at the last site asked for, which matters when the site is early
# and the images are many. `stop_at_layer` and `start_at_layer` cut the forward at a block.

# %%
early = model.activations(x, "blocks.1.hook_resid_post")["blocks.1.hook_resid_post"]
resumed = model(early, start_at_layer=2)
print("the second half, resumed from block 2, gives the same:", torch.equal(resumed, embedding))

# %% [markdown]
# ## 7 · The text side
#
# The text tower came along. Which of these sentences is nearest to the picture? The demo model was
# trained on drawn pictures with simple captions; do not expect more of it than that.

# %%
texts = ["a photo of a metal disc", "a photo of a scratched metal disc", "a photo of wood",
         "a photo of a fabric"]
z = torch.nn.functional.normalize(model.encode_text(texts), dim=-1)
similarity = torch.nn.functional.normalize(embedding, dim=-1) @ z.T
for text, value in sorted(zip(texts, similarity[0].tolist()), key=lambda pair: -pair[1]):
    print(f"{value:6.3f}  {text}")

# %% [markdown]
# ## Try it yourself
#
# * Which block's MLP matters most for a picture *without* a defect? Is it the same one?
# * `model.hook_dict` lists the hook points themselves. Add a hook with `model.add_hook`, run the
#   model twice, then take it off with `model.reset_hooks()`.
# * Load another model: `wb.load_model("ViT-B-32-quickgelu", "openai")` (this one is downloaded).
#
# Next: **02 Excavation** finds the neurons that know something is wrong.
