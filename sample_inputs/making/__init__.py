"""The documents of sample_inputs, one module each; make_samples.py writes them."""
