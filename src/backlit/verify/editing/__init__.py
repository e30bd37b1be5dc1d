"""The edit in somebody's own file: read, never executed, and tried on a small network before it is told."""
