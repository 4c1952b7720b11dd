"""Tasks and models by name: those of this package, and those of other packages.

Another package adds its own with an entry point of the group `keras_s4ntm.plugins`, whose value is
a module. The module is imported at the first look-up; what it registers is then known by name
everywhere. Imports no framework.
"""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points

from keras_s4ntm.errors import PluginError

PLUGINS = "keras_s4ntm.plugins"

_plugins_are_loaded = False
_parameter_names = {}  # {(kind, name): its parameters' names}


class Registry(Mapping):
    """A read-only mapping from names to what they stand for.

    Args:
        kind: what is registered, in a word for messages: `"task"`, `"model"`.
    """

    def __init__(self, kind):
        self.kind = kind
        self._entries = {}

    def add(self, name, entry, parameters):
        """Add an entry.

        Args:
            name: its name; no two entries have the same.
            entry: what it stands for.
            parameters: the names of its parameters, as `-p name=value` sets them.

        Raises:
            ValueError: the name is taken, or a parameter's name belongs to another kind.
        """
        if name in self._entries:
            raise ValueError(f"There is a {self.kind} {name!r} already. Choose another name.")
        check_parameter_names(self.kind, name, parameters)
        self._entries[name] = entry

    def __getitem__(self, name):
        load_plugins()
        return self._entries[name]

    def __iter__(self):
        load_plugins()
        return iter(self._entries)

    def __len__(self):
        load_plugins()
        return len(self._entries)


def check_parameter_names(kind, name, parameters):
    """Note the parameters of an entry. No two kinds may share a name: `-p name=value` sets a
    parameter of a task, of a model or of training by its name alone.

    Raises:
        ValueError: a parameter has the name of one of another kind.
    """
    for (other_kind, other), names in _parameter_names.items():
        shared = sorted(set(names) & set(parameters)) if other_kind != kind else ()
        if shared:
            raise ValueError(
                f"The {kind} {name!r} and the {other_kind} {other!r} both have a parameter "
                f"{shared[0]!r}: -p {shared[0]}=... could mean either. Rename one of them."
            )
    _parameter_names[kind, name] = tuple(parameters)


def load_plugins():
    """Import the modules that other packages name in the entry point group, once. What is built in
    is registered before, so that of two with the same name the plugin's is refused.

    Raises:
        PluginError: a module cannot be imported.
    """
    global _plugins_are_loaded
    if _plugins_are_loaded:
        return
    _plugins_are_loaded = True  # first: a plugin that registers something looks names up itself
    importlib.import_module("keras_s4ntm.experiment")  # registers all that is built in
    for entry in entry_points(group=PLUGINS):
        try:
            entry.load()
        except Exception as error:
            _plugins_are_loaded = False
            package = entry.dist.name if entry.dist else "an installed package"
            raise PluginError(
                f"The plugin {entry.value!r} of {package} cannot be loaded: "
                f"{str(error).rstrip('.')}. Repair {package}, or uninstall it."
            ) from error
