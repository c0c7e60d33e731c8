"""The words of the field that the pages use, and texts in which they are explained on hover."""

import re
from html import escape

WORDS = {
    "EAC": (
        "Erasing Attention Consistency (Zhang et al., ECCV 2022): a part of the face is erased, "
        "and the attention maps of the face and of its mirror image must agree."
    ),
    "baseline": (
        "The cross-entropy baseline: the same network, data and options, trained with the "
        "classification loss alone."
    ),
    "L_cls": "The classification loss: cross-entropy of the prediction against the noisy label.",
    "memorised": (
        "The share of the noisy training labels that the model predicts in its last epoch. A model "
        "that memorised none still predicts some of them by mistake: few under symmetric noise, "
        "more where people make the same mistakes."
    ),
    "mean class accuracy": (
        "The mean of the recalls of all classes, so that rare classes count as much as common ones "
        "(balanced accuracy, UAR)."
    ),
    "ECE": (
        "Expected calibration error: how far the confidence of predictions is from their accuracy, "
        "averaged over 15 bins of confidence. 0 is perfect."
    ),
    "label noise": (
        "Training labels that are wrong. Symmetric noise replaces them by any other class."
    ),
    "the HUST report": (
        "A project report of 2024 that trains EAC on RAF-DB under label noise; its recipe and its "
        "table of methods are compared with here."
    ),
}


def explained(text: str) -> str:
    """The text as HTML; the first use of each of WORDS shows its meaning on hover.

    Args:
        text: plain text or Markdown.
    """
    pattern = "|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True))
    seen: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        word = match[0]
        if word in seen:
            return word
        seen.add(word)
        return f'<abbr title="{escape(WORDS[word])}">{word}</abbr>'

    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", mark, text)


def words_list() -> str:
    """All words with their meanings, as a Markdown list for readers who cannot hover."""
    return "\n".join(f"- **{word}**: {meaning}" for word, meaning in WORDS.items())
