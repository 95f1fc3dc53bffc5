"""The encoder a user holds: its face (`encoder`), how one is loaded (`in_memory`, `saved`), its words and indexes."""

from zoo.encoder.code_index import CodeIndex, Neighbours
from zoo.encoder.encoder import Encoder
from zoo.encoder.vocabulary import EMBEDDINGS_FILE, Vocabulary

__all__ = ["EMBEDDINGS_FILE", "CodeIndex", "Encoder", "Neighbours", "Vocabulary"]
