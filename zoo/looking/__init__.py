"""Looking at a file as people have it: what its columns hold, and which recipe fits it.

`zoo.looking.look.look` does it, from a sample of the rows and without TensorFlow; `zoo.looking.recipe_text` writes
what it found as a recipe.
"""
