"""A plugin's settings: what the admin wrote, and over it what the plugin itself has saved."""

from __future__ import annotations

import copy
import json
import os
from typing import Any

from mautrix.util.config import BaseProxyConfig, RecursiveDict
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

Settings = dict[str, Any]


class SettingsFile:
    """Keeps what the plugin saved apart from what the admin wrote, as an overlay: `{set: [[path, value]], written: ...}`."""

    def __init__(self, overlay_file: str, base_yaml: bytes | None, written: Settings) -> None:
        self._overlay_file = overlay_file
        self._yaml = YAML()
        self._base = None if base_yaml is None else self._yaml.load(base_yaml.decode("utf-8"))
        self._written = written

    def change(self, written: Settings) -> None:
        """The admin has written other settings."""
        self._written = written

    def create(self, config_class: type[BaseProxyConfig]) -> BaseProxyConfig:
        """The plugin's own config object, still empty: plugins load it as they start."""
        return config_class(self._load, self._load_base, self._save)

    def _load(self) -> CommentedMap:
        # Without the base: the plugin's own do_update begins with that.
        data = CommentedMap()
        _merge(data, _named_as_in(self._base, self._written))
        for path, value in self._overlay():
            _put(data, path, value)
        return data

    def _load_base(self) -> RecursiveDict[CommentedMap] | None:
        if self._base is None:
            return None
        return RecursiveDict(copy.deepcopy(self._base), CommentedMap)

    def _save(self, data: RecursiveDict[CommentedMap]) -> None:
        """Keeps what differs from what the admin wrote over the base, and forgets it where it differs no more."""
        changes: list[tuple[list[str], Any]] = []
        _compare([], _plain(self._merged()), _plain(data), changes)
        if changes == self._overlay() and os.path.exists(self._overlay_file):
            return
        if not changes and not os.path.exists(self._overlay_file):
            return
        temporary = f"{self._overlay_file}.new"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump({"written": self._written, "set": changes}, file, ensure_ascii=False, default=str)
        os.replace(temporary, self._overlay_file)

    def _overlay(self) -> list[tuple[list[str], Any]]:
        """What the plugin saved; where the admin has since written another value, that counts."""
        try:
            with open(self._overlay_file, encoding="utf-8") as file:
                kept = json.load(file)
            before, changes = kept["written"], [(list(path), value) for path, value in kept["set"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []
        return [(path, value) for path, value in changes if _at(before, path) == _at(self._written, path)]

    def _merged(self) -> CommentedMap:
        data = CommentedMap() if self._base is None else copy.deepcopy(self._base)
        _merge(data, _named_as_in(self._base, self._written))
        return data


def load_base(read: Any) -> bytes | None:
    """The plugin's `base-config.yaml`; None without one. Raises ValueError when it is not YAML."""
    try:
        text: bytes = read("base-config.yaml")
    except KeyError:
        return None
    try:
        YAML().load(text.decode("utf-8"))
    except YAMLError as error:
        raise ValueError(f"base-config.yaml is not YAML: {error}") from error
    return text


def _named_as_in(base: Any, written: Any) -> Any:
    """The host knows names as texts only: where the plugin's own defaults are named by numbers, so is what was written."""
    if not isinstance(written, dict) or not isinstance(base, dict):
        return written
    has_numbers = any(isinstance(name, int) for name in base)
    named = {int(name) if has_numbers and name.isdecimal() else name: value for name, value in written.items()}
    return {name: _named_as_in(base.get(name), value) for name, value in named.items()}


def _merge(into: Any, values: Settings) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _put(into: Any, path: list[str], value: Any) -> None:
    for key in path[:-1]:
        key = _own_name(into, key)
        if not isinstance(into.get(key), dict):
            into[key] = CommentedMap()
        into = into[key]
    into[_own_name(into, path[-1])] = value


def _own_name(of: Any, text: str) -> Any:
    return next((name for name in of if str(name) == text), text)


def _at(values: Any, path: list[str]) -> Any:
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    return values


def _compare(path: list[str], before: Any, after: Any, changes: list[tuple[list[str], Any]]) -> None:
    for key, value in after.items():
        known = before.get(key)
        if isinstance(value, dict) and isinstance(known, dict) and known:
            _compare([*path, key], known, value, changes)
        elif key not in before or known != value:
            changes.append(([*path, key], value))


def _plain(data: Any) -> Any:
    """Without comments and YAML's own types, as JSON has it."""
    if isinstance(data, RecursiveDict):
        data = data._data
    return json.loads(json.dumps(data, default=str))
