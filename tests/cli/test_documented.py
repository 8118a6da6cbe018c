"""Every command, option and setting is described in the documents."""

import re
from pathlib import Path

import click

from kezhi.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = "\n".join(path.read_text() for path in (ROOT / "docs").rglob("*.md"))


def commands(group, path=()):
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            yield (*path, name), command
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))


def test_every_command_is_documented_with_its_options():
    lacking = []
    for path, command in commands(main):
        name = " ".join(path)
        if not re.search(rf"\b{name}\b", DOCUMENTS):
            lacking.append(name)
        for option in command.params:
            if isinstance(option, click.Option) and not any(o in DOCUMENTS for o in option.opts):
                lacking.append(f"{name} {option.opts}")
    assert not lacking


def test_every_setting_of_the_environment_is_documented():
    read = set()
    for path in [*(ROOT / "src").rglob("*.py"), ROOT / "kezhi"]:
        read |= set(re.findall(r"KEZHI_[A-Z_]+", path.read_text()))
    assert not {name for name in read if name not in DOCUMENTS}
