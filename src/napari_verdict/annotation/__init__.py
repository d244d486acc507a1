"""Ground truth that people make: tiles to label, what is labelled, and what it is worth."""
