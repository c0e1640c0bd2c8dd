#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the text off a picture of the screen (a binary PPM, as QEMU's screendump writes it).

Every cell is compared with the glyphs of drivers/host/font.c, pixel by pixel: one wrong pixel
makes a character unknown. Prints what it read; with --expect, fails unless each text stands there.
"""
import argparse
import os
import re
import sys

FONT = os.path.join(os.path.dirname(__file__), "../../drivers/host/font.c")
WIDTH, HEIGHT, FIRST, IN_LINE = 8, 16, 0x20, 8
UNKNOWN, BOX = "\ufffd", "\u25a1"


def read_font(path):
    """{(16 rows of 8 pixels as '#' and '.'): character}"""
    with open(path, encoding="utf-8") as file:
        sheet = re.findall(r'^ *"([#. ]{71})",$', file.read(), re.M)
    if len(sheet) != 96 // IN_LINE * HEIGHT:
        sys.exit(f"{path}: the sheet has {len(sheet)} lines")
    font = {}
    for n in range(96):
        top, left = n // IN_LINE * HEIGHT, n % IN_LINE * (WIDTH + 1)
        glyph = tuple(line[left:left + WIDTH] for line in sheet[top:top + HEIGHT])
        if glyph in font:
            sys.exit(f"{path}: {font[glyph]!r} and {chr(FIRST + n)!r} look the same")
        font[glyph] = BOX if n == 95 else chr(FIRST + n)
    return font


def read_ppm(path):
    """Width, height, and the rows as strings of '#' (lit) and '.' pixels."""
    with open(path, "rb") as file:
        data = file.read()
    head = re.match(rb"P6\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+255\s", data)
    if not head:
        sys.exit(f"{path}: not a binary PPM of 8 bits")
    width, height = int(head[1]), int(head[2])
    bytes_ = data[head.end():]
    if len(bytes_) < width * height * 3:
        sys.exit(f"{path}: cut short")
    lit = bytes(ord("#") if level >= 64 else ord(".") for level in range(256))
    rows = []
    for y in range(height):
        row = bytes_[y * width * 3:(y + 1) * width * 3]
        bright = bytes(map(max, row[0::3], row[1::3], row[2::3]))
        rows.append(bright.translate(lit).decode())
    return width, height, rows


def read_cell(rows, x, y, scale, font):
    glyph = []
    for line in range(HEIGHT):
        wide = [row[x:x + WIDTH * scale] for row in rows[y + line * scale:y + (line + 1) * scale]]
        thin = wide[0][::scale]
        if any(row != "".join(pixel * scale for pixel in thin) for row in wide):
            return UNKNOWN
        glyph.append(thin)
    return font.get(tuple(glyph), UNKNOWN)


def read_text(picture, scale, font):
    width, height, rows = picture
    return ["".join(read_cell(rows, x, y, scale, font)
                    for x in range(0, width - WIDTH * scale + 1, WIDTH * scale)).rstrip()
            for y in range(0, height - HEIGHT * scale + 1, HEIGHT * scale)]


def known(text):
    return sum(c not in (UNKNOWN, " ") for line in text for c in line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("picture", metavar="FILE.ppm")
    parser.add_argument("--expect", action="append", default=[], metavar="TEXT")
    parser.add_argument("--scale", type=int, choices=(1, 2), help="default: whichever reads more")
    args = parser.parse_args()

    font, picture = read_font(FONT), read_ppm(args.picture)
    texts = [read_text(picture, scale, font) for scale in ([args.scale] if args.scale else (1, 2))]
    text = max(texts, key=known)
    print("\n".join(text).rstrip())
    missing = [want for want in args.expect if not any(want in line for line in text)]
    for want in missing:
        print(f"screen.py: not on the screen: {want!r}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
