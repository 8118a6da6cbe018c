"""What the palette can do beside opening a record: go, create, import, change how the screen looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from kezhi.dataio import registry as dataio
from kezhi.records import registry
from kezhi.web import numbers
from kezhi.web.navigation import places
from kezhi.web.requests import PersonRequest
from kezhi.workbench.searching.lexemes import name_lexemes
from kezhi.workbench.searching.wording import WORDS, read

# C and a letter; a kind without a letter is created from here or from its list.
CREATE_KEYS = {"customer": "c", "contact": "p", "follow_up": "t", "need": "n"}
MOST_SUGGESTED = 7


@dataclass(frozen=True)
class Command:
    """`href` leads somewhere; `run` names what the script does: theme, language or keys."""

    label: str
    icon: str
    href: str = ""
    run: str = ""
    argument: str = ""
    keys: tuple[str, ...] = ()
    also: str = ""  # other words by which it is found


def creating(request: PersonRequest) -> list[tuple[str, str, str]]:
    """Kind, letter and address of what the person may create with two keys."""
    return [
        (str(registry[name].label), letter, f"/{registry[name].address}/new/")
        for name, letter in CREATE_KEYS.items()
        if name in registry
        and registry[name].create is not None
        and request.actor.may("create", name)
    ]


def commands(request: PersonRequest) -> Iterator[Command]:
    """All that this person may do, the most usual first."""
    for kind in registry:
        if kind.create is not None and request.actor.may("create", kind.name):
            letter = CREATE_KEYS.get(kind.name, "")
            yield Command(
                _("New %(kind)s") % {"kind": str(kind.label).lower()},
                "plus",
                f"/{kind.address}/new/",
                keys=("C", letter.upper()) if letter else (),
                also="new create add 新建 新增 添加",
            )
    for place in places(request.actor):
        yield Command(
            _("Go to: %(place)s") % {"place": place.label},
            place.icon,
            place.path,
            keys=("G", place.key.upper()) if place.key else (),
            also=str(place.label),
        )
    for name in dataio.kinds():
        if name in registry and request.actor.may("import", name):
            label = _("Import: %(kind)s") % {"kind": registry[name].label_plural}
            yield Command(label, "upload", f"/imports/?kind={name}", also="import 导入")
    yield Command(
        _("Profile and password"), "user", "/settings/profile/", also="profile 个人资料 密码"
    )
    yield from _appearance()


def _appearance() -> Iterator[Command]:
    yield Command(
        _("Switch between light and dark"),
        "moon",
        run="theme",
        keys=("Ctrl", "Shift", "L"),
        also="theme dark light 主题 深色 浅色 夜间",
    )
    is_chinese = numbers.language() == "zh"
    yield Command(
        "English" if is_chinese else "中文",
        "globe",
        run="language",
        argument="en" if is_chinese else "zh-hans",
        also="language english chinese 语言 英文 中文",
    )
    yield Command(_("Keyboard"), "key", run="keys", keys=("?",), also="shortcuts help 快捷键 帮助")


def matching(request: PersonRequest, text: str) -> list[Command]:
    """The commands whose words begin so, in letters, hanzi, pinyin or initials."""
    wording = read(text)
    if wording.is_empty:
        with_keys = [each for each in commands(request) if each.keys]
        creates = [each for each in with_keys if each.icon == "plus"][:3]
        others = [each for each in with_keys if each.icon != "plus"]
        return [*creates, *others[: MOST_SUGGESTED - 2 - len(creates)], *others[-2:]]
    found = []
    for command in commands(request):
        words = _words(f"{command.label} {command.also}")
        if all(term.is_in(words, WORDS) for term in wording.terms):
            found.append(command)
    return found[:MOST_SUGGESTED]


@lru_cache(maxsize=1_000)  # in two languages: as many as there are places and kinds
def _words(text: str) -> set[str]:
    return name_lexemes(text)
