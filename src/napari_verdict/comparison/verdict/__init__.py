"""What a result means, in a sentence or two of plain words."""
