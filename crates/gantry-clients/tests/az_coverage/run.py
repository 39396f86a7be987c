"""Runs `az acr` commands in one process, as they stand in the file that is named, and compares the list of all
commands that this az has with those that were run.

A line is `ok COMMAND`, `no COMMAND => TEXT` (it fails, and says so) or `set NAME COMMAND` (what it prints is
put where {NAME} stands behind it). What each did is reported as a line of a table."""

import io
import json
import os
import shlex
import sys
import time

# How often a command is run that does what it mustn't: once, where there is one node.
MOMENTS = int(os.environ["MOMENTS"])

# Before az takes hold of it: what it says goes there.
said = sys.stderr = io.StringIO()

from azure.cli.core import get_default_cli  # noqa: E402


def run(words):
    """Exit code, what was printed, and what was said."""
    cli = get_default_cli()
    out = io.StringIO()
    said.seek(0)
    said.truncate()
    try:
        code = cli.invoke(words, out_file=out)
    except SystemExit as ended:
        code = ended.code
    error = cli.result.error if cli.result else None
    return code, out.getvalue(), f"{said.getvalue()}{error or ''}"


def all_commands():
    cli = get_default_cli()
    cli.invocation = cli.invocation_cls(
        cli_ctx=cli,
        parser_cls=cli.parser_cls,
        commands_loader_cls=cli.commands_loader_cls,
        help_cls=cli.help_cls,
    )
    table = cli.invocation.commands_loader.load_command_table(["acr"])
    return {name for name in table if name.startswith("acr ")}


def main():
    known = all_commands()
    values = {name: os.environ[name] for name in ["TEAM", "DIGEST"]}
    results, wrong, table = {}, [], []
    for line in open(sys.argv[1]):
        line = line.split("  #")[0].strip()
        if not line or line.startswith("#"):
            continue
        kind, rest = line.split(" ", 1)
        name = None
        if kind == "set":
            name, rest = rest.split(" ", 1)
        rest, _, expected = rest.partition(" => ")
        assert bool(expected) == (kind == "no"), line
        for key, value in values.items():
            rest = rest.replace("{" + key + "}", value)
        words = shlex.split(rest)
        command = max(
            (c for c in known if words[: len(c.split())] == c.split()), key=len, default=None
        )
        # What another node has done may take a moment to be known.
        for moment in range(MOMENTS):
            time.sleep(moment)
            code, printed, error = run(words)
            done = code in (0, None)
            fits = not done and expected in error + printed if kind == "no" else done
            if fits:
                break
        if name:
            values[name] = printed.strip().strip('"')
        if command:
            results.setdefault(command, {"ok": 0, "no": 0})["no" if kind == "no" else "ok"] += 1
        if not fits:
            wrong.append(f"{line}\n    exit {code}: {error or printed}")
        told = [text for text in error.splitlines() if text.startswith("ERROR")][:1]
        table.append(f"{kind}  az {rest}" + (f"  ->  {told[0]}" if told else ""))
    forgotten = sorted(known - results.keys())
    print(json.dumps({"commands": len(known), "results": results, "forgotten": forgotten, "wrong": wrong, "table": table}))


main()
