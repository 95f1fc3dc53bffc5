"""Tables, wherever they lie: columns in rows, read in blocks, from files, folders, URLs and queries.

`open_table` opens any of them; `zoo.tables.table.Table` says what one is. Arrow carries them.
"""

from zoo.lazy import attach

__getattr__, __dir__ = attach(__name__, __path__)
