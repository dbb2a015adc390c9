"""Known-bad and known-good cases of each gate, imported only when they are run."""
