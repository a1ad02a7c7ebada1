"""What benchmarks/pipeline.py is made of: documents, servers, our side, and the two peers."""
