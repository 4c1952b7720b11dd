"""`s4ntm`: the group of commands, and how failures reach the user."""

import importlib
import sys

import click

from keras_s4ntm.errors import S4NTMError
from keras_s4ntm.parameters import suggest

COMMANDS = (
    "train",
    "evaluate",
    "predict",
    "trace",
    "report",
    "plot",
    "analyze",
    "compare",
    "export",
    "build",
    "bench",
    "list",
)
INTERRUPTED = 130


class LazyGroup(click.Group):
    """Commands are imported when they are needed; none imports Keras before it runs."""

    def list_commands(self, ctx):
        return COMMANDS

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"keras_s4ntm.cli.{name}").command

    def resolve_command(self, ctx, args):
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(suggest("command", args[0], COMMANDS), ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="keras-s4ntm")
def cli():
    """Neural networks with an external memory: train, evaluate, export.

    \b
    Examples:
      s4ntm train copy                        learn to copy, in about a minute
      s4ntm train copy --preset none          the same, starting as the papers do
      s4ntm evaluate runs/copy-s4d-ntm-...    at lengths far beyond training
      s4ntm train data.npz                    learn from your own sequences
      s4ntm predict runs/npz-s4d-ntm-... new.npz --output answers.npz
      s4ntm trace runs/copy-s4d-ntm-...       what its memory does at every time step
      s4ntm report runs/copy-s4d-ntm-...      the same as an HTML file to look into
      s4ntm plot runs/copy-s4d-ntm-...        figures for a paper
      s4ntm analyze runs/copy-s4d-ntm-...     what its memory does, in numbers and in words
      s4ntm compare copy                      models side by side, over several seeds
      s4ntm export runs/copy-s4d-ntm-...      a SavedModel for serving
      s4ntm bench                             what training costs on this machine
      s4ntm list models                       what there is, with parameters
      s4ntm list presets --task copy          the numbers that suit a model on a task, and why
    """


def main(arguments=None):
    """Run the command line; a user's mistake ends with one sentence, not with a traceback."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in arguments
    try:
        code = cli.main(arguments, prog_name="s4ntm", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except (click.ClickException, S4NTMError) as error:
        if debug:
            raise
        if isinstance(error, click.ClickException):
            error.show()
            sys.exit(error.exit_code)
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
