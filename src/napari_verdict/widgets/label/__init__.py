"""The Label ground truth dock: a few tiles, labelled blind, and what they say of the score."""
