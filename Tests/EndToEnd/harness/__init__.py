"""An image and a container for the end-to-end tests: the real program as process 1, on real children."""

from .container import Container, Process, eventually
from .image import BOTH, LOGIN, VERSION, Image, Note

__all__ = ["BOTH", "LOGIN", "VERSION", "Container", "Image", "Note", "Process", "eventually"]
