"""What a neuron does: attribution, intervention, sparsity, visualisation."""
