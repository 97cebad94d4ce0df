"""Lets plugins import `mautrix.crypto.attachments` where libolm is not installed."""

from __future__ import annotations

import sys
from importlib import import_module
from os.path import join
from types import ModuleType

import mautrix


def provide_attachments() -> None:
    """Files are encrypted without libolm, which all else in mautrix.crypto needs and nothing here uses: an empty package does."""
    try:
        import_module("mautrix.crypto")
    except ImportError:
        package = ModuleType("mautrix.crypto")
        package.__path__ = [join(mautrix.__path__[0], "crypto")]
        sys.modules["mautrix.crypto"] = package
