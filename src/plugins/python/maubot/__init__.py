"""Roost's own implementation of the package that plugins written for maubot import.

What maubot documents is the contract; mautrix does the Matrix side. Written for Roost, not taken from maubot.
"""

from .matrix import MaubotMatrixClient as Client
from .matrix import MaubotMessageEvent as MessageEvent
from .plugin_base import Plugin
from .plugin_server import PluginWebApp

__version__ = "0.6.0"
"""The version of maubot whose behaviour this is."""

__all__ = ["Client", "MessageEvent", "Plugin", "PluginWebApp", "__version__"]
