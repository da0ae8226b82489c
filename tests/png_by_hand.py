"""PNG files that Pillow does not write: 16-bit colours, and far too many pixels."""

import struct
import zlib

GREY, RGB, GREY_ALPHA, RGBA = 0, 2, 4, 6


def png(width, height, depth, colours, rows, chunks=b"") -> bytes:
    """Build a file from its rows, each the bytes of its pixels."""
    packer = zlib.compressobj()
    data = b"".join(packer.compress(b"\0" + row) for row in rows) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunks
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    """Frame data as the PNG standard asks for."""
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check
