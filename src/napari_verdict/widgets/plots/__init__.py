"""Plots of a result, in napari's colours; a click leads to what a point stands for."""

#: Of the scores over thresholds, in pixels of the screen; here, since matplotlib is not loaded.
HEIGHT = 330
