"""napari's layers become inputs; results become layers. No Qt."""
