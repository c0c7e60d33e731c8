"""Speed, each figure a ratio against a named reference in one run."""
