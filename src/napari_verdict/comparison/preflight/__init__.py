"""What is checked before anything is computed, and the remedies a person may accept."""
