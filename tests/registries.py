"""Registries that tests may add to."""

import contextlib

from keras_s4ntm import registry
from keras_s4ntm.models import MODELS
from keras_s4ntm.presets import PRESETS
from keras_s4ntm.tasks import TASKS


@contextlib.contextmanager
def own_registries():
    """What is registered inside is forgotten afterwards."""
    shared = (TASKS._entries, MODELS._entries, registry._parameter_names, PRESETS)
    before = [dict(mapping) for mapping in shared]
    try:
        yield
    finally:
        for mapping, content in zip(shared, before, strict=True):
            mapping.clear()
            mapping.update(content)
