"""An image and a container for the end-to-end tests: the real program as process 1, on real children."""

from .container import Act, Container, Process, eventually
from .image import BOTH, DESKTOP, LOGIN, VERSION, Image, Note
from .lines import json_lines
from .logins import attempts, violations
from .tailnet import GOOD_KEY, Tailnet

__all__ = [
    "BOTH", "DESKTOP", "GOOD_KEY", "LOGIN", "VERSION", "Act", "Container", "Image", "Note", "Process", "Tailnet", "attempts", "eventually",
    "json_lines", "violations"]
