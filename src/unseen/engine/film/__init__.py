"""Videos, from the first frame to the release."""
