#include "export/prometheus.h"

#include <cmath>

#include "core/text.h"
#include "export/decimal.h"
#include "export/live_metrics.h"

namespace joulebook {
namespace {

std::string number(double x) {
  if (std::isnan(x)) return "NaN";
  if (std::isinf(x)) return x > 0 ? "+Inf" : "-Inf";
  return shortest_text(x);
}
std::string number(std::uint64_t n) { return std::to_string(n); }
std::string number(MicroJoules e) { return joules_text(e); }

// A bucket's bound: OpenMetrics wants a float there, so that 1 is one text everywhere.
std::string bound_text(double x) {
  std::string text = shortest_text(x);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

std::string escape_help(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

class Page {
 public:
  explicit Page(PrometheusFormat format) : open_(format == PrometheusFormat::openmetrics) {}

  void add(const LiveMetric& metric, const std::vector<LiveSample>& samples) {
    if (samples.empty()) return;
    head(metric);
    for (const auto& sample : samples) {
      if (const auto* b = std::get_if<LiveBuckets>(&sample.value)) {
        buckets(metric, sample.labels, *b);
      } else {
        line(metric.id, sample.labels, [&] {
          return std::visit(
              [](const auto& v) {
                if constexpr (std::is_same_v<std::decay_t<decltype(v)>, LiveBuckets>) return std::string();
                else return number(v);
              },
              sample.value);
        }());
      }
    }
  }

  std::string take() {
    if (open_) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  // The family's name: OpenMetrics leaves the suffix of a counter and of an info to its samples.
  [[nodiscard]] std::string_view family(const LiveMetric& m) const {
    const std::string_view suffix = m.type == LiveType::counter ? "_total"
                                    : m.type == LiveType::info  ? "_info"
                                                                : "";
    return open_ ? m.id.substr(0, m.id.size() - suffix.size()) : m.id;
  }

  void head(const LiveMetric& m) {
    const auto name = family(m);
    const bool plain_info = m.type == LiveType::info && !open_;
    meta("TYPE", name, plain_info ? "gauge" : to_string(m.type));
    for (const std::string_view unit : {"joules", "seconds", "watts"}) {
      if (open_ && name.ends_with(unit)) meta("UNIT", name, unit);
    }
    meta("HELP", name, escape_help(m.doc, open_));
  }

  void meta(std::string_view what, std::string_view name, std::string_view text) {
    text_.append("# ").append(what).append(" ").append(name).append(" ").append(text).append("\n");
  }

  void line(std::string_view name, const LiveLabels& labels, const std::string& value,
            std::string_view suffix = {}) {
    text_.append(name).append(suffix);
    char before = '{';
    for (const auto& [label, text] : labels) {
      text_ += before;
      text_.append(label).append("=\"").append(escape_label(text)).append("\"");
      before = ',';
    }
    if (!labels.empty()) text_ += '}';
    text_.append(" ").append(value).append("\n");
  }

  void buckets(const LiveMetric& m, const LiveLabels& labels, const LiveBuckets& b) {
    if (m.type == LiveType::histogram) {
      LiveLabels le = labels;
      le.emplace_back("le", "");
      std::uint64_t so_far = 0;
      for (std::size_t i = 0; i < b.bounds.size(); ++i) {
        so_far += b.counts[i];
        le.back().second = bound_text(b.bounds[i]);
        line(m.id, le, number(so_far), "_bucket");
      }
      le.back().second = "+Inf";
      line(m.id, le, number(b.count), "_bucket");
    }
    line(m.id, labels, number(b.sum), "_sum");
    line(m.id, labels, number(b.count), "_count");
  }

  bool open_;
  std::string text_;
};

}  // namespace

PrometheusFormat prometheus_format(std::string_view accept) {
  return lower(accept).find("application/openmetrics-text") == std::string::npos
             ? PrometheusFormat::text_0_0_4
             : PrometheusFormat::openmetrics;
}

std::string_view content_type(PrometheusFormat format) {
  return format == PrometheusFormat::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string escape_label(std::string_view value) {
  std::string out;
  for (const char c : valid_utf8(value)) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string prometheus_text(const gateway::LiveState& state, PrometheusFormat format) {
  const gateway::LiveState bounded = bounded_state(state);
  Page page(format);
  for (const auto& metric : live_metrics()) page.add(metric, metric.of(bounded));
  return page.take();
}

}  // namespace joulebook
