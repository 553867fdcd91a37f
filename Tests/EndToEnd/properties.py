"""A reader of Java's Properties format, as java.util.Properties.load(InputStream) reads it."""

SPACES = " \t\f"


def load(data: bytes) -> dict[str, str]:
    """The entries of a file; a later one wins. Values may hold lone surrogates, joined here to characters."""
    entries = {}
    for line in logical_lines(data.decode("latin-1")):
        key, value = split(line)
        entries[unescape(key)] = unescape(value)
    return entries


def logical_lines(text: str) -> list[str]:
    """Natural lines without blank ones and comments, joined where an odd number of backslashes ends one.

    As long as a logical line is empty, also after a lone backslash, a comment or a blank line is skipped.
    """
    lines, pending = [], ""
    *naturals, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for natural in naturals:
        stripped = natural.lstrip(SPACES)
        if not pending and (not stripped or stripped[0] in "#!"):
            continue
        line = pending + stripped
        pending = without_odd_backslash(line)
        if pending == line:
            lines.append(line)
            pending = ""
    stripped = last.lstrip(SPACES)
    if pending or stripped and stripped[0] not in "#!":
        lines.append(without_odd_backslash(pending + stripped))
    return lines


def without_odd_backslash(line: str) -> str:
    """The line, but for a backslash at its end that escapes nothing."""
    return line[:-1] if (len(line) - len(line.rstrip("\\"))) % 2 else line


def split(line: str) -> tuple[str, str]:
    """The key ends at the first unescaped separator: spaces, and among them at most one of = and :."""
    index, escaped = 0, False
    while index < len(line) and (escaped or line[index] not in SPACES + "=:"):
        escaped = line[index] == "\\" and not escaped
        index += 1
    rest = line[index:].lstrip(SPACES)
    if rest and rest[0] in "=:":
        rest = rest[1:].lstrip(SPACES)
    return line[:index], rest


def unescape(text: str) -> str:
    """Undoes the escapes; a backslash before anything else is dropped."""
    result, index = [], 0
    while index < len(text):
        character = text[index]
        index += 1
        if character != "\\" or index == len(text):
            if character != "\\":
                result.append(character)
            continue
        character = text[index]
        index += 1
        if character == "u":
            result.append(chr(int(text[index : index + 4], 16)))
            index += 4
        else:
            result.append({"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(character, character))
    joined = "".join(result)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
