"""What earlier generations of Flyte called things."""
