"""Pictures in: decoding, folder layouts, support sets, and the tensor a CLIP takes."""
