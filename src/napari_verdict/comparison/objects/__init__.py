"""Labels against labels and points against points: scores, outcomes, overlays."""
