"""Names of model inputs from names of columns, which may be anything."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

_TAKEN = ("self", "raw", "args", "kwargs", "training")  # names that TensorFlow's own calls have


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """{column: name of the model's input}: ASCII letters, digits and underscores, a letter first.

    Accents go, everything else becomes `_`; a name without a letter in front gets `column_`, one that is a word of Python
    gets `_` behind, and one that is there already `_2`, `_3` …. Names that need none of this stay as they are.
    """
    columns = list(columns)
    names = {column: column for column in columns if _is_sound(column)}
    used = set(names.values())
    for number, column in enumerate(columns, start=1):
        if column not in names:
            names[column] = _free(_sound(column, number), used)
            used.add(names[column])
    return {column: names[column] for column in columns}


def _is_sound(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)) and not keyword.iskeyword(name) and name not in _TAKEN


def _sound(column: str, number: int) -> str:
    plain = unicodedata.normalize("NFKD", column)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    name = re.sub(r"[^A-Za-z0-9_]+", "_", plain).strip("_")
    if not name:
        return f"column_{number}"
    if not name[0].isalpha():
        return f"column_{name}"
    return name if _is_sound(name) else f"{name}_"


def _free(name: str, used: set[str]) -> str:
    if name not in used:
        return name
    return next(f"{name}_{count}" for count in range(2, len(used) + 3) if f"{name}_{count}" not in used)
