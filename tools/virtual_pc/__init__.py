"""The parts of tools/run, one subject a module."""
