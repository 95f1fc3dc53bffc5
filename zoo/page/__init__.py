"""The report page: one self-contained HTML file that shows what an encoder's codes are good for."""

from zoo.page.page import Page
from zoo.page.rendering import MAP_FILE, PAGE_FILE, Drawn, draw, map_table, render

__all__ = ["MAP_FILE", "PAGE_FILE", "Drawn", "Page", "draw", "map_table", "render"]
