"""Signoff over HTTP: three dialects over one execution, each a package that only translates."""
