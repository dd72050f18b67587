"""The command line's page, read off the parsers that the command line uses."""

import argparse
from collections.abc import Iterator

from workbench.cli import parser
from workbench.verbs import VERBS


def page() -> str:
    """Return the Markdown of all verbs and their options."""
    main = parser()
    verbs = next(a for a in main._actions if isinstance(a, argparse._SubParsersAction)).choices
    parts = [
        "# Command line",
        "One verb per job. Results go to standard output (with `--json` as JSON), progress and "
        "complaints to standard error. The exit status is 0; 2 for something the user can put "
        "right, which is said in one line; 1 for a check that failed; 130 after Ctrl-C.",
    ]
    for verb in VERBS:
        parts += _verb(verb.name, verb.summary, verb.example, verbs[verb.name])
    return "\n\n".join(parts) + "\n"


def _verb(name: str, summary: str, example: str, sub: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## workbench {name}"
    yield f"{summary[0].upper()}{summary[1:]}."
    yield f"```console\n$ {example}\n```"
    formatter = sub._get_formatter()
    for group in sub._action_groups:
        actions = [action for action in group._group_actions if action.dest != "help"]
        if not actions:
            continue
        title = {"positional arguments": "what it takes", "options": "options"}.get(
            str(group.title), str(group.title)
        )
        yield f"**{title[0].upper()}{title[1:]}**"
        yield "\n".join(
            [
                "| | |",
                "|---|---|",
                *(f"| {_spelled(action)} | {_helped(formatter, action)} |" for action in actions),
            ]
        )


def _spelled(action: argparse.Action) -> str:
    """Return how an argument is written: `--shots N`."""
    value = "" if action.nargs == 0 else _value(action)
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(f"`{f'{option} {value}'.strip()}`" for option in action.option_strings)


def _value(action: argparse.Action) -> str:
    if action.choices is not None and action.metavar is None:
        name = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        name = str(action.metavar or action.dest.upper())
    return f"{name}..." if action.nargs in ("+", "*") else name.replace("|", "\\|")


def _helped(formatter: argparse.HelpFormatter, action: argparse.Action) -> str:
    text = formatter._expand_help(action) if action.help else ""
    required = " (required)" if action.required and action.option_strings else ""
    return f"{text}{required}".replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
