"""A CLIP whose inside has names."""
