"""Attacks on real processes: `python -m tests.hardness NAME` runs one by hand, and prints what it measured.

They take minutes and load the machine; the cheap form of each is in the tests beside what it attacks.
"""
