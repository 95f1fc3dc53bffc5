"""The encoder a user holds: its face (`encoder`), how one is loaded (`in_memory`, `saved`), and its words."""

from zoo.encoder.encoder import Encoder
from zoo.encoder.vocabulary import EMBEDDINGS_FILE, Vocabulary

__all__ = ["EMBEDDINGS_FILE", "Encoder", "Vocabulary"]
