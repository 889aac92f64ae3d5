"""Live pictures: cameras in, pictures in which people are hidden out."""
