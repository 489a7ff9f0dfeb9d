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
# Another checkout, wherever it lies, finds what was compiled in this one.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1
