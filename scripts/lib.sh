# Shared by quickstart, check and setup. Sourced, never run.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$root/build"
started=$SECONDS

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
[ -t 2 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '==> %s\n' "$*" >&2; }

die() {  # die EXIT_CODE MESSAGE...
  local code=$1
  shift
  printf 'joulebook: %s\n' "$@" >&2
  exit "$code"
}

elapsed() { printf '%d min %02d s' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)); }

# ccache without a preprocessor run of its own before each compilation.
export CCACHE_DEPEND=1

# The distribution's own interpreter: another one on the PATH may lack headers or venv.
system_python() { [ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3; }

# Python packages, each pinned by its hash, in an environment of their own. Made once, and anew when
# the list changes; several may ask at a time. Uses the network where it makes one, and else not.
pinned_venv() (  # VENV REQUIREMENTS ERROR [PIP_OPTION...]
  stamp=$(sha256sum <"$2")
  mkdir -p "$(dirname "$1")"
  exec 8>"$1.lock"
  flock 8
  [ -f "$1/stamp" ] && [ "$(cat "$1/stamp")" = "$stamp" ] && exit 0
  rm -rf "$1"
  "$(system_python)" -m venv "$1" 8>&-
  "$1/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps "${@:4}" -r "$2" >&2 8>&- ||
    die 6 "$3"
  echo "$stamp" >"$1/stamp"
)

# Another checkout, wherever it lies, finds what was compiled in this one.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1
