"""The commands; `python -m zoo.run` and its like call them, and so does the console script `zoo`."""
