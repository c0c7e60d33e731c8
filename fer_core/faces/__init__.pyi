from .align import Crop as Crop
from .align import similarity as similarity
from .crops import align_photo as align_photo
from .detect import Face as Face
from .detect import FaceDetector as FaceDetector
from .detect import detect_faces as detect_faces
