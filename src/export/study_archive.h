#pragma once
// How a record becomes JSON and back from one list of its fields (study_fields.h): Writer walks the
// list and sets members, Reader walks the same list and fills the record. Inside of study_json.cc;
// no other file includes it.
//
// Reader keeps the first failure with its place ("/trials/3/energy") and passes over what follows.
#include <fmt/format.h>

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/text.h"
#include "export/study_words.h"

namespace joulebook::study_format {

class Writer;
class Reader;

// The record type as an archive sees it: const to the writer.
template <class Ar, class T>
using Of = std::conditional_t<Ar::kReads, T, const T>;

template <class T>
concept Word = std::is_enum_v<T>;
template <class T>
concept Whole = std::integral<T> && !std::same_as<T, bool>;
template <class T>
concept Record = std::is_class_v<T>;

class Writer {
 public:
  static constexpr bool kReads = false;

  template <class T>
  void operator()(const char* name, const T& value) {
    out_.set(name, put(value));
  }
  template <class T>
  void operator()(const char* name, const std::optional<T>& value) {
    if (value) out_.set(name, put(*value));
  }
  template <class T>
  void nested(const char* name, const T& view) {
    out_.set(name, put(view));
  }
  // A member that follows from others: written for people, never read.
  void derived(const char* name, Json value) { out_.set(name, std::move(value)); }
  [[nodiscard]] Json take() { return std::move(out_); }

 private:
  static Json put(bool value) { return value; }
  static Json put(double value) { return value; }
  static Json put(const std::string& value) { return value; }
  static Json put(const Json& value) { return value; }
  static Json put(const Quantity& value) { return to_json(value); }
  static Json put(SteadyTime value) { return value.ns; }
  static Json put(Nanos value) { return std::int64_t{value.count()}; }
  static Json put(MicroJoules value) { return value.count; }
  static Json put(Tokens value) { return value.count; }
  static Json put(Watts value) { return value.value(); }
  static Json put(Interval value) { return Json::array({value.lo, value.hi}); }

  // Beyond a signed 64-bit integer JSON readers lose digits: such a number is written as text.
  template <Whole T>
  static Json put(T value) {
    if (std::in_range<std::int64_t>(value)) return static_cast<std::int64_t>(value);
    return fmt::format("{}", value);
  }
  template <Word T>
  static Json put(T value) {
    return word_of(value);
  }
  template <class T>
  static Json put(const std::vector<T>& values) {
    Json::Array items;
    items.reserve(values.size());
    for (const auto& value : values) items.push_back(put(value));
    return items;
  }
  template <Word K, class T>
  static Json put(const std::map<K, T>& values) {
    Json object = Json::object();
    for (const auto& [key, value] : values) object.set(std::string(word_of(key)), put(value));
    return object;
  }
  template <Record T>
  static Json put(const T& record) {
    Writer inner;
    inner.out_ = Json::object();
    fields(inner, record);
    return inner.take();
  }

  Json out_ = Json::object();
};

class Reader {
 public:
  static constexpr bool kReads = true;

  explicit Reader(const Json& in) : in_(&in) {}

  template <class T>
  void operator()(const char* name, T& value) {
    member(name, value);
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& value) {
    value.reset();
    if (failure_ || !in_->has(name)) return;
    member(name, value.emplace());
  }
  template <class T>
  void nested(const char* name, T view) {
    member(name, view);
  }
  void derived(const char*, const Json&) {}

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  template <class T>
  void member(const char* name, T& value) {
    if (failure_) return;
    place_.push_back(name);
    if (!in_->has(name)) {
      refuse("is missing");
    } else {
      get((*in_)[name], value);
    }
    place_.pop_back();
  }

  void refuse(std::string what) {
    std::string path;
    for (const auto& step : place_) path += "/" + step;
    failure_ = Error{ErrorKind::input, "study.malformed", path + " " + std::move(what),
                     "compare the file with docs/schema/study.schema.json"};
  }

  void get(const Json& json, bool& value) {
    if (!json.is_bool()) return refuse("must be true or false");
    value = json.as_bool();
  }
  void get(const Json& json, double& value) {
    if (json.is_null()) {
      value = std::numeric_limits<double>::infinity();
      return;
    }
    if (!json.is_number()) return refuse("must be a number");
    value = json.as_double();
  }
  void get(const Json& json, std::string& value) {
    if (!json.is_string()) return refuse("must be text");
    value = json.as_string();
  }
  void get(const Json& json, Json& value) { value = json; }
  void get(const Json& json, Quantity& value) {
    auto quantity = quantity_from_json(json);
    if (!quantity) return refuse("is " + quantity.error().message);
    value = std::move(*quantity);
  }
  void get(const Json& json, SteadyTime& value) { get(json, value.ns); }
  void get(const Json& json, MicroJoules& value) { get(json, value.count); }
  void get(const Json& json, Tokens& value) { get(json, value.count); }
  void get(const Json& json, Nanos& value) {
    std::int64_t count = 0;
    get(json, count);
    value = Nanos(count);
  }
  void get(const Json& json, Watts& value) {
    double watts = 0;
    get(json, watts);
    value = Watts(watts);
  }
  void get(const Json& json, Interval& value) {
    if (!json.is_array() || json.items().size() != 2) return refuse("must be two numbers");
    get(json.at(0), value.lo);
    get(json.at(1), value.hi);
  }
  template <Whole T>
  void get(const Json& json, T& value) {
    if (json.is_string() && std::same_as<T, std::uint64_t>) {
      const auto number = parse_uint(json.as_string());
      if (!number) return refuse("must be a whole number");
      value = static_cast<T>(*number);
    } else if (!json.is_int() || !std::in_range<T>(json.as_int())) {
      refuse("must be a whole number in range");
    } else {
      value = static_cast<T>(json.as_int());
    }
  }
  template <Word T>
  void get(const Json& json, T& value) {
    const auto word = value_of<T>(json.as_string());
    if (!word) return refuse("is not one of the words allowed here");
    value = *word;
  }
  template <class T>
  void get(const Json& json, std::vector<T>& values) {
    if (!json.is_array()) return refuse("must be a list");
    values.clear();
    values.reserve(json.items().size());
    for (const auto& item : json.items()) {
      place_.push_back(fmt::format("{}", values.size()));
      get(item, values.emplace_back());
      place_.pop_back();
      if (failure_) return;
    }
  }
  template <Word K, class T>
  void get(const Json& json, std::map<K, T>& values) {
    if (!json.is_object()) return refuse("must be an object");
    values.clear();
    for (const auto& [name, item] : json.members()) {
      const auto key = value_of<K>(name);
      if (!key) return refuse("has a member of an unknown name");
      get(item, values[*key]);
    }
  }
  template <Record T>
  void get(const Json& json, T& record) {
    if (!json.is_object()) return refuse("must be an object");
    const Json* outer = std::exchange(in_, &json);
    fields(*this, record);
    in_ = outer;
  }

  const Json* in_;
  std::vector<std::string> place_;
  std::optional<Error> failure_;
};

}  // namespace joulebook::study_format
