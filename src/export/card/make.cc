#include "export/card/make.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulebook::card {
namespace {

constexpr std::string_view kShorter = "take a shorter span, a card a week or a day: --since, --until";

std::string record_part(const std::string& id) { return std::string(kRecordsFolder) + id + ".json"; }

}  // namespace

std::string part_text(const Json& document) { return document.dump(1) + "\n"; }

Result<CardMaker> CardMaker::make(Statement statement, bool keep, CardLimits limits) {
  auto builder = CardBuilder::make(std::move(statement));
  if (!builder) return fail(builder.error());
  return CardMaker(std::move(*builder), keep, limits);
}

void CardMaker::hold(std::string name, std::string bytes) {
  evidence_.push_back({name, bytes.size(), sha256_hex(bytes)});
  if (keep_) parts_.push_back({std::move(name), std::move(bytes)});
}

Status CardMaker::add(const Record& record) {
  if (auto ok = builder_.add(record); !ok) return ok;
  hold(record_part(record.id), part_text(record.json()));
  return {};
}

Status CardMaker::add_request(const Json& row) {
  if (++requests_ > limits_.requests) {
    return fail(ErrorKind::resource, "card.too_many", fmt::format("the selection holds more than {} requests", limits_.requests), std::string(kShorter));
  }
  if (auto ok = builder_.add_request(row); !ok) return ok;
  return append(rows_, row);
}

Status CardMaker::add_window(const Json& window) {
  if (auto ok = builder_.add_window(window); !ok) return ok;
  return append(windows_, window);
}

Status CardMaker::append(Lines& lines, const Json& document) {
  const std::string line = document.dump() + "\n";
  lines.digest.add(line);
  lines.bytes += line.size();
  if (!keep_) return {};
  if (rows_.bytes + windows_.bytes > limits_.bytes) {
    return fail(ErrorKind::resource, "bundle.too_large", fmt::format("the selection's rows and windows are more than {} bytes", limits_.bytes), std::string(kShorter));
  }
  lines.text += line;
  return {};
}

void CardMaker::hold(std::string_view name, Lines& lines) {
  if (lines.bytes == 0) return;
  evidence_.push_back({std::string(name), lines.bytes, lines.digest.hex()});
  if (keep_) parts_.push_back({std::string(name), std::move(lines.text)});
}

Status CardMaker::add_samples(const std::string& record, std::string trace) {
  const auto is_its = [name = record_part(record)](const Evidence& e) { return e.part == name; };
  if (std::none_of(evidence_.begin(), evidence_.end(), is_its)) {
    return fail(ErrorKind::usage, "card.samples", "samples of " + record + ", which is not in the selection",
                "name that run, too");
  }
  hold(std::string(kSamplesFolder) + record + ".trace", std::move(trace));
  return {};
}

Result<Json> CardMaker::finish() {
  hold(std::string(kStatementPart), part_text(builder_.statement().json()));
  // The first part, though it is whole only now.
  std::rotate(evidence_.rbegin(), evidence_.rbegin() + 1, evidence_.rend());
  if (keep_) std::rotate(parts_.rbegin(), parts_.rbegin() + 1, parts_.rend());
  hold(kWindowsPart, windows_);
  hold(kRequestsPart, rows_);
  auto card = builder_.finish(evidence_);
  if (card && keep_) parts_.insert(parts_.begin(), {std::string(kCardPart), part_text(*card)});
  return card;
}

Result<std::string> CardMaker::bundle() const { return pack(parts_); }

}  // namespace joulebook::card
