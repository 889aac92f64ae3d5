"""DICOM studies, from inputs to the release, and the node."""
