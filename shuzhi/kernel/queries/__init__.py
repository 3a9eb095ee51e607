"""The kernel's reads. Each answers one question; the index that serves it is named beside it."""
