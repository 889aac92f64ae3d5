"""Looks at a de-identified DICOM file beside its original, by rules and a parser of its own."""
