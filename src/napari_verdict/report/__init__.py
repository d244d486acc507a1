"""Records that outlive the window."""
