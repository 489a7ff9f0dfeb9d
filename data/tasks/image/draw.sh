#!/bin/sh
# Draws an SVG file as a PNG and answers with its size: draw.sh FOLDER FILE
set -eu
mkdir -p "$1"
picture=$(mktemp "$1/drawn-XXXXXX")
trap 'rm -f "$picture"' EXIT
rsvg-convert --output "$picture" "$2"
# The header says width and height, most significant byte first, at 16 and 20.
od -An -tu1 -j16 -N8 "$picture" | awk '{ printf "%d x %d\n", (($1 * 256 + $2) * 256 + $3) * 256 + $4, (($5 * 256 + $6) * 256 + $7) * 256 + $8 }'
