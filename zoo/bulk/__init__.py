"""Encoding tables of any size: blocks of rows in, finished blocks kept as part files, one output at the end."""
