from .compare import Comparison as Comparison
from .inference import Evaluation as Evaluation
from .inference import EvaluationError as EvaluationError
from .inference import evaluate as evaluate
from .predictions import SplitPredictions as SplitPredictions
from .predictions import predict_split as predict_split
from .report import Assessment as Assessment
from .report import assess as assess
