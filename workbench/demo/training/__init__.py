"""How the demo CLIP is trained, measured and exported."""
