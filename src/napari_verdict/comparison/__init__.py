"""What is compared with what: preflight, conventions, runs and results."""
