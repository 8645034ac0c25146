"""The listener: poll, classify, commit, lease, gaps."""
