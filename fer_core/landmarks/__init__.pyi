from .analysis import FaceAnalyser as FaceAnalyser
from .analysis import FaceAnalysis as FaceAnalysis
from .analysis import HeadPose as HeadPose
from .landmarker import Landmarker as Landmarker
from .movements import MOVEMENTS as MOVEMENTS
from .movements import Movement as Movement
from .task_file import LandmarkerError as LandmarkerError
