"""The command line: every command parses, calls and prints; nothing heavy is imported early."""

from __future__ import annotations

import os
import sys

import click

from cardgen import __version__
from cardgen.cli import (
    cards,
    checking,
    comment,
    imports,
    merging,
    reading,
    readme,
    review,
    run,
    site,
    versions,
)
from cardgen.cli.common import FAILED, FINE, INTERRUPTED
from cardgen.errors import CardgenError

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 96}


@click.group(context_settings=_SETTINGS)
@click.version_option(__version__, package_name="cardgen", message="cardgen %(version)s")
def cli() -> None:
    """One checked, readable card per machine-learning experiment, kept in git.

    A day with it: 'cardgen new qa-1 --run mlflow:RUN_ID', edit the card, 'cardgen fill',
    'cardgen check', 'cardgen serve'.
    """


for _command in (
    cards.init,
    cards.new,
    imports.import_,
    cards.fill,
    run.run,
    versions.promote,
    cards.set_,
    checking.check,
    reading.list_,
    reading.show,
    cards.schema,
    readme.readme,
    merging.resolve,
    review.review,
    comment.comment,
    site.build,
    site.serve,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; the one place where failures become sentences and exit statuses."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(FAILED)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has left; there is nobody to complain to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FINE)
    except CardgenError as error:
        _fail(str(error))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror or error}{where}. See the permissions and the room on the disk.")


def _fail(message: str) -> None:
    from cardgen import output

    output.complain(f"cardgen: {message}")
    sys.exit(FAILED)
