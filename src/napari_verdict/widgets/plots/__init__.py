"""Plots of a result, in napari's colours; a click leads to what a point stands for."""
