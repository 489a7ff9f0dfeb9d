#pragma once
// The words that stand for enumerators in `joulebook.study/1`. They belong to the file format: they
// stay when a name in the code changes.
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "study/records.h"

namespace joulebook::study_format {

constexpr auto words(Mode) {
  return std::to_array<std::pair<Mode, std::string_view>>(
      {{Mode::direct, "direct"}, {Mode::reason, "reason"}});
}
constexpr auto words(Checker::Kind) {
  using K = Checker::Kind;
  return std::to_array<std::pair<K, std::string_view>>({{K::none, "none"},
                                                        {K::exact, "exact"},
                                                        {K::number, "number"},
                                                        {K::regex, "regex"},
                                                        {K::json, "json"},
                                                        {K::label, "label"},
                                                        {K::spans, "spans"},
                                                        {K::wer, "wer"},
                                                        {K::cer, "cer"},
                                                        {K::rouge_l, "rouge_l"},
                                                        {K::nearest, "nearest"}});
}
constexpr auto words(CommandOptions::Input) {
  using I = CommandOptions::Input;
  return std::to_array<std::pair<I, std::string_view>>(
      {{I::whole, "stdin"}, {I::none, "none"}, {I::line, "line"}, {I::json, "json"}});
}
constexpr auto words(Reasoning) {
  using R = Reasoning;
  return std::to_array<std::pair<R, std::string_view>>(
      {{R::unset, "unset"}, {R::on, "on"}, {R::off, "off"}});
}
constexpr auto words(Phase) {
  using P = Phase;
  return std::to_array<std::pair<P, std::string_view>>({{P::queue, "queue"},
                                                        {P::prefill, "prefill"},
                                                        {P::cached, "cached"},
                                                        {P::reason, "reason"},
                                                        {P::answer, "answer"},
                                                        {P::wasted, "wasted"}});
}
constexpr auto words(Finish) {
  using F = Finish;
  return std::to_array<std::pair<F, std::string_view>>(
      {{F::stop, "stop"}, {F::length, "length"}, {F::cancelled, "cancelled"}});
}
constexpr auto words(SensorKind) {
  using S = SensorKind;
  return std::to_array<std::pair<S, std::string_view>>({{S::energy_counter, "energy_counter"},
                                                        {S::power_gauge, "power_gauge"},
                                                        {S::busy_time, "busy_time"}});
}
constexpr auto words(ErrorKind) {
  using E = ErrorKind;
  return std::to_array<std::pair<E, std::string_view>>({{E::negative, "negative"},
                                                        {E::usage, "usage"},
                                                        {E::input, "input"},
                                                        {E::no_reading, "no_reading"},
                                                        {E::engine, "engine"},
                                                        {E::resource, "resource"},
                                                        {E::interrupted, "interrupted"}});
}
constexpr auto words(Tier) {
  using T = Tier;
  return std::to_array<std::pair<T, std::string_view>>({{T::measured, "measured"},
                                                        {T::apportioned, "apportioned"},
                                                        {T::modelled, "modelled"},
                                                        {T::published, "published"}});
}

template <class E>
[[nodiscard]] std::string_view word_of(E value) {
  constexpr auto kWords = words(E{});
  for (const auto& [v, word] : kWords) {
    if (v == value) return word;
  }
  return "unknown";
}

template <class E>
[[nodiscard]] std::optional<E> value_of(std::string_view text) {
  constexpr auto kWords = words(E{});
  for (const auto& [value, word] : kWords) {
    if (word == text) return value;
  }
  return std::nullopt;
}

}  // namespace joulebook::study_format
