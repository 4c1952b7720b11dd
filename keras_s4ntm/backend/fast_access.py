"""The NTM's memory access, in the form that is fastest on the backend."""

import keras

from keras_s4ntm.backend.private import may_be_missing

get_proxy_mode = None
if keras.backend.backend() == "torch":
    import torch

    with may_be_missing("Accesses to a memory are slower where steps are not compiled"):
        from torch.fx.experimental.proxy_tensor import get_proxy_mode


def fast_ntm_access(plain):
    """A step of the NTM's memory access as it should run on this backend.

    That is `plain`, but on PyTorch the same with its gradient written out, because small operations
    are what takes the time there. The compiler makes more of `plain`. `docs/performance.md` shows
    the measurement.

    Args:
        plain: `NTMAccess.move_write_read`.

    Returns:
        A function that takes what `plain` takes, and returns the memory, the weights and the read
        vectors first. Only `plain` returns the quantities of the step as well.
    """
    if get_proxy_mode is None or get_proxy_mode() is not None:  # is being recorded, to be compiled
        return plain
    if torch.jit.is_tracing():  # for an ONNX file, which knows no gradients that are written out
        return plain
    from keras_s4ntm.backend.torch_access import WrittenOutNTMAccess

    return WrittenOutNTMAccess.apply
