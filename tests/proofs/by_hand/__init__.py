"""What gaterun's gates measure, measured by other means: none of this imports gaterun."""
