// A window around a function, from C++: prints the run's JSON, whose `windows` has one named
// "work". Where no energy can be read the figures are absences with a reason, and that is no error.
#include <joulebook/session.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace {

double work() {
  double sum = 0;
  for (int i = 1; i < 20'000'000; ++i) sum += std::sin(i) / i;
  return sum;
}

int give_up(const joulebook::Error& error) {
  std::fprintf(stderr, "%s\ncure: %s\n", error.message.c_str(), error.cure.c_str());
  return joulebook::exit_code(error.kind);
}

}  // namespace

int main() {
  joulebook::SessionOptions options;
  if (const char* root = std::getenv("JOULEBOOK_SYSROOT")) options.sysroot = root;
  auto session = joulebook::Session::open(options);
  if (!session) return give_up(session.error());

  if (auto begun = (*session)->begin("work"); !begun) return give_up(begun.error());
  const double sum = work();
  if (auto ended = (*session)->end("work"); !ended) return give_up(ended.error());

  const auto report = (*session)->report();
  if (!report) return give_up(report.error());
  std::fprintf(stderr, "the sum is %.6f\n", sum);
  std::puts(report->c_str());
}
