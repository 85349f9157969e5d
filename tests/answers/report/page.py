"""An HTML page taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "link", "input", "hr"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, name: str) -> list[Element]:
        found = [child for child in self.children if child.name == name]
        return found + [one for child in self.children for one in child.all(name)]

    def every(self) -> list[Element]:
        return [self, *(one for child in self.children for one in child.every())]

    @property
    def text(self) -> str:
        return "".join([*self.texts, *(child.text for child in self.children)]).strip()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].texts.append(data)


def parsed(text: str) -> Element:
    """The page; fails for tags that do not close as they opened."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    assert len(builder.open) == 1
    return builder.root
