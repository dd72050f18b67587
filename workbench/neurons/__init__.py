"""What a neuron does: attribution, intervention, labels, sparsity, visualisation."""
