"""What a traced network computed, as named arrays, and a file of them. Imports no framework.

Shapes: B sequences, T time steps, N memory slots, M their width, R read heads, W write heads,
H = W + R heads, write heads first, U controller units, S the shift range.
"""

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_s4ntm.errors import S4NTMError
from keras_s4ntm.files import new_file

# A letter stands for the same number wherever it comes; T+1, W+R as they say.
SHAPES = {
    "controller_outputs": "B T U",
    "accessed": "B T",
    "mask": "B T",
    "memory": "B T+1 N M",
    "read_vectors": "B T R M",
}
HEADS = {
    "read_weights": "B T R N",
    "write_weights": "B T W N",
    "erase": "B T W M",
    "add": "B T W M",
}
SHAPES_OF_ACCESS = {
    "ntm": {
        **HEADS,
        "keys": "B T W+R M",
        "key_strengths": "B T W+R",
        "content_weights": "B T W+R N",
        "interpolation_gates": "B T W+R",
        "shift_weights": "B T W+R 2S+1",
        "sharpening": "B T W+R",
    },
    "dnc": {
        **HEADS,
        "usage": "B T N",
        "precedence": "B T N",
        "retention": "B T N",
        "allocation": "B T N",
        "write_content": "B T N",
        "write_key": "B T W M",
        "write_strength": "B T W",
        "allocation_gate": "B T W",
        "write_gate": "B T W",
        "read_keys": "B T R M",
        "read_strengths": "B T R",
        "free_gates": "B T R",
        "read_modes": "B T R 3",
        "read_content": "B T R N",
        "forward": "B T R N",
        "backward": "B T R N",
    },
}
OF_THE_MODEL = ("inputs", "outputs", "targets", "target_mask")  # may have times of their own
NUMBERS = "biuf"  # kinds of dtypes that arrays have: truth values, integers, real numbers
LARGEST = 2**32  # bytes of a file's arrays, unpacked
DAMAGED = (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Trace:
    """Every quantity of every time step of some sequences, and what network it was.

    Args:
        arrays: `{name: array}`, each an attribute too. B first, then T. Of the model: `inputs`,
            `outputs`, and where they are known `targets` and `target_mask`. Of its memory layer:

            - `controller_outputs` `(B, T, U)`;
            - `memory` `(B, T+1, N, M)`: `memory[:, t]` before time step t, `memory[:, t + 1]`
              after it;
            - `read_weights` `(B, T, R, N)`, `write_weights` `(B, T, W, N)`, `read_vectors`
              `(B, T, R, M)`, `erase` and `add` `(B, T, W, M)`;
            - `accessed` `(B, T)`: where the memory was accessed. Elsewhere memory, weights and read
              vectors are what they were, and what only an access computes is zero;
            - `mask` `(B, T)`, where the layer got one;
            - of an NTM, of all heads: `keys`, `key_strengths`, `content_weights`,
              `interpolation_gates`, `shift_weights`, `sharpening`;
            - of a DNC `usage`, `precedence`, and the quantities that `DNCAccess` names;
            - of another access what it names.

            Of a layer that goes backwards the time steps are in the order in which it takes them.
        about: what fits into JSON: names and sizes, see `tracing.about`.
    """

    arrays: dict
    about: dict

    def __getattr__(self, name):
        if name in ("arrays", "about"):  # while one is being copied or unpickled
            raise AttributeError(name)
        if name not in self.arrays:
            raise AttributeError(f"This trace has no {name!r}. It has {', '.join(self.arrays)}.")
        return self.arrays[name]

    def __dir__(self):
        return [*super().__dir__(), *self.arrays]

    def take(self, sequences):
        """A `Trace` of some of the sequences: a number, a slice or a list of numbers."""
        chosen = np.atleast_1d(np.arange(len(self.memory))[sequences])
        return Trace({name: array[chosen] for name, array in self.arrays.items()}, self.about)

    def save(self, path):
        """Write an `.npz` file, under a temporary name that is then changed.

        Raises:
            S4NTMError: it cannot be written there.
        """
        about = np.array(json.dumps(self.about))
        with new_file(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, about=about, **self.arrays)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote. Nothing in the file is ever executed.

        Raises:
            S4NTMError: it is no such file, or it is damaged.
        """
        if not Path(path).is_file():
            raise S4NTMError(f"{path} is not there. `s4ntm trace RUN` writes traces.")
        try:
            with open(path, "rb") as raw, np.lib.npyio.NpzFile(raw, allow_pickle=False) as file:
                check_sizes(file.zip)
                arrays = {name: file[name] for name in file.files}
            about = read_about(arrays.pop("about"))
            check_shapes(arrays, about)
        except DAMAGED as error:
            why = (str(error) or type(error).__name__).splitlines()[0]
            raise S4NTMError(
                f"{path} is no trace, or it is damaged: {why}. Write it again with `s4ntm trace`."
            ) from error
        return cls(arrays, about)


def check_sizes(archive):
    """Raises ValueError unless every array is numbers or text, and as large as its file says."""
    entries = archive.infolist()
    if sum(entry.file_size for entry in entries) > LARGEST:
        raise ValueError(f"it holds more than {LARGEST // 2**30} GiB")
    for entry in entries:
        name = entry.filename
        with archive.open(entry) as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"{name} is of another format")
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            kinds = "U" if name == "about.npy" else NUMBERS
            if dtype.kind not in kinds:
                raise ValueError(f"{name} holds no numbers")
            if file.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize != entry.file_size:
                raise ValueError(f"{name} is not as large as it says")


def read_about(array):
    """The dictionary `about`, which the file has as text."""
    about = json.loads(str(array))
    if not isinstance(about, dict):
        raise ValueError("it does not say what network it is of")
    return about


def check_shapes(arrays, about):
    """Raises ValueError unless every array has the shape of its name, and all shapes agree."""
    shapes = {**SHAPES, **SHAPES_OF_ACCESS.get(str(about.get("access")), {})}
    for name in ("inputs", "outputs", *SHAPES):
        if name not in arrays and name != "mask":
            raise ValueError(f"it has no {name}")
    sizes = {}
    # The plain letters first, so that T+1 and W+R can be checked.
    for name in sorted(arrays, key=lambda name: "+" in shapes.get(name, "")):
        unknown = "B" if name.startswith(OF_THE_MODEL) else "B T"
        expected = shapes.get(name, unknown).split()
        found = arrays[name].shape
        if len(found) < len(expected) or (name in shapes and len(found) > len(expected)):
            raise ValueError(f"{name} has the shape {found}, not ({', '.join(expected)})")
        for letter, size in zip(expected, found, strict=False):
            if size_of(letter, sizes, size) != size:
                raise ValueError(
                    f"{name} has the shape {found}, which does not fit that of the other arrays"
                )


def size_of(letter, sizes, found):
    """What a letter of a shape stands for: what it was found to be, at first `found`."""
    if letter == "2S+1":
        return found | 1
    parts = letter.split("+")
    if len(parts) == 1 and not letter.isdigit():
        return sizes.setdefault(letter, found)
    return sum(int(part) if part.isdigit() else sizes.get(part, 0) for part in parts)
