"""What Hydra needs to know about tfrun: two config sources and a search path.

`components://` fills the keys that a YAML leaves out from the class its `_target_` names, so that defaults are
written once, in the class, and every override works without `+`.
`experiments://` maps the group `experiment` to the folder `experiments/`.
"""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf, open_dict

from tfrun.component import Component, Settings, defaults_of
from tfrun.config.places import conf_folders, experiment_folders
from tfrun.config.problems import ConfigError, Problem

_config_dir: ContextVar[Path | None] = ContextVar("config_dir", default=None)


def import_target(path: str, key: str) -> type[Settings]:
    """The component class that `_target_` names.

    Raises ConfigError (naming `key`) when it cannot be imported or is no component.
    """
    module, _, name = str(path).rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), name)
    except Exception as error:  # a user's module may raise anything while it is imported
        way_out = "check the spelling; a module of your own must be importable from where you stand"
        raise ConfigError(
            Problem(f"{key}._target_", f"cannot be imported ({type(error).__name__}: {error})", way_out, path)
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, Component)):
        raise ConfigError(Problem(f"{key}._target_", "is no component", "derive it from a class of its group", path))
    return cls


class ComponentSource(FileConfigSource):
    @staticmethod
    def scheme() -> str:
        return "components"

    def load_config(self, config_path: str):
        result = super().load_config(config_path)
        config = result.config
        if OmegaConf.is_dict(config) and "_target_" in config:
            cls = import_target(config["_target_"], config_path.replace("/", "=").removesuffix(".yaml"))
            missing = {key: value for key, value in defaults_of(cls).items() if key not in config and not _is_group(value)}
            with open_dict(config):
                config.merge_with(OmegaConf.merge(OmegaConf.create(missing), config))
        return result


def _is_group(value) -> bool:
    """Groups of the experiment come from the defaults list, not from the class."""
    nested = value.values() if isinstance(value, dict) else ()
    return isinstance(value, dict) and ("_target_" in value or any(isinstance(v, dict) and "_target_" in v for v in nested))


class ExperimentsSource(FileConfigSource):
    @staticmethod
    def scheme() -> str:
        return "experiments"

    @staticmethod
    def _inside(config_path: str) -> str | None:
        group, _, rest = config_path.partition("/")
        return rest if group == "experiment" else None

    def load_config(self, config_path: str):
        inside = self._inside(config_path)
        result = super().load_config(inside)
        result.header.setdefault("package", "_global_")
        if result.header["package"] is None:
            result.header["package"] = "_global_"
        if "name" not in result.config:
            with open_dict(result.config):
                result.config["name"] = inside.removesuffix(".yaml").replace("/", ".")
        return result

    def is_group(self, config_path: str) -> bool:
        inside = self._inside(config_path)
        return config_path == "" or (inside is not None and super().is_group(inside))

    def is_config(self, config_path: str) -> bool:
        inside = self._inside(config_path)
        return bool(inside) and super().is_config(inside)

    def list(self, config_path: str, results_filter):
        if config_path == "":
            return ["experiment"] if results_filter != ObjectType.CONFIG else []
        inside = self._inside(config_path)
        folder = Path(self.path, inside or "")
        if inside is None or not folder.is_dir():
            return []
        configs = [child.stem for child in folder.glob("*.yaml")] if results_filter != ObjectType.GROUP else []
        groups = [child.name for child in folder.iterdir() if child.is_dir()] if results_filter != ObjectType.CONFIG else []
        return sorted(configs + groups)


class TfrunSearchPath(SearchPathPlugin):
    def manipulate_search_path(self, search_path) -> None:
        config_dir = _config_dir.get()
        for folder in reversed(conf_folders(config_dir)):
            search_path.prepend("tfrun", f"components://{folder}")
        for folder in experiment_folders(config_dir):
            search_path.append("tfrun", f"experiments://{folder}")


def config_dir_now() -> Path | None:
    """The user's `--config-dir`, inside a block of `registered`."""
    return _config_dir.get()


@contextmanager
def registered(config_dir: Path | None = None):
    """Hydra knows tfrun's sources and, inside this block, the user's `--config-dir`; None: that of the block around it."""
    for plugin in (ComponentSource, ExperimentsSource, TfrunSearchPath):
        Plugins.instance().register(plugin)
    token = _config_dir.set(config_dir.resolve() if config_dir else _config_dir.get())
    try:
        yield
    finally:
        _config_dir.reset(token)
