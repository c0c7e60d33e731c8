from .compare import Comparison as Comparison
from .inference import Evaluation as Evaluation
from .inference import EvaluationError as EvaluationError
from .inference import evaluate as evaluate
from .predictions import Answers as Answers
from .predictions import find_answers as find_answers
from .report import Assessment as Assessment
from .report import assess as assess
