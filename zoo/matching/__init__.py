"""Finding the same thing again: candidates from codes, evidence by field, decisions, entities."""
