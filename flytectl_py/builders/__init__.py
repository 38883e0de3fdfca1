"""Builders of images: what they are asked, and one file for each."""
