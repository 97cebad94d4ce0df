"""Roost's side in a Python plugin's process."""
