"""Decisions: what travels with the code, what is built, deployed and submitted; pure functions over what edges read."""
