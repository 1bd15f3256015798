"""Lists of dicts as Python prints them, read by SQL over whole columns: `[{'id': 16, 'name': 'Animation'}]`.

A text is read only if all of it is of this grammar, a subset of what `ast.literal_eval` reads:

    list   = [ dict, dict ... ]          dict  = { 'key': value, 'key': value ... }
    value  = string | number | None | True | False
    string = '...' or "...", with the escapes that `repr` writes

Quotes, braces and whole pairs inside a string are part of the string: each dict is taken from its opening to its
closing brace, its strings as units. No pattern here has groups that RE2 must report, which makes it ten times faster.
"""

from __future__ import annotations

from collections.abc import Sequence

from recsys_assets.warehouse.sql import identifier, literal

_HEX = "[0-9a-fA-F]"
_NO_SURROGATE = f"(?:[0-9abcefABCEF]{_HEX}|[dD][0-7]){_HEX}{{2}}"
_LONG = f"U(?:0000{_NO_SURROGATE}|000[1-9a-fA-F]{_HEX}{{4}}|0010{_HEX}{{4}})"
_ESCAPE = rf"""\\(?:[\\'"abfnrtv]|x{_HEX}{{2}}|u{_NO_SURROGATE}|{_LONG})"""
_STRING = rf"""(?:'(?:[^'\\\r\n\x00]|{_ESCAPE})*'|"(?:[^"\\\r\n\x00]|{_ESCAPE})*")"""
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_VALUE = f"(?:{_STRING}|{_NUMBER}|None|True|False)"
_PAIR = f"'[A-Za-z0-9_]+': *{_VALUE}"
_DICT = rf"\{{(?:{_PAIR}(?:, *{_PAIR})*)?\}}"
_LIST = rf"\[(?:{_DICT}(?:, *{_DICT})*)?\]"

_UNITS = r"\\x..|\\u....|\\U........|\\.|[^\\]+"
"""Of a string's inside: an escape, or what lies between two."""

_CONTROL = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


def is_list_of_dicts_sql(text: str) -> str:
    """Whether all of `text` is of the grammar."""
    return f"regexp_full_match({text}, {literal(_LIST)})"


def list_of_dicts_sql(text: str, *, keys: Sequence[str], containing: str = "") -> str:
    """A list of structs with a VARCHAR field per key; NULL where `text` is not of the grammar.

    Strings are unescaped; None, and a key that a dict lacks, are NULL; numbers, True and False are their text. Of a
    key given twice the last counts, as in Python. Dicts without the text `containing` are left out unread.
    """
    dicts = f"regexp_extract_all({text}, {literal(_DICT)})"
    if containing:
        dicts = f"list_filter({dicts}, lambda d: contains(d, {literal(containing)}))"
    found = ", ".join(f"{literal(key)}: {_value_sql('d', key)}" for key in keys)
    decoded = ", ".join(f"{literal(key)}: {_decoded_sql(f'v.{identifier(key)}')}" for key in keys)
    values = f"list_transform({dicts}, lambda d: {{{found}}})"
    return f"CASE WHEN {is_list_of_dicts_sql(text)} THEN list_transform({values}, lambda v: {{{decoded}}}) END"


def _value_sql(dict_: str, key: str) -> str:
    """The value as written: all before it taken away, then the value that the rest begins with."""
    before = literal(rf"^\{{(?:{_PAIR}, *)*'{key}': *")
    return f"regexp_extract(regexp_replace({dict_}, {before}, ''), {literal(f'^{_VALUE}')})"


def _decoded_sql(value: str) -> str:
    inside = f"{value}[2:-2]"
    return (
        f"CASE WHEN {value} IN ('', 'None') THEN NULL "
        f"WHEN {value}[1] NOT IN ('''', '\"') THEN {value} "
        f"WHEN contains({value}, '\\') THEN {_unescaped_sql(inside)} ELSE {inside} END"
    )


def _unescaped_sql(inside: str) -> str:
    control = " ".join(f"WHEN {literal(name)} THEN chr({code})" for name, code in _CONTROL.items())
    return (
        f"array_to_string(list_transform(regexp_extract_all({inside}, {literal(_UNITS)}), "
        "lambda u: CASE WHEN u[1] <> '\\' THEN u "
        "WHEN u[2] IN ('x', 'u', 'U') THEN chr(('0x' || u[3:])::INTEGER) "
        f"ELSE CASE u[2] {control} ELSE u[2] END END), '')"
    )
