"""Runs of other programs as run records: tables of metrics (CSV) and TensorBoard event files."""
