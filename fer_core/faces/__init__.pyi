from .align import Crop as Crop
from .align import similarity as similarity
from .crops import align_photo as align_photo
from .detect import detect_faces as detect_faces
from .face import Face as Face
from .face import FaceDetector as FaceDetector
