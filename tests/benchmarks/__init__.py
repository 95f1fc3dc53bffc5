"""Figures: `make bench` measures them, writes build/bench/*.json and prints a table. Nothing here passes or fails."""
