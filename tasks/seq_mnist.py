"""Sequential MNIST: classify a handwritten digit that is presented pixel by pixel.

Source: Le, Jaitly, Hinton 2015, "A Simple Way to Initialize Recurrent Networks of Rectified Linear
Units", section 4.2, also for the permuted variant. The images are those of TensorFlow Datasets.

    time     0      1     ...  resolution^2 - 1
    pixel    x_0    x_1   ...  x_last
    target                     the digit
"""

import functools
from dataclasses import dataclass

import numpy as np

from keras_s4ntm.errors import DataError
from keras_s4ntm.tasks.base import Batch, Task, order_of_pass
from keras_s4ntm.tasks.tfds import columns

VALIDATION_IMAGES = 6_000  # the last ones of the 60,000 for training
MEAN, DEVIATION = 0.1307, 0.3081  # of the pixels of the training images, scaled to [0, 1]
PERMUTATIONS = ("none", "random", "bit-reversal", "file")


@dataclass(frozen=True)
class SeqMNIST(Task):
    """MNIST as sequences of pixels, row by row; 54,000 / 6,000 / 10,000 images.

    Args:
        resolution: pixels along each side, up to 28; images are resampled by area.
        permutation: the order of the pixels. `"none"`: row by row. `"random"`: the permutation that
            `numpy.random.default_rng(permutation_seed)` draws. `"bit-reversal"`: that of the next
            power of two, cut to the length (github.com/state-spaces/s4). `"file"`: the one in
            `permutation_file`. Pixel i of a sequence is pixel `permutation[i]` of the image.
        permutation_seed: seed of the `"random"` permutation.
        permutation_file: an `.npy` file of whole numbers, each from 0 to `resolution^2 - 1` once.
    """

    resolution: int = 28
    permutation: str = "none"
    permutation_seed: int = 0
    permutation_file: str | None = None

    name = "seq-mnist"
    summary = "Classify MNIST digits pixel by pixel (Le 2015)."
    target_kind = "classes"

    def __post_init__(self):
        if not 1 <= self.resolution <= 28:
            raise ValueError(f"resolution must be from 1 to 28, got {self.resolution}.")
        if self.permutation not in PERMUTATIONS:
            raise ValueError(
                f"permutation must be one of {', '.join(PERMUTATIONS)}, got {self.permutation!r}."
            )
        if self.permutation_seed < 0:
            raise ValueError(f"permutation_seed must not be negative, got {self.permutation_seed}.")
        if (self.permutation == "file") != (self.permutation_file is not None):
            raise ValueError(
                "permutation=file and permutation_file=PATH belong together, got "
                f"permutation={self.permutation} and permutation_file={self.permutation_file}."
            )

    @property
    def input_size(self):
        return 1

    @property
    def output_size(self):
        return 10

    def size(self, split):
        return {"train": 60_000 - VALIDATION_IMAGES, "validation": VALIDATION_IMAGES}.get(
            split, 10_000
        )

    def batch(self, split, seed, index, batch_size):
        """Images of a split. In training each pass has an order of its own, else that of the data.

        Raises:
            DataError: the images are not there and cannot be fetched, or `permutation_file` is not
                there or holds no permutation of this length.
        """
        pixel_order = self.pixel_order()
        sequences, labels = load(self.resolution, split)
        per_pass, rest = divmod(len(labels), batch_size)
        if split == "train":
            # A batch never spans two passes: what is left over after a pass differs every time.
            if per_pass == 0:
                raise ValueError(f"batch_size={batch_size} is more than the {len(labels)} images.")
            number, index = divmod(index, per_pass)
            order = order_of_pass(len(labels), seed, number)
        else:
            index %= per_pass + (rest > 0)
            order = np.arange(len(labels))
        rows = order[index * batch_size : (index + 1) * batch_size]
        pixels = sequences[rows][:, pixel_order]
        return Batch(pixels[..., None], labels[rows])

    def pixel_order(self):
        """The permutation: pixel i of a sequence is pixel `pixel_order()[i]` of the image."""
        length = self.resolution**2
        if self.permutation == "random":
            return np.random.default_rng(self.permutation_seed).permutation(length)
        if self.permutation == "bit-reversal":
            return bit_reversal(length)
        if self.permutation == "file":
            return from_file(self.permutation_file, length)
        return np.arange(length)


@dataclass(frozen=True)
class PermutedMNIST(SeqMNIST):
    """MNIST as sequences of pixels in a permuted order, the same in all images.

    Args:
        resolution, permutation, permutation_seed, permutation_file: see `SeqMNIST`.
    """

    permutation: str = "random"

    name = "pmnist"
    summary = "Classify MNIST digits pixel by pixel in a permuted order (Le 2015)."


def bit_reversal(length):
    """The numbers below `length` in the order of their reversed binary digits."""
    bits = max(length - 1, 1).bit_length()
    reversed_numbers = [int(f"{i:0{bits}b}"[::-1], 2) for i in range(2**bits)]
    return np.array([i for i in reversed_numbers if i < length])


@functools.lru_cache(maxsize=2)
def from_file(path, length):
    """The permutation of the numbers below `length` in an `.npy` file.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        order = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"permutation_file={path} cannot be read as an .npy file ({error}). "
            "Write it with numpy.save."
        ) from error
    is_whole = isinstance(order, np.ndarray) and order.ndim == 1 and order.dtype.kind in "iu"
    if not is_whole or not np.array_equal(np.sort(order), np.arange(length)):
        raise DataError(
            f"permutation_file={path} holds no permutation: {length} pixels need one array with "
            f"each of the whole numbers from 0 to {length - 1} once."
        )
    return order


def resample(images, resolution):
    """Square images `(B, S, S)` resampled by area to `(B, resolution, resolution)`.

    Every new pixel is the mean of the area of the old image that it covers: `W image W^T`. Row i of
    W holds how much of each old pixel the new pixel i covers.
    """
    size = images.shape[1]
    edges = np.linspace(0, size, resolution + 1)
    old = np.arange(size)
    low = np.maximum(edges[:-1, None], old)
    high = np.minimum(edges[1:, None], old + 1)
    cover = np.clip(high - low, 0, None) * resolution / size
    return np.einsum("ij,bjk,lk->bil", cover, images, cover, optimize=True)


@functools.cache
def load(resolution, split):
    """Normalised sequences `(images, resolution^2)` float32 and labels of a split."""
    images, labels = images_and_labels("test" if split == "test" else "train")
    if split == "train":
        images, labels = images[:-VALIDATION_IMAGES], labels[:-VALIDATION_IMAGES]
    elif split == "validation":
        images, labels = images[-VALIDATION_IMAGES:], labels[-VALIDATION_IMAGES:]
    pixels = images.astype("float32") / 255.0
    pixels = resample(pixels, resolution) if resolution < 28 else pixels
    pixels = (pixels - MEAN) / DEVIATION
    return pixels.reshape(len(pixels), -1).astype("float32"), labels.astype("int32")


def images_and_labels(split):
    """The images `(n, 28, 28)` uint8 and the labels of a split of TFDS' `mnist`.

    Raises:
        DataError: the data is not there and cannot be fetched, or TensorFlow is missing.
    """
    table = columns("mnist", split)
    return table["image"][..., 0], table["label"]
