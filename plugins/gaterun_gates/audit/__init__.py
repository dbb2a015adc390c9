"""What in a repository could neutralise a gate, format by format; nothing of it is run."""
