#pragma once
// What a card takes from metered requests (docs/formats/request.md), grouped. Not thread-safe.
#include <joulebook/result.h>

#include <map>
#include <string>
#include <vector>

#include "export/card/subject.h"

namespace joulebook::card {

// What requests can be told apart by.
enum class GroupBy { tenant, model, route, month };
// "tenant,model": each at most once. Errors: usage "card.by" with the nearest word.
[[nodiscard]] Result<std::vector<GroupBy>> parse_group_by(const std::string& text);

// Requests as they come. What is kept of each: its lengths and its span, some 100 bytes.
class RequestGroups {
 public:
  explicit RequestGroups(std::vector<GroupBy> by) : by_(std::move(by)) {}
  // A document of schema joulebook.request/1. Complete requests are answers; those that were cancelled,
  // failed, are void or pending stand apart, with what was posted to them. Errors: input "card.row"
  // naming request and member.
  [[nodiscard]] Status add(const Json& row);
  // Ordered by key.
  [[nodiscard]] std::vector<Subject> take();

 private:
  struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::size_t group = 0;  // kApart: an answer of no figure that ran beside the others
  };
  static constexpr std::size_t kApart = static_cast<std::size_t>(-1);
  std::size_t group_of(const Json& row);
  void set_apart(std::size_t group, const Json& row, const std::string& why);
  void weigh_batches();

  std::vector<GroupBy> by_;
  std::map<std::vector<std::string>, std::size_t> index_;
  std::vector<Subject> groups_;
  std::vector<QuantitySum> apart_;
  std::map<std::string, std::vector<Span>> spans_;  // by run and upstream: what can share a batch
};

}  // namespace joulebook::card
