"""Judging what is there already: registered encoders again, embeddings from anywhere, several beside each other."""
