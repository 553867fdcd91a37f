"""An image and a container for the end-to-end tests: the real program as process 1, on real children."""

from .container import Container, Process, eventually
from .image import BOTH, LOGIN, VERSION, Image, Note
from .tailnet import GOOD_KEY, Tailnet

__all__ = ["GOOD_KEY", "Tailnet", "BOTH", "LOGIN", "VERSION", "Container", "Image", "Note", "Process", "eventually"]
