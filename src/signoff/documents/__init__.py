"""From files to documents: validation, then parsing, one module per format."""
