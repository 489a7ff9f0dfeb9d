#!/bin/sh
# Speaks a text into a WAV file and answers with the file's length in seconds:
#   speak.sh espeak FOLDER TEXT
#   speak.sh llama FOLDER TEXT ENGINE MODEL VOICE
# What a text takes to say is about 15 characters a second. Pocket TTS makes 12.5 frames a second; one
# of random weights doesn't know when it has said it all, so it is given so many.
set -eu
how=$1 folder=$2 text=$3
mkdir -p "$folder"
sound=$(mktemp "$folder/spoken-XXXXXX")
trap 'rm -f "$sound"' EXIT
case $how in
  espeak)
    espeak-ng -w "$sound" -- "$text"
    ;;
  llama)
    LD_LIBRARY_PATH=$4/../lib:$4/../../lib "$4/llama-tts" --model "$5" --mmproj "$6" --prompt "$text" \
      --predict $((${#text} * 125 / 150 + 1)) --output "$sound" >"$sound.log" 2>&1 ||
      { code=$?; tail -n 3 "$sound.log" >&2; rm -f "$sound.log"; echo "llama-tts ended with code $code" >&2; exit 1; }
    rm -f "$sound.log"
    ;;
  *) echo "speak.sh: nothing speaks as '$how'" >&2; exit 2 ;;
esac
# The header's rate (bytes a second, at 28) and what follows the header of 44 bytes.
rate=$(od -An -tu4 -j28 -N4 "$sound")
bytes=$(wc -c <"$sound")
awk -v bytes="$bytes" -v rate="$rate" 'BEGIN { if (bytes < 45 || rate < 1) exit 1; printf "%.2f\n", (bytes - 44) / rate }'
