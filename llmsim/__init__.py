"""llmsim: an LLM API simulator with a memory."""

__version__ = "0.1.0"
