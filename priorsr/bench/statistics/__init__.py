"""What scores allow to be said: intervals over images, over seeds and images, and comparisons."""
