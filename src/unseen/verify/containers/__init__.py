"""One byte-level parser a container; each knows the blocks that show pixels and reports everything else."""

__all__: list[str] = []
