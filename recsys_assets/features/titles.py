"""When do two titles name the same film? Keys to compare by, as SQL over whole columns."""

from __future__ import annotations

ALSO_KNOWN_AS = r"a\.?\s?k\.?\s?a\.?[:\s]\s*"


def title_key_sql(title: str) -> str:
    """`Cité des enfants perdus, La` and `LA CITE DES ENFANTS PERDUS` -> one key; NULL where no letter is left.

    Case, accents, punctuation and a leading English article do not count; `&` is `and`.
    """
    plain = f"replace(strip_accents(lower({title})), '&', ' and ')"
    joined = f"regexp_replace({plain}, '[''’`.]', '', 'g')"
    words = f"trim(regexp_replace({joined}, '[^\\p{{L}}\\p{{N}}]+', ' ', 'g'))"
    return f"nullif(regexp_replace({words}, '^(the|a|an) ', ''), '')"


def title_keys_sql(title: str) -> str:
    """All keys of a title, as a list: the whole, the part before a bracket, and each name in brackets.

    `Seven (a.k.a. Se7en)` -> `seven a k a se7en`, `seven`, `se7en`. A title that opens with a bracket,
    `(500) Days of Summer`, is only itself.
    """
    names = f"string_split_regex(regexp_replace({title}, '(?i){ALSO_KNOWN_AS}', '', 'g'), '[()]')"
    alternatives = f"CASE WHEN starts_with({title}, '(') THEN [] ELSE {names} END"
    keys = f"list_transform(list_concat([{title}], {alternatives}), lambda x: {title_key_sql('x')})"
    return f"list_distinct(list_filter({keys}, lambda x: x IS NOT NULL))"
