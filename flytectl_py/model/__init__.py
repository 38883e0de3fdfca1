"""What the user declares: environments, tasks, images and their settings. Pure values, standard library only."""
