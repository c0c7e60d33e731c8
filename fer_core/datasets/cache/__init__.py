"""Decoded images on the disk, so that each is decoded once."""
