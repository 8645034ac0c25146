"""Every upstream on loopback, from made-up data."""
