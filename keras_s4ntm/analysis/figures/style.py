"""How figures look, and how they are written."""

from pathlib import Path

from keras_s4ntm.errors import BackendError
from keras_s4ntm.files import new_file

try:
    import matplotlib
except ImportError as error:
    raise BackendError(
        "Figures are drawn by matplotlib, which is not installed: pip install 'keras-s4ntm[plots]'."
    ) from error
from matplotlib.figure import Figure

COLUMN, PAGE = 3.5, 7.2  # inches: the width of a paper's column, and of two
FORMATS = ("png", "svg")
RC = {
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "svg.fonttype": "none",  # text stays text
}
# One after the other from the colours of Okabe and Ito (2008), in order of their lightness.
LINES = (
    {"color": "#000000", "linestyle": "-", "marker": "o"},
    {"color": "#0072B2", "linestyle": "--", "marker": "s"},
    {"color": "#D55E00", "linestyle": "-.", "marker": "^"},
    {"color": "#009E73", "linestyle": ":", "marker": "D"},
    {"color": "#CC79A7", "linestyle": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
    {"color": "#56B4E9", "linestyle": (0, (8, 2)), "marker": "P"},
    {"color": "#E69F00", "linestyle": (0, (1, 3)), "marker": "X"},
)
GREY, SIGNED = "Greys", "cividis"
WRONG = "#D55E00"


def styled(function):
    """A function that draws, in the style of all figures whatever the user's own is."""

    def draw(*arguments, **options):
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(RC)
            return function(*arguments, **options)

    draw.__doc__, draw.__name__, draw.__wrapped__ = function.__doc__, function.__name__, function
    return draw


def new_figure(height, width=COLUMN):
    """An empty figure, in inches."""
    return Figure(figsize=(width, height), layout="constrained", dpi=200)


def line(number):
    """How the curve of this number is drawn; after the last one they come again."""
    return {**LINES[number % len(LINES)], "markerfacecolor": "none"}  # what lies below shows


def save(figure, path, formats=FORMATS):
    """Write a figure.

    Args:
        figure: a matplotlib `Figure`.
        path: without the ending.
        formats: `"png"`, `"svg"`.

    Returns:
        The paths of the files, a list. Each is written under a temporary name, then renamed.

    Raises:
        S4NTMError: it cannot be written there.
    """
    written = []
    for kind in formats:
        target = Path(f"{path}.{kind}")
        with new_file(target) as temporary, matplotlib.rc_context(RC):
            figure.savefig(temporary, format=kind)
        written.append(target)
    return written
