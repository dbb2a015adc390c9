"""The example workspaces that `gaterun demo` writes, as plain files."""
