"""Does the work; knows no gate, no terminal, no flag."""
