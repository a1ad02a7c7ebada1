"""What benchmarks/waiting.py and benchmarks/inbox_duplicates.py are made of."""
