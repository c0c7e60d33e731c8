"""Training, evaluation and publishing commands."""
