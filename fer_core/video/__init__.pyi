from .reader import Video as Video
from .reader import VideoError as VideoError
from .reader import open_video as open_video
from .shots import CutDetector as CutDetector
from .tracking import TrackedFace as TrackedFace
from .tracking import Tracker as Tracker
from .writer import VideoWriter as VideoWriter
