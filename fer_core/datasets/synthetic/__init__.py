"""Synthetic faces: drawn expressions, for tests and demonstrations without a photograph."""
