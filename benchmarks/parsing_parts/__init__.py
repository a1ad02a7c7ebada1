"""What the benchmarks of parsing are made of."""
