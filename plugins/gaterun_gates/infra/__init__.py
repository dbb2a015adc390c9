"""What the gates about build infrastructure share: cargo's configuration, sccache, workflows."""
