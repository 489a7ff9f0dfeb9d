#include "core/text.h"
#include "meter/cpu_watch.h"

namespace joulebook {
namespace {

std::vector<std::string_view> fields(std::string_view line) {
  std::vector<std::string_view> out;
  for (const auto field : split(line, ' ')) {
    if (!field.empty()) out.push_back(field);
  }
  return out;
}

}  // namespace

// Fields as in proc(5): the command, in parentheses, may hold anything; state is the 3rd field,
// ppid the 4th, utime to cstime the 14th to 17th, starttime the 22nd.
std::optional<ProcStat> parse_proc_stat(std::string_view line) {
  const auto close = line.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  const auto rest = fields(trim(line.substr(close + 1)));
  if (rest.size() < 15) return std::nullopt;
  const auto parent = parse_int(rest[1]);
  const auto number = [&](std::size_t field) { return parse_uint(rest[field - 3]); };
  const auto utime = number(14);
  const auto stime = number(15);
  const auto cutime = number(16);
  const auto cstime = number(17);
  if (!parent || !utime || !stime || !cutime || !cstime) return std::nullopt;
  const auto born = rest.size() > 22 - 3 ? number(22) : std::nullopt;
  return ProcStat{rest[0].front(), static_cast<int>(*parent), *utime, *stime, *cutime, *cstime,
                  born.value_or(0)};
}

// user nice system idle iowait irq softirq steal: guest time is inside user, and steal is left out,
// as the busy-time sensor leaves it out: it is time that this machine did not run.
std::optional<MachineStat> parse_machine_stat(std::string_view text) {
  MachineStat stat;
  bool found = false;
  for (const auto line : split(text, '\n')) {
    if (!line.starts_with("cpu")) continue;
    const auto columns = fields(line);
    if (columns.front() != "cpu") {
      ++stat.threads;
      continue;
    }
    if (columns.size() < 5) return std::nullopt;
    found = true;
    for (const std::size_t column : {1UZ, 2UZ, 3UZ, 6UZ, 7UZ}) {
      if (column < columns.size()) stat.busy += parse_uint(columns[column]).value_or(0);
    }
  }
  if (!found) return std::nullopt;
  return stat;
}

}  // namespace joulebook
