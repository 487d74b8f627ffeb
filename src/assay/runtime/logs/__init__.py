"""What the program says about itself: JSON lines in the home, human lines on stderr."""
