"""Made-up label audits."""

from dataclasses import replace

import numpy as np

from fer_core.audit.measure import measure
from fer_core.audit.result import Audit

CLASSES = ("neutral", "anger", "joy")


def make_audit(count=60, *, known=True, seed=0):
    """Made-up scores that find two thirds of the wrong labels first."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, 3, count)
    noisy = np.where(generator.random(count) < 0.3, (true + 1) % 3, true)
    wrong = noisy != true
    sure = np.where(generator.random(count) < 0.67, true, noisy)
    chances = np.full((count, 3), 0.1, np.float32)
    chances[np.arange(count), sure] = 0.8
    doubt = (1 - chances[np.arange(count), noisy]).astype(np.float32)
    noise = generator.random(count).astype(np.float32)
    scores = {"cross_entropy": doubt + 0.1 * noise, "combined": doubt + 0.2 * noise}
    names = tuple(f"train/{number}.png" for number in range(count))
    facts = {
        "data": {"uri": "folder:faces", "name": "faces", "split": "train", "images": count},
        "run": {"name": "one", "method": "eac", "backbone": "test_resnet", "epochs": 2},
        "seconds": {},
    }
    audit = Audit(
        CLASSES, names, noisy, true if known else None, sure, chances, scores, "combined",
        sure != noisy, facts=facts,
    )  # fmt: skip
    assert wrong.any()
    if not known:
        return audit
    return replace(audit, measured=measure(audit, firsts=(10,), resamples=100))
