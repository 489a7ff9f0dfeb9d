#include "physics/machine/hardware.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/csv_table.h"
#include "core/text.h"

namespace joulebook {
std::string_view hardware_csv();  // the embedded file
}  // namespace joulebook

namespace joulebook::physics {
namespace {

using Words = std::vector<std::string>;

// "NVIDIA A100-SXM4-40GB" -> a100 sxm4 40gb: no maker, no line of products.
Words words_of(std::string_view name) {
  static constexpr std::string_view kPassedOver[] = {"nvidia",   "amd",   "tesla",    "geforce",
                                                     "instinct", "intel", "graphics", "gpu",
                                                     "google",   "habana"};
  Words words(1);
  for (const char c : lower(name.substr(0, 256))) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  std::erase_if(words, [](const std::string& word) {
    return word.empty() || std::ranges::find(kPassedOver, word) != std::end(kPassedOver);
  });
  return words;
}

bool has_all(const Words& words, const Words& part) {
  return !part.empty() && std::ranges::all_of(part, [&](const std::string& word) {
    return std::ranges::find(words, word) != words.end();
  });
}

struct Alias {
  Words words;
  const Hardware* device;
};

// Each alias of the catalogue taken apart, once: a sweep looks devices up 100,000 times.
const std::vector<Alias>& aliases() {
  static const std::vector<Alias> all = [] {
    std::vector<Alias> list;
    for (const auto& h : hardware_catalogue()) {
      for (const auto& alias : h.aliases) list.push_back({words_of(alias), &h});
    }
    return list;
  }();
  return all;
}

// The largest of "16/32"; the middle of "55-62". Nothing where words follow: not the device alone.
std::optional<double> largest(std::string_view text) {
  std::optional<double> best;
  for (const auto part : split(text, '/')) {
    for (const auto end : split(part, '-')) {
      const auto n = parse_double(trim(end));
      if (n && *n > best.value_or(0)) best = n;
    }
  }
  return best;
}

std::optional<double> middle(std::string_view text) {
  const auto ends = split(text, '-');
  const auto lo = parse_double(trim(ends.front()));
  const auto hi = parse_double(trim(ends.back()));
  if (!lo || !hi) return std::nullopt;
  return (*lo + *hi) / 2;
}

std::optional<double> scaled(std::optional<double> n, double unit) {
  if (!n || !(*n > 0)) return std::nullopt;
  return *n * unit;
}

Result<Hardware> read_row(const CsvTable::Row& row) {
  Hardware h;
  h.name = row.text("device");
  h.device_class = row.text("class");
  h.memory_type = row.text("mem_type");
  h.memory_bytes = largest(row.text("mem_gb")).value_or(0) * 1e9;
  h.bandwidth = largest(row.text("mem_bw_gb_s")).value_or(0) * 1e9;
  const auto rate = [&](std::string_view column) { return scaled(row.number(column), 1e12); };
  h.fp16 = rate("fp16_dense_tflops");
  h.bf16 = rate("bf16_dense_tflops");
  h.fp8 = rate("fp8_dense_tflops");
  h.int8 = rate("int8_dense_tops");
  h.fp4 = rate("fp4_dense_tflops");
  h.fp32 = rate("fp32_tflops");
  h.tdp_w = scaled(row.number("tdp_w"), 1);
  h.idle_w = middle(row.text("idle_w_measured"));
  h.min_cap_w = scaled(row.number("min_cap_w"), 1);
  h.boost_mhz = scaled(row.number("boost_mhz"), 1);
  h.memory_mhz = scaled(row.number("memory_mhz"), 1);
  h.link = row.text("link");
  h.link_bytes_s = scaled(row.number("link_gb_s"), 1e9);
  h.pcie_bytes_s = scaled(row.number("pcie_gb_s"), 1e9);
  h.status = row.text("status");
  h.source = row.text("source");
  h.link_source = row.text("link_source");
  for (const auto alias : split(row.text("aliases"), ';')) {
    if (!trim(alias).empty()) h.aliases.emplace_back(trim(alias));
  }
  h.aliases.push_back(join(words_of(h.name), " "));
  if (h.name.empty() || !(h.memory_bytes > 0) || !(h.bandwidth > 0)) {
    return fail(ErrorKind::input, "hardware.catalogue",
                fmt::format("line {} lacks a name, a memory size or a bandwidth", row.line()),
                "fill device, mem_gb and mem_bw_gb_s");
  }
  return h;
}

const Hardware* find_by_words(const Words& words) {
  const Hardware* best = nullptr;
  std::size_t most = 0;
  for (const auto& [part, device] : aliases()) {
    if (part.size() <= most || !has_all(words, part)) continue;
    best = device;
    most = part.size();
  }
  return best;
}

// "rtx4090", "rtx3060ti": a line of products of three letters and more, or what is added to a number, may stand
// without a space.
Words taken_apart(const Words& words) {
  Words out;
  for (const std::string& word : words) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto first = static_cast<std::size_t>(std::ranges::find_if(word, digit) - word.begin());
    const auto last = static_cast<std::size_t>(std::find_if_not(word.begin() + static_cast<std::ptrdiff_t>(first), word.end(), digit) - word.begin());
    if (first < 3 || first == word.size()) {
      out.push_back(word);
      continue;
    }
    out.push_back(word.substr(0, first));
    out.push_back(word.substr(first, last - first));
    if (last < word.size()) out.push_back(word.substr(last));
  }
  return out;
}

struct Several {
  std::uint64_t count;
  const Hardware* device;
};

// "8xH100", "8 x H100", "H100 x8".
std::optional<Several> several_of(const Words& words) {
  Words rest;
  std::optional<std::uint64_t> count;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto x = word.find('x');
    const bool beside = i + 1 < words.size() && words[i + 1] == "x";
    if (const auto n = parse_uint(word); n && beside) {
      count = n;
      ++i;
    } else if (const auto before = parse_uint(word.substr(0, x)); x != word.npos && before) {
      count = before;
      if (x + 1 < word.size()) rest.push_back(word.substr(x + 1));  // of a grid, 2x2x1, no device follows
    } else if (const auto after = x == 0 ? parse_uint(word.substr(1)) : std::nullopt; after) {
      count = after;
    } else {
      rest.push_back(word);
    }
  }
  const Hardware* device = count ? find_by_words(rest) : nullptr;
  return device != nullptr ? std::optional(Several{*count, device}) : std::nullopt;
}

// Up to three devices whose names are near.
std::string nearest_devices(std::string_view name) {
  std::vector<std::string> candidates;
  for (const auto& h : hardware_catalogue()) {
    candidates.insert(candidates.end(), h.aliases.begin(), h.aliases.end());
  }
  const std::string wanted = join(words_of(name), " ");
  Words found;
  for (int i = 0; i < 12 && found.size() < 3; ++i) {
    const auto alias = nearest(wanted, candidates);
    if (!alias) break;
    std::erase(candidates, *alias);
    const auto owner = find_hardware(*alias);
    if (owner && std::ranges::find(found, owner->name) == found.end()) found.push_back(owner->name);
  }
  return join(found, ", ");
}

}  // namespace

std::optional<double> Hardware::rate(double operand_bits) const {
  if (operand_bits <= 4.75 && fp4) return fp4;
  if (operand_bits <= 8.5 && operand_bits > 4.75 && (fp8 || int8)) return fp8 ? fp8 : int8;
  return rate16();
}

Result<std::vector<Hardware>> parse_hardware(std::string_view csv) {
  const auto table =
      CsvTable::parse(csv, "hardware.catalogue", {"device", "mem_gb", "mem_bw_gb_s", "tdp_w"});
  if (!table) return fail(table.error());
  std::vector<Hardware> devices;
  for (std::size_t i = 0; i < table->size(); ++i) {
    auto read = read_row(table->row(i));
    if (!read) return fail(read.error());
    devices.push_back(std::move(*read));
  }
  return devices;
}

std::span<const Hardware> hardware_catalogue() {
  static const std::vector<Hardware> devices = [] {
    auto read = parse_hardware(hardware_csv());
    return read ? std::move(*read) : std::vector<Hardware>{};  // a test reads it
  }();
  return devices;
}

Result<Hardware> find_hardware(std::string_view name) {
  const Words words = words_of(name);
  if (const auto several = several_of(words)) {
    if (several->count == 1) return *several->device;
    return fail(ErrorKind::input, "hardware.several", fmt::format("'{}' is {} devices", name, several->count),
                fmt::format("name one, \"{}\", and say how many apart from it: --gpus {}, in a claim gpus = \"{}\"",
                            several->device->name, several->count, several->count));
  }
  if (const Hardware* found = find_by_words(words)) return *found;
  if (const Hardware* found = find_by_words(taken_apart(words))) return *found;
  const std::string near = nearest_devices(name);
  return fail(ErrorKind::input, "hardware.unknown",
              near.empty() ? fmt::format("unknown GPU '{}'", name)
                           : fmt::format("unknown GPU '{}': nearest {}", name, near),
              "name a device of data/hardware.csv, as \"H100\" or \"A100-SXM4-40GB\"");
}

}  // namespace joulebook::physics
