#pragma once
// `joulebook top`: one frame as a pure function of the live state's JSON (docs/formats/live.md) and of
// the screen's size. No terminal is touched here.
#include <optional>
#include <string>

#include "core/json.h"
#include "report/terminal_table.h"

namespace joulebook {

enum class TopSort { joules, price, requests, tokens, name };

struct TopView {
  int width = 80;
  int height = 24;
  bool colour = false;
  std::string kind = "model";  // "tenant", "route"
  TopSort sort = TopSort::joules;
  std::string link = "live";  // what is to be said of the connection
  bool keys = true;           // the last line says which keys there are
};

// At most `height` lines, none wider than `width`, each but the last ended by '\n'. `live`: as
// merge_live() keeps it; null: nothing was heard yet.
[[nodiscard]] std::string top_frame(const Json& live, const TopView& view);

// The view after a key, or nothing where the key ends the program: q, j p r t n to sort, Tab and m, e
// (tenant), o (route) for the kind. Others change nothing.
[[nodiscard]] std::optional<TopView> after_key(const TopView& view, char key);

}  // namespace joulebook
