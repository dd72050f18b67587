"""What a neuron does: how the model and the detector behave when it is changed."""
