"""Every place where the backends differ, a file a subject.

    names              the backends by name, and which are installed
    time_loop          the loop over time, and whether PyTorch compiles its steps
    recompute          steps that the backward pass computes again instead of storing them
    fast_access        the form of the NTM's memory access that is fastest on the backend
    inference          functions that are never trained: without gradients, compiled
    fourier            Fourier transforms with complex spectra
    exporting          what a model is made of in a file
    random_numbers     noise, and the seed of a training
    process            settings of the whole process: memory that is freed
    compilation_cache  where a backend keeps what it compiled, for the next process
    private            what other packages do not promise to keep, and may be missing
    torch_loop         the loop over time on PyTorch, with compiled steps
    torch_access       the NTM's memory access on PyTorch, with its gradient written out

The rule: a trick lives here only where a measurement in `docs/performance.md` shows that it pays.
It stands beside the plain form, with a test that equates both.

This file imports nothing, so that `compilation_cache` can be used before Keras is loaded.
"""
