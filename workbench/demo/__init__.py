"""The embedded default: how its model was trained, and how its images were drawn."""
