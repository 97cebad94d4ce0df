"""The module under which some plugins look for the client's class."""

from .matrix import MaubotMatrixClient

Client = MaubotMatrixClient

__all__ = ["Client", "MaubotMatrixClient"]
