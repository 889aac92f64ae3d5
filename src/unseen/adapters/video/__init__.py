"""The video codec's parts: what is read from files, planes and colours, encoders, sound, and joining segments."""
