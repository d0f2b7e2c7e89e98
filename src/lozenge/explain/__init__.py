"""Reasons: arithmetic on records, numbers and sentences out."""
