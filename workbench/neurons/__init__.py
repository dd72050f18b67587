"""What a neuron does: attribution."""
