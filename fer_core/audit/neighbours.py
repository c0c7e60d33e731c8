"""Do the nearest images in feature space carry the same label?"""

import numpy as np
import torch
import torch.nn.functional as F

NEIGHBOURS = 50  # 20 and 10 find fewer wrong labels (docs/experiments.md)
QUERIES, KEYS = 1024, 8192  # images a matrix product: 32 MB of similarities


def neighbour_disagreement(
    features: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS
) -> np.ndarray:
    """Share of the nearest other images, by cosine similarity, that have another label.

    Noisy labels stand out among the labels of their neighbours (Bahri et al., "Deep k-NN for Noisy
    Labels", ICML 2020). All pairs are compared, block by block, so memory does not grow with the
    square of the number of images.

    Args:
        features: (N, D) of the images, on any scale.
        labels: (N,) noisy labels.
        neighbours: how many; of fewer images all others count.

    Returns:
        (N,) float32 in [0, 1]; zeros for a single image.
    """
    count = len(features)
    neighbours = min(neighbours, count - 1)
    shares = np.zeros(count, np.float32)
    if neighbours < 1:
        return shares
    known, own = torch.from_numpy(features), torch.from_numpy(np.asarray(labels))
    for start in range(0, count, QUERIES):
        asked = _unit(known[start : start + QUERIES])
        rows = torch.arange(start, start + len(asked))
        best = torch.full((len(asked), 0), -2.0)
        places = torch.zeros((len(asked), 0), dtype=torch.long)
        for first in range(0, count, KEYS):
            block = _unit(known[first : first + KEYS])
            similarity = asked @ block.T  # (queries, keys)
            inside = (rows >= first) & (rows < first + len(block))
            similarity[inside, rows[inside] - first] = -2.0  # an image is not a neighbour of itself
            top = similarity.topk(min(neighbours, len(block)), 1)
            best = torch.cat([best, top.values], 1)
            places = torch.cat([places, top.indices + first], 1)
            best, kept = best.topk(min(neighbours, best.shape[1]), 1)
            places = places.gather(1, kept)
        other = own[places] != own[rows, None]
        shares[start : start + len(asked)] = other.float().mean(1).numpy()
    return shares


def _unit(features: torch.Tensor) -> torch.Tensor:
    return F.normalize(features.float(), dim=1)
