"""The frozen values that everything else is made of: no I/O, no third-party import."""
