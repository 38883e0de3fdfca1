"""Settings: frozen values, where each came from, and the one global that holds them."""
