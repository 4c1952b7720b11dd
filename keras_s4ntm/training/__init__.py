"""Training through `model.fit`: configuration, callbacks, optimizer, curriculum."""
