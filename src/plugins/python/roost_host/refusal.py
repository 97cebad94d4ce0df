"""Why a plugin does not start."""


class PluginRefused(Exception):
    """Nothing changes it but another plugin, other settings or another library: it is not tried again by itself."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
