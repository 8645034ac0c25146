"""mhc: the control panel of a broadcaster, in the shell."""

__version__ = "0.1.0"
