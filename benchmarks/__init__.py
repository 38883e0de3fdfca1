"""How fast this project is, as ratios of times taken in turns on one machine."""
