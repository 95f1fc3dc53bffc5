"""Tables, wherever they lie: schema, rows, batches of columns, and what a message or a reader needs to know of them."""
