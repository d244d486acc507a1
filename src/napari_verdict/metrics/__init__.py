"""Numbers in, numbers out. Knows no files, no blocks, no viewer."""
