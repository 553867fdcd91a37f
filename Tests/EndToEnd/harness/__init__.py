"""An image and a container for the end-to-end tests: the real program as process 1, on real children."""

from .container import Container, Process
from .image import Image, Note

__all__ = ["Container", "Image", "Note", "Process"]
