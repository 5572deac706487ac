"""The command that runs another one and records it."""

from __future__ import annotations

import sys

import click

from cardgen.cli.common import FAILED, load_config
from cardgen.cli.readme import refresh_readmes

_OWN = ("--predict", "--note", "-h", "--help")


class Wrapper(click.Command):
    """A command whose last arguments are another's: none of them is read as an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, split_off(args))


def split_off(args: list[str]) -> list[str]:
    """The arguments with ``--`` before the command, also where a person left it out."""
    at, code_seen = 0, False
    while at < len(args):
        name, equals, _ = args[at].partition("=")
        if name in _OWN:
            at += 2 if name == "--note" and not equals else 1
        elif name.startswith("-"):
            return args  # the dashes that part both, or an option that click will refuse
        elif code_seen:
            return [*args[:at], "--", *args[at:]]
        else:
            code_seen = True
            at += 1
    return args


@click.command(cls=Wrapper, options_metavar="[OPTIONS]")
@click.option("--predict", is_flag=True, help="The command predicts; it trains nothing.")
@click.option("--note", default="", metavar="TEXT", help="A description of this run.")
@click.argument("code")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
def run(code: str, command: tuple[str, ...], predict: bool, note: str) -> None:
    """Run COMMAND and record it in the card's evidence.

    Recorded are the exact line, exit status, times, commit and uncommitted changes, Python and
    packages, host, the runs that trackers recorded meanwhile, and the files that appeared in the
    experiment's folder. COMMAND runs here, with CARDGEN_CODE and CARDGEN_OUTPUT_DIR set; its
    output and exit status are its own.
    """
    from cardgen import output
    from cardgen.capture import Request, capture
    from cardgen.capture.process import CommandError

    request = Request(code, command, "predict" if predict else "train", note)
    config = load_config()
    try:
        done = capture(config, request, lambda text: output.complain(f"cardgen: {text}"))
    except CommandError as error:
        output.complain(f"cardgen: {error}")
        sys.exit(error.status or FAILED)
    said = "recorded" if done.saved else "not recorded:"
    output.complain(f"cardgen: {said} {done.run.ref} ({done.run.status})")
    refresh_readmes(config, (code,), output.complain)
    sys.exit(done.exit_status)
