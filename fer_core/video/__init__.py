"""Faces in videos: frames, shots, faces followed over time, videos written."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
