"""Defects that gates are there to notice, planted in a scratch copy of somebody's workspace.

Each function changes the copy in one small way, and raises ``LookupError`` where there is
nothing to break.
"""
