from .crops import align_photo as align_photo
from .detect import Crop as Crop
from .detect import Face as Face
from .detect import FaceDetector as FaceDetector
from .detect import align as align
from .detect import detect_faces as detect_faces
from .detect import similarity as similarity
