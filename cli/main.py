"""`s4ntm`: the group of commands, and how failures reach the user."""

import importlib
import sys

import click

from keras_s4ntm.errors import S4NTMError

COMMANDS = ("train", "evaluate", "compare", "export", "build", "bench", "list")
INTERRUPTED = 130


class LazyGroup(click.Group):
    """Commands are imported when they are needed; none imports Keras before it runs."""

    def list_commands(self, ctx):
        return COMMANDS

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"keras_s4ntm.cli.{name}").command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="keras-s4ntm")
def cli():
    """Neural networks with an external memory: train, evaluate, export.

    \b
    Examples:
      s4ntm train copy                        learn to copy, in about a minute
      s4ntm evaluate runs/copy-ntm-...        at lengths far beyond training
      s4ntm compare copy                      models side by side, over several seeds
      s4ntm export runs/copy-ntm-...          a SavedModel for serving
      s4ntm bench                             what training costs on this machine
      s4ntm list models                       what there is, with parameters
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
