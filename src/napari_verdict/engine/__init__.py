"""Sources, blocks, executor, progress, cancel. Knows no metric."""
