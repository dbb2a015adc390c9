"""What the gates that call cargo share: its environment, its messages, its test output."""
