"""Code bundles as archives, and the stores that hold them."""
