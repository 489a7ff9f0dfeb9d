#!/bin/sh
# Writes the items: the spoken passages of Debian's pocketsphinx-testdata with their transcripts.
#   passages.sh FOLDER [TESTDATA]
# Sentences of a novel read aloud (16 kHz, LibriVox), and playing cards named over a microphone.
set -eu
out=$1
data=${2:-/usr/share/pocketsphinx/test/data}
for file in librivox/transcription cards/cards.transcription; do
  [ -r "$data/$file" ] || { echo "$data/$file is not there: install pocketsphinx-testdata" >&2; exit 1; }
done
mkdir -p "$out"

# "<s> words </s> (name)" a line; at most one word in four may be wrong.
items() {  # KIND TRANSCRIPTION FOLDER
  sed -n 's,^<s> *\(.*[^ ]\) *</s> (\(.*\))$,\2\t\1,p' "$2" | while read -r name words; do
    printf '{"id": "%s-%s", "kind": "%s", "prompt": "Write down what is said.", "file": "%s/%s.wav", ' \
      "$1" "${name##*-}" "$1" "$3" "$name"
    printf '"check": {"kind": "wer", "expected": "%s", "at_most": 0.25}}\n' "$words"
  done
}

{
  items novel "$data/librivox/transcription" "$data/librivox"
  items cards "$data/cards/cards.transcription" "$data/cards"
} >"$out/items.part"
[ -s "$out/items.part" ] || { echo "no transcript was found under $data" >&2; exit 1; }
mv "$out/items.part" "$out/items.jsonl"
