from .face_prediction import Classification as Classification
from .face_prediction import FacePrediction as FacePrediction
from .onnx_export import export_onnx as export_onnx
from .photos import PhotoError as PhotoError
from .photos import open_photo as open_photo
from .photos import open_photos as open_photos
from .predictor import Predictor as Predictor
from .quantize import quantise as quantise
