"""Models behind servers that speak chat completions: asking them, and what can go wrong."""
