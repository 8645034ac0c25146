"""The words and rules of the field, as pure values and functions."""
