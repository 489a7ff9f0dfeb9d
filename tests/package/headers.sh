#!/usr/bin/env bash
# joulebook.h is C89, C11, C++98 and later; the C++ headers are C++20 and later, each by itself.
#   headers.sh CC CXX INCLUDE
set -euo pipefail
strict="-pedantic-errors -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror -fsyntax-only"
for standard in c89 c99 c11 c17; do
  echo '#include <joulebook/joulebook.h>' | $1 -std=$standard $strict -I "$3" -x c -
done
for standard in c++98 c++11 c++17 c++20 c++23; do
  echo '#include <joulebook/joulebook.h>' | $2 -std=$standard ${strict/-Wstrict-prototypes/} -I "$3" -x c++ -
done
for header in "$3"/joulebook/*.h; do
  echo "#include <joulebook/$(basename "$header")>" | $2 -std=c++20 ${strict/-Wstrict-prototypes/} -I "$3" -x c++ -
done
