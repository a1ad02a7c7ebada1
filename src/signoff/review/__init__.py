"""Sign-off: the review policy, the approval form, the pictures above it, the answers."""
