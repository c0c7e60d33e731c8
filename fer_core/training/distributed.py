"""What several processes of one run tell each other; with one process, nothing."""

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn


def mean_over_processes(accelerator: Accelerator, values: Tensor) -> Tensor:
    """Mean of each process's values, of one shape everywhere."""
    mean = accelerator.reduce(values, "mean")
    assert isinstance(mean, Tensor)
    return mean


def gather_rows(accelerator: Accelerator, rows: Tensor, lengths: list[int]) -> Tensor:
    """The (n, K) rows of all processes, one after the other: none lost, none twice.

    Args:
        accelerator: of the run.
        rows: of this process.
        lengths: number n of rows of each process.
    """
    longest = max(lengths)
    gathered = accelerator.gather(F.pad(rows, (0, 0, 0, longest - len(rows))))
    assert isinstance(gathered, Tensor)
    parts = gathered.split(longest)
    return torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)])


def share_buffers(accelerator: Accelerator, model: nn.Module) -> None:
    """Give every process the first one's buffers: BatchNorm statistics of its last step."""
    if accelerator.num_processes > 1:
        for buffer in model.buffers():
            buffer.copy_(broadcast(buffer))
