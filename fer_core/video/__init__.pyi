from .container import VideoError as VideoError
from .container import open_video as open_video
from .identity import PersonJoiner as PersonJoiner
from .reader import Video as Video
from .shots import CutDetector as CutDetector
from .tracking import FaceTracker as FaceTracker
from .tracking import TrackedFace as TrackedFace
from .writer import VideoWriter as VideoWriter
