"""What single pages read, in the shape in which they show it."""
