#!/bin/sh
# Renders lines.tsv as pictures, one line of text each, and writes the items beside them:
#   render.sh FOLDER
# Noise: clean; grain (speckle over the paper); rough (grey ink, blur, strong grain, tilted by 1.2 degrees).
# The same packages give the same pictures; a picture that is there is made anew.
set -eu
out=$1
here=$(dirname "$0")
mkdir -p "$out"
tab=$(printf '\t')

escaped() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

# The noise's filter: strength of the speckle, and blur of the ink.
filter() {
  printf '<filter id="paper" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency="0.8"'
  printf ' numOctaves="2" seed="%s"/><feColorMatrix values="0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  %s 0 0 0 %s"/></filter>' "$1" "$2" "$3"
  printf '<filter id="ink"><feGaussianBlur stdDeviation="%s"/></filter>' "$4"
}

picture() {  # SEED FONT STYLE NOISE TEXT
  slant=normal weight=normal
  case $3 in italic) slant=italic ;; bold) weight=bold ;; esac
  case $4 in
    clean) ink='#000000' tilt=0 defs='' blur='' grain='' ;;
    grain) ink='#101010' tilt=0 defs=$(filter "$1" 4 -2.4 0.3) ;;
    rough) ink='#303030' tilt=1.2 defs=$(filter "$1" 6 -3.4 0.8) ;;
    *) echo "$0: no noise is called '$4'" >&2; exit 1 ;;
  esac
  [ "$4" = clean ] || { blur=' filter="url(#ink)"' grain='<rect width="760" height="90" filter="url(#paper)" opacity="0.3"/>'; }
  printf '<svg xmlns="http://www.w3.org/2000/svg" width="760" height="90"><defs>%s</defs>' "$defs"
  printf '<rect width="760" height="90" fill="#ffffff"/><text x="24" y="54" font-family="%s" font-size="27"' "$2"
  printf ' font-style="%s" font-weight="%s" fill="%s" transform="rotate(%s 380 45)"%s>%s</text>%s</svg>\n' \
    "$slant" "$weight" "$ink" "$tilt" "$blur" "$(escaped "$5")" "$grain"
}

seed=0
grep -v '^#' "$here/lines.tsv" | while IFS=$tab read -r id font style noise text; do
  seed=$((seed + 1))
  picture "$seed" "$font" "$style" "$noise" "$text" >"$out/$id.svg"
  rsvg-convert --output "$out/$id.png" "$out/$id.svg"
  printf '{"id": "%s", "kind": "%s", "prompt": "Write down the text in this picture, and nothing else.", "file": "%s.png", ' "$id" "$noise" "$id"
  printf '"check": {"kind": "cer", "expected": "%s", "at_most": 0.1}}\n' "$text"
done >"$out/items.part"
mv "$out/items.part" "$out/items.jsonl"
