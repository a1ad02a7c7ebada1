"""What a model may do besides submitting: look closer, read, search, calculate."""
