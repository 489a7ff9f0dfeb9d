// write_ledger FILE: the sample ledger, for tests of what the program tells about it.
#include <cstdio>

#include "fakes/sample_ledger.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto done = joulebook::fakes::write_sample_ledger(argv[1]);
  if (!done) std::fprintf(stderr, "write_ledger: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
