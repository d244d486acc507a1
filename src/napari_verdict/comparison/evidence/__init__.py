"""What raw says of predictions where there is no ground truth."""
