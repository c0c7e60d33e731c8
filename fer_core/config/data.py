"""What a run is trained and tested on: images, labels, and the noise of the labels."""

from dataclasses import dataclass
from typing import Literal

from fer_core.config import checks

NoiseKind = Literal["none", "symmetric", "asymmetric", "fer2013", "rater", "file"]
Targets = Literal["labels", "votes", "sharpened_votes"]
DATA_NAMES = {  # for readers
    "rafdb": "RAF-DB",
    "ferplus": "FERPlus",
    "fer2013": "FER2013",
    "affectnet": "AffectNet",
    "synthetic": "synthetic faces",
}
RATED_NOISE = ("symmetric", "asymmetric")  # the kinds that noise_rate belongs to


@dataclass(frozen=True)
class DataOptions:
    """Images."""

    data: str = "synthetic"
    """Data set: synthetic, ferplus:PATH, fer2013:PATH, rafdb:PATH, affectnet:PATH, folder:PATH,
    csv:FILE or hf:OWNER/NAME; options as ?classes=7 (docs/data.md)."""
    dedup: bool = False
    """Drop evaluation images that are also in train, pixel by pixel."""
    holdout: float = 0.0
    """Share of the training images to hold out, with their noisy labels, for epoch selection: for
    example 0.1; 0: none. Identical images stay together."""
    exclude: str | None = None
    """List of files to exclude, as 'fer-core data check --fix-list' writes it."""
    image_size: int = 48
    """Side length of the square network input in pixels."""
    channels: Literal[1, 3] = 3
    """Input channels: 3 (grey images are repeated) or 1 (colour images become grey)."""

    def check_data(self) -> None:
        """Check the values of this group."""
        if not 16 <= self.image_size <= 2048:
            raise ValueError(f"image_size must be 16 to 2048, got {self.image_size}")
        checks.in_range("holdout", self.holdout, 0, 0.5, closed=True)


@dataclass(frozen=True)
class NoiseOptions:
    """Labels."""

    noise: NoiseKind = "none"
    """Label noise of the training set: none; symmetric (to any other class) or asymmetric (to the
    classes of confusions), both at noise_rate; human: fer2013 (FERPlus with FER2013's own labels)
    or rater (FERPlus with one random rater's label); or the list in noise_file."""
    noise_rate: float | None = None
    """Share of the training labels that noise changes, in [0, 1); asymmetric: of each class that is
    confused with others. These two kinds of noise need it; for the others it is 0."""
    confusions: str = "people"
    """Asymmetric noise, which class is taken for which: people (fear and surprise, sadness and
    neutral, anger and disgust) or a CSV table of weights, one row per class."""
    noise_file: str | None = None
    """List of noisy labels in RAF-DB format: one 'train_00001.jpg 5' per line."""
    targets: Targets = "labels"
    """Targets of the classification loss: labels, votes (the share of each class in the raters'
    votes) or sharpened_votes (these shares squared, and scaled to a sum of 1). Votes: FERPlus
    without noise."""

    def need_rate(self) -> None:
        """Ask for the rate where it is not stated: a clean run must not have a noisy one's name."""
        if self.noise in RATED_NOISE and self.noise_rate is None:
            raise ValueError(
                f"noise {self.noise!r} needs noise_rate, the share of the training labels to "
                "change, in [0, 1): for example 0.3"
            )

    def check_noise(self) -> None:
        """Check the values of this group."""
        rate = self.noise_rate or 0.0
        checks.in_range("noise_rate", rate, 0, 1)
        if self.noise == "file" and not self.noise_file:
            raise ValueError("noise 'file' needs noise_file, the path of a list of labels")
        if self.noise != "file" and self.noise_file:
            raise ValueError(f"noise_file is read with noise 'file' only, got noise {self.noise!r}")
        if self.noise not in RATED_NOISE and rate > 0:
            raise ValueError(
                f"noise_rate {rate} has no effect with noise {self.noise!r}: it belongs "
                f"to {' and '.join(RATED_NOISE)} noise"
            )
        if self.noise != "asymmetric" and self.confusions != "people":
            raise ValueError(
                f"confusions belong to asymmetric noise, got noise {self.noise!r} and confusions "
                f"{self.confusions!r}"
            )
        if self.targets != "labels" and self.noise != "none":
            raise ValueError(
                f"targets {self.targets!r} are the raters' own uncertainty and take no noise, got "
                f"noise {self.noise!r}"
            )
