"""Which write is read when: an `Attribution`, time by time."""

from matplotlib.ticker import MaxNLocator

from keras_s4ntm.analysis.figures.style import COLUMN, GREY, PAGE, new_figure, styled


@styled
def attribution_map(attribution, sequence=0):
    """How much of each write is in each read: an image of time by time for every pair of heads.

    Args:
        attribution: an `Attribution`; its `total` is drawn.
        sequence: which of its sequences.

    Returns:
        A matplotlib `Figure`. What is read at a time step stands in its column: a network that
        copies has a line along the diagonal, as far below it as the copy is late.
    """
    total = attribution.total[sequence]
    readers, writers = total.shape[:2]
    width = COLUMN if readers == 1 else PAGE
    figure = new_figure(0.5 + min(0.72 * width / readers, 3) * writers, width)
    axes = figure.subplots(writers, readers, sharex=True, sharey=True, squeeze=False)
    largest = max(float(total.max()), 1.0)
    for reader in range(readers):
        for writer in range(writers):
            axis = axes[writer, reader]
            image = axis.imshow(
                total[reader, writer].T, origin="lower", cmap=GREY, vmin=0, vmax=largest,
                interpolation="auto",
            )  # fmt: skip
            for part in (axis.xaxis, axis.yaxis):
                part.set_major_locator(MaxNLocator(6, integer=True))
            axis.set_title(f"read head {reader}" + f", write head {writer}" * (writers > 1))
    figure.supxlabel("time step of the read", fontsize=7)
    figure.supylabel("time step of the write", fontsize=7)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the write that is read")
    return figure
