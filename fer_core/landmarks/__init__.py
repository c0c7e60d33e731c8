"""What a face does: 478 landmarks, 52 blendshapes, the movements they name, and head pose."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
