"""The photo codec's parts: what is read from each container, how frames are converted, and how they are written."""
