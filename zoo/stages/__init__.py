"""What a run does between the parts' own work; `zoo.pipeline` knows the order."""
