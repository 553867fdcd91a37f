"""Real images on a real Docker Engine: the shipped Dockerfiles on a base of this machine's own packages, and what runs of them."""

from .engine import Container, DockerError, Engine, eventually
from .mirror import Mirror

__all__ = ["Container", "DockerError", "Engine", "Mirror", "eventually"]
