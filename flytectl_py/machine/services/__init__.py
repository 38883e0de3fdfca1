"""The services of the control plane, one file each: they read and change the state, and run nothing."""
