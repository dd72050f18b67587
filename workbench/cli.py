"""The command line: one verb per job.

Results go to standard output (with `--json` as JSON), progress and complaints to standard error.
The exit status is 0, 2 for something the user can put right (said in one line), 1 for a check that
failed, 130 after Ctrl-C.
"""

import argparse
import json
import logging
import os
import shlex
import signal
import sys
from collections.abc import Sequence

from workbench import __version__
from workbench.errors import WorkbenchError
from workbench.verbs import VERBS, Outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit status."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if arguments is None:
        arguments = sys.argv[1:]
        # A plain `kill` leaves as Ctrl-C does, so that what is half written is swept away.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = parser().parse_args(arguments)
    if options.verb is None:
        parser().print_help()
        return 0
    options.command = shlex.join(["workbench", *arguments])
    try:
        outcome = options.run(options)
    except WorkbenchError as error:
        sys.stderr.write(f"workbench: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("workbench: interrupted; nothing half-written was left behind.\n")
        return 130
    return _show(outcome, as_json=options.json)


def _show(outcome: Outcome, *, as_json: bool) -> int:
    content = json.dumps(outcome.data, indent=2, ensure_ascii=False) if as_json else outcome.text
    encoding = sys.stdout.encoding or "utf-8"  # file names may be in another
    content = content.encode(encoding, "backslashreplace").decode(encoding)
    try:
        sys.stdout.write(content.rstrip("\n") + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # a reader such as `head` had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return outcome.status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; each verb declares its own options."""
    made = argparse.ArgumentParser(
        prog="workbench",
        description="Look inside CLIP: find the neurons that know something is wrong in a picture.",
        epilog="Each verb has its own --help, with an example. Start: workbench demo --out out",
    )
    made.add_argument("--version", action="version", version=f"lake-workbench {__version__}")
    verbs = made.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for verb in VERBS:
        sub = verbs.add_parser(
            verb.name,
            help=verb.summary,
            description=f"{verb.summary[0].upper()}{verb.summary[1:]}.",
            epilog=f"example: {verb.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.options(sub)
        sub.add_argument("--json", action="store_true", help="print the result as JSON")
        sub.set_defaults(run=verb.run)
    return made


if __name__ == "__main__":
    sys.exit(main())
