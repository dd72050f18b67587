"""The training world: pictures of materials and objects, flawless and damaged, with captions."""
