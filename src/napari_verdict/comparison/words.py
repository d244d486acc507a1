"""How findings say things."""

from __future__ import annotations

from napari_verdict.comparison.model import RAW, Task


def times(numbers: tuple[int, ...] | list[int]) -> str:
    """Write a shape for people: ``512 × 510``."""
    return " × ".join(str(n) for n in numbers)


def called(name: str | None, task: Task = Task.RESTORATION) -> str:
    """Return what a sentence calls an input: its candidate name, or None for the ground truth."""
    if name is None:
        return "the ground truth"
    if name == RAW and task is Task.RESTORATION:
        return "the raw image"
    return "the prediction" if name == "prediction" else f"the prediction {name}"


def subject(name: str) -> str:
    """Return how a sentence begins that is about a candidate."""
    return "The prediction" if name == "prediction" else name


def sentence(text: str) -> str:
    """Return the text with its first letter in upper case, the rest unchanged."""
    return text[:1].upper() + text[1:]


def counted(number: int, thing: str) -> str:
    """Write a number of things for people: ``1 id``, ``2,000 pixels``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def sized(size: int) -> str:
    """Write a number of bytes for people: ``252 MB``, ``3.4 GB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"
