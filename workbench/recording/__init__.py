"""One pass over the images, written down once: statistics, exemplars, maxima, activations."""
