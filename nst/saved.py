"""A run in a file, so that it can go on elsewhere: NumPy's .npz, with no pickle in it.

Beside the arrays it holds one text, the settings as JSON. The file appears whole or
not at all, see `nst.images.write_whole`.
"""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from nst.images import write_whole

import numpy as np

ENDING = ".npz"
TEXT = "settings"


def write_run(path, settings: Mapping, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write settings and arrays into one file.

    Args:
        path: Ends in .npz.
        settings: Plain JSON types.
        arrays: By name.

    Returns:
        The path written.

    Raises:
        ValueError: If the path ends in anything else.
        OSError: If it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ENDING:
        raise ValueError(
            f"Expected a file name that ends in {ENDING}, but received '{path}'; a "
            "picture alone is written by save_image."
        )
    text = np.array(json.dumps(settings, ensure_ascii=False))
    write_whole(path, lambda file: np.savez(file, **{TEXT: text}, **arrays))
    return path


def read_run(path) -> tuple[dict, dict[str, np.ndarray]]:
    """Read the settings and arrays that `write_run` wrote.

    Args:
        path: The file.

    Returns:
        Settings, and arrays by name.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a saved run at '{path}', but there is no such file; give the "
            f"{ENDING} file that a stopped run left."
        )
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as entries:
            arrays = {name: entries[name] for name in entries.files}
        return json.loads(arrays.pop(TEXT).item()), arrays
    except (ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile):
        raise ValueError(
            f"Expected a saved run in '{path}', but the file is damaged or something "
            f"else; give the {ENDING} file that a stopped run left."
        ) from None
