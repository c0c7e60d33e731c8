"""Class attention maps: drawing them, their consistency under a flip, how local they are."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
