from .generate import NoisyLabels as NoisyLabels
from .generate import asymmetric_noise as asymmetric_noise
from .generate import rater_noise as rater_noise
from .generate import symmetric_noise as symmetric_noise
from .generate import transition_matrix as transition_matrix
from .label_files import noise_from_list as noise_from_list
from .label_files import write_noise_list as write_noise_list
