"""The dashboard: what the run records say, next to the published results."""
