"""What a neuron does: sparsity."""
