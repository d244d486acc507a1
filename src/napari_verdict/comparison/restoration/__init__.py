"""Images against images: fits, passes, scores and maps."""
