"""S4D-NTM: the S4D controller drives the heads of an NTM's memory.

`S4DController` says where the idea comes from and what is different here.
"""

import keras

from keras_s4ntm.layers.controllers.arguments import S4DArguments
from keras_s4ntm.layers.memory.arguments import DirectCellArguments
from keras_s4ntm.layers.memory.network import MemoryNetwork, NamedCell
from keras_s4ntm.layers.ntm.access import NTMAccess


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DNTMCell(NamedCell):
    """One time step of an S4D-NTM; a Keras RNN cell, in which S4D runs recurrently.

    Args:
        units, blocks, state_dimension, state_initializer, discretization, dt_min, dt_max, dropout,
            input_variance, read_feedback, head_inputs: see `S4DArguments`.
        memory_size, memory_width, read_heads, order, memory_initializer, learn_initial_memory,
            reads_initializer, learn_initial_reads, cosine_epsilon, norm_epsilon, interface_clip,
            head_noise: see `MemoryArguments`. With `access_interval="sequence"` let the memory be
            random at first, and learned: the one access finds by content only what was there
            before.
        key_activation, strength_activation, gate_activation, sharpening_activation, shift_order:
            see `AddressingArguments`.
        erase_activation, add_activation: see `WritingArguments`.
        write_heads, shift_range, initial_read_weights, initial_write_weights, circular_shift,
            sharpening_epsilon, write_interpolation_bias, write_shift_bias, read_interpolation_bias,
            read_shift_bias, read_strength_bias, content_scale: see `NTMArguments`.
        output, access_interval, access_probability, direct_inputs, direct_content_variance,
            direct_addressing_variance: see `CellArguments`; `direct_inputs` is true by default.

    Call arguments, returns: see `MemoryCell`.
    """

    Controller, Access, Cell = S4DArguments, NTMAccess, DirectCellArguments


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class S4DNTM(MemoryNetwork):
    """S4D-NTM; behaves like `keras.layers.LSTM`.

    Clip its gradients, `global_clipnorm=1` or less in the optimizer: they grow with the length.
    Over 800 time steps untrained networks had norms of 0.2 to 22, with `read_feedback` up to 1,000,
    an `NTM` at most 2 (24 November 2026; `docs/faq.md` says where they come from).

    Args:
        units: H, the channels of the state space features.
        **arguments: those of `S4DNTMCell` and of `MemoryRNN` by keyword, among them `blocks`,
            `memory_size`, `memory_width`, `read_heads`, `access_interval`, `output`,
            `return_sequences`. With `access_interval="sequence"` there are no states to give or to
            return.

    Call arguments, output shape: see `MemoryRNN`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant.

    Example:

    >>> layer = S4DNTM(64, memory_size=128, access_interval=4, return_sequences=True)
    >>> layer(np.zeros((32, 42, 10), "float32")).shape
    (32, 42, 84)
    """

    Cell = S4DNTMCell
