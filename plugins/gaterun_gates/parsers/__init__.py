"""Readers of the formats that tools write: pure functions, text or bytes in, values out."""
