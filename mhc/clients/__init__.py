"""One module an API, over one small HTTP module."""
