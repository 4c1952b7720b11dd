"""The format of what `get_config` of our layers says, and so of `.keras` files.

It changes where names or meanings of arguments and weights do. A file of another format is refused
with a clear sentence, not read wrongly.
"""

FORMAT = 2


def with_format(config):
    """A layer's config with the format."""
    return {**config, "format": FORMAT}


def check_format(layer, config):
    """A config without the format.

    Raises:
        ValueError: it has another one.
    """
    config = dict(config)
    found = config.pop("format", 1)
    if found != FORMAT:
        by = "an older" if found < FORMAT else "a newer"
        raise ValueError(
            f"This {layer.__name__} was made by {by} version of keras-s4ntm: its format is "
            f"{found}, and this version reads {FORMAT}. Train it again, or install that version."
        )
    return config
