"""Augmentation on whole batches: what is drawn, and how it is applied."""
