"""The sections of a page, one a file: `TITLE`, and `draw`, which gives what its template shows, or None."""
