#include "physics/diffusion/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/text.h"

namespace joulebook {
std::string_view diffusion_catalogue_csv();
}

namespace joulebook::diffusion {
namespace {

template <class E>
using Words = std::vector<std::pair<std::string_view, E>>;

const Words<Kind> kKinds = {{"unet", Kind::unet},
                            {"mm", Kind::mm},
                            {"joint", Kind::joint},
                            {"cross", Kind::cross},
                            {"linear", Kind::linear}};
const Words<Norm> kNorms = {{"none", Norm::none}, {"ln", Norm::layer}, {"rms", Norm::rms}};
const Words<Rope> kRopes = {{"none", Rope::none}, {"f32", Rope::single}, {"f64", Rope::twice}};
const Words<Temporal> kTemporals = {{"none", Temporal::none},
                                    {"motion", Temporal::motion},
                                    {"conv4", Temporal::conv4},
                                    {"spatio", Temporal::spatio}};
const Words<Style> kStyles = {{"skip", Style::skip},
                              {"sd", Style::sd},
                              {"kandinsky2", Style::kandinsky2},
                              {"kandinsky3", Style::kandinsky3}};

// The cells of one row by column name; the first cell that can't be read is kept as `bad`.
class Cells {
 public:
  Cells(const std::vector<std::string>& names, const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < names.size() && i < cells.size(); ++i)
      cells_[names[i]] = std::string(trim(cells[i]));
  }
  std::string text(const std::string& column) const {
    const auto it = cells_.find(column);
    return it == cells_.end() ? std::string() : it->second;
  }
  double number(const std::string& column, double otherwise) {
    const std::string cell = text(column);
    if (cell.empty()) return otherwise;
    const auto value = parse_double(cell);
    if (!value || !(std::abs(*value) <= 1e6)) {
      bad = column;
      return otherwise;
    }
    return *value;
  }
  int whole(const std::string& column, int otherwise) {
    return static_cast<int>(number(column, otherwise));
  }
  template <class E>
  E word(const std::string& column, const Words<E>& words, E otherwise) {
    const std::string cell = text(column);
    if (cell.empty()) return otherwise;
    for (const auto& [name, value] : words)
      if (name == cell) return value;
    bad = column;
    return otherwise;
  }
  std::vector<double> numbers(const std::string& column) {
    std::vector<double> out;
    const std::string cell = text(column);
    if (cell.empty()) return out;
    for (const auto part : split(cell, '/')) {
      const auto value = parse_double(part);
      if (!value || !(*value >= 0 && *value <= 1e6)) bad = column;
      out.push_back(value.value_or(0));
    }
    return out;
  }
  std::string bad;

 private:
  std::map<std::string, std::string> cells_;
};

void read_layers(Cells& cells, Denoiser& d) {
  d.patch = cells.whole("patch", d.patch);
  d.patch_t = cells.whole("patch_t", d.patch_t);
  d.double_layers = cells.whole("double_layers", 0);
  d.single_layers = cells.whole("single_layers", 0);
  d.hidden = cells.number("hidden", 0);
  d.head_dim = cells.number("head_dim", d.head_dim);
  d.mlp_hidden = cells.number("mlp_hidden", 0);
  d.gated = cells.whole("gated", 0) != 0;
  d.kv_ratio = cells.number("kv_ratio", 1);
  d.dual_layers = cells.whole("dual_layers", 0);
  d.qk_norm = cells.word("qk_norm", kNorms, Norm::none);
  d.rope = cells.word("rope", kRopes, Rope::none);
  d.extra_passes = cells.number("extra_passes", 0);
  d.split_attention = cells.whole("split_attention", 0) != 0;
}

void read_levels(Cells& cells, Denoiser& d) {
  d.channels = cells.numbers("channels");
  d.level_layers = cells.whole("level_layers", 2);
  d.depth = cells.numbers("depth");
  d.up_depth = cells.numbers("up_depth");
  d.mid_depth = cells.number("mid_depth", -1);
  d.cross_dim = cells.number("cross_dim", 0);
  d.temporal = cells.word("temporal", kTemporals, Temporal::none);
  if (d.kind == Kind::unet && (d.channels.empty() || d.depth.size() != d.channels.size() ||
                               d.up_depth.size() != d.channels.size()))
    cells.bad = "channels";
  if (d.kind != Kind::unet && (d.hidden <= 0 || d.double_layers + d.single_layers <= 0))
    cells.bad = "hidden";
}

Denoiser read_row(Cells& cells) {
  Denoiser d;
  d.architecture = cells.text("architecture");
  const std::string match = cells.text("match");
  for (const auto part : split(match, '|'))
    if (!part.empty()) d.match.emplace_back(part);
  d.kind = cells.word("kind", kKinds, Kind::joint);
  d.vae = cells.text("vae");
  read_layers(cells, d);
  d.text_tokens = cells.number("text_tokens", 77);
  d.guidance = cells.whole("guidance", 2);
  d.text_encoder_b = cells.number("text_encoder_b", 0);
  d.prior = cells.whole("prior", 0) != 0;
  d.style = cells.word("style", kStyles, Style::plain);
  read_levels(cells, d);
  d.params_b = cells.number("params_b", 0);
  d.source = cells.text("source");
  if (d.architecture.empty() || d.match.empty()) cells.bad = "match";
  return d;
}

}  // namespace

Result<std::vector<Denoiser>> parse_catalogue(std::string_view csv) {
  std::vector<Denoiser> rows;
  std::vector<std::string> names;
  std::size_t line = 0;
  for (const auto text : split(csv, '\n')) {
    ++line;
    if (trim(text).empty() || text.front() == '#') continue;
    const auto cells = parse_csv_line(trim(text));
    if (names.empty()) {
      names = cells;
      continue;
    }
    Cells row(names, cells);
    rows.push_back(read_row(row));
    if (!row.bad.empty())
      return fail(ErrorKind::input, "diffusion.catalogue",
                  fmt::format("line {} of the catalogue of denoisers: column {} can't be read",
                              line, row.bad),
                  "see docs/physics-diffusion.md for the columns");
  }
  return rows;
}

std::span<const Denoiser> catalogue() {
  static const std::vector<Denoiser> kRows =
      parse_catalogue(diffusion_catalogue_csv()).value_or(std::vector<Denoiser>{});
  return kRows;
}

const Denoiser* find_denoiser(std::string_view name) {
  const std::string wanted = lower(name);
  for (const Denoiser& row : catalogue())
    for (const std::string& part : row.match)
      if (wanted.find(part) != std::string::npos) return &row;
  return nullptr;
}

Denoiser synthesised(double params_b, bool video, bool unet) {
  Denoiser d;
  d.architecture = "unknown";
  d.params_b = params_b;
  d.source = "synthesised from its parameters";
  if (unet) {
    const double wide = std::sqrt(params_b / (video ? 1.4 : 0.865));
    d.kind = Kind::unet;
    d.style = Style::sd;
    d.channels = {320 * wide, 640 * wide, 1280 * wide, 1280 * wide};
    d.depth = d.up_depth = {1, 1, 1, 0};
    d.mid_depth = 1;
    d.cross_dim = 1024;
    d.text_encoder_b = 0.34;
    d.temporal = video ? Temporal::conv4 : Temporal::none;
    return d;
  }
  // hidden^2 a layer: 12 for a sequence, 30 % more for modulation and the text; 36 where text has
  // weights of its own, as in image models from 2e9 on. hidden = 64 layers.
  const bool own = !video && params_b >= 2;
  const double squares = own ? 36 : 15.6;
  const double layers = std::max(1.0, std::round(std::cbrt(params_b * 1e9 / (squares * 4096))));
  if (own) d.kind = Kind::mm;
  (own ? d.double_layers : d.single_layers) = static_cast<int>(layers);
  d.hidden = std::sqrt(params_b * 1e9 / (squares * layers));
  d.mlp_hidden = 4 * d.hidden;
  d.vae = video ? "wan3d" : "kl8";
  d.qk_norm = Norm::rms;
  d.rope = Rope::single;
  d.text_tokens = 256;
  d.text_encoder_b = 4.76;
  return d;
}

}  // namespace joulebook::diffusion
