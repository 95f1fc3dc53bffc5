"""Training the candidates of a sweep side by side, in processes of this machine or of a Ray cluster."""
