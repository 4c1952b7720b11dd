"""Files that are whole under their name, or not there."""

import contextlib
import os
from pathlib import Path

from keras_s4ntm.errors import S4NTMError


@contextlib.contextmanager
def new_file(path):
    """A context that gets the temporary name to write under; at its end the file gets its own.

    Args:
        path: its folder is made where there is none; what has the name is replaced.

    Raises:
        S4NTMError: it cannot be written there.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise S4NTMError(f"{path} cannot be written: {error.strerror}.") from error
