from .cam import colourise as colourise
from .cam import heat as heat
from .cam import overlay as overlay
from .consistency import MirrorCheck as MirrorCheck
from .consistency import correlation as correlation
from .fidelity import Fidelity as Fidelity
from .fidelity import measure_fidelity as measure_fidelity
from .occlusion import occlusion_map as occlusion_map
