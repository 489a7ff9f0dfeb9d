#include "cli/load_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/attach.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "load/files.h"

namespace joulebook {
namespace {

constexpr int kMostInFlight = 4096;       // of an open loop, where nothing else was asked for
constexpr std::int64_t kOpenWarmup = 10;  // requests

using load::Campaign;
using load::LoadPlan;

Status check_pace(const LoadRequest& r) {
  const auto bad = [](std::string what, std::string cure) {
    return fail(ErrorKind::usage, "load.pace", std::move(what), std::move(cure));
  };
  if (!r.trace.empty() && (r.rate > 0 || !r.sweep.empty() || r.requests > 0 || r.duration_s > 0)) {
    return bad("a trace has times and a length of its own",
               "leave --rate, --sweep, --requests and --duration away");
  }
  if (r.rate > 0 && r.sweep.starts_with("rate")) {
    return bad("--rate and a sweep of rates are one too many", "leave --rate away");
  }
  if (r.concurrency && r.sweep.starts_with("concurrency")) {
    return bad("--concurrency and a sweep of it are one too many", "leave --concurrency away");
  }
  if (r.requests > 0 && r.duration_s > 0) {
    return bad("--requests and --duration both end the test", "give one of them");
  }
  if (r.rate > 0 && r.sweep.starts_with("concurrency")) {
    return bad("a sweep of concurrencies is a closed loop, which has no rate", "leave --rate away");
  }
  return {};
}

Status set_warmup(const LoadRequest& r, LoadPlan& plan) {
  if (r.warmup.empty()) {
    plan.warmup_requests = plan.replays() ? 0 : plan.open() ? kOpenWarmup : plan.concurrency;
    return {};
  }
  if (const auto n = parse_uint(r.warmup); n && *n <= 100'000'000) {
    plan.warmup_requests = static_cast<std::int64_t>(*n);
    return {};
  }
  if (const auto span = parse_span(r.warmup)) {
    plan.warmup_s = *span;
    return {};
  }
  return fail(ErrorKind::usage, "load.warmup", fmt::format("'{}' is no warm-up", r.warmup),
              "write a number of requests (20) or a span (5s)");
}

Result<LoadPlan> plan_of(const LoadRequest& r, std::optional<int> concurrency, double rate) {
  LoadPlan plan;
  plan.rate = rate;
  plan.arrivals = load::arrivals_from(r.arrivals).value_or(load::Arrivals::poisson);
  plan.burstiness = r.burstiness;
  plan.ramp_s = r.ramp_s;
  plan.requests = r.requests;
  plan.duration_s = r.duration_s;
  plan.window_s = r.window_s;
  plan.max_windows = r.max_windows;
  plan.tolerance = r.tolerance / 100;
  plan.drain_s = r.drain_s;
  plan.seed = static_cast<std::uint64_t>(r.seed);
  if (!r.trace.empty()) {
    auto text = read_file(r.trace);
    if (!text) return fail(text.error());
    auto trace = load::parse_trace(*text, r.trace, r.speed);
    if (!trace) return fail(trace.error());
    plan.trace = std::move(*trace);
  }
  const bool timed = rate > 0 || plan.replays();
  plan.concurrency = concurrency.value_or(timed ? kMostInFlight : 1);
  if (!r.slo.empty()) {
    auto slo = parse_slo(r.slo);
    if (!slo) return fail(slo.error());
    plan.slo = *slo;
  }
  if (auto ok = set_warmup(r, plan); !ok) return fail(ok.error());
  return plan;
}

tl::unexpected<Error> bad_sweep(const LoadRequest& r) {
  return fail(ErrorKind::usage, "load.sweep", fmt::format("'{}' is no sweep", r.sweep),
              "write concurrency=1,2,4,8 or rate=0.5,1,2");
}

Result<std::vector<LoadPlan>> plans_of(const LoadRequest& r) {
  std::vector<LoadPlan> plans;
  const auto add = [&](std::optional<int> concurrency, double rate) -> Status {
    auto plan = plan_of(r, concurrency, rate);
    if (!plan) return fail(plan.error());
    plans.push_back(std::move(*plan));
    return {};
  };
  if (r.sweep.empty()) {
    if (auto ok = add(r.concurrency, r.rate); !ok) return fail(ok.error());
    return plans;
  }
  const auto equals = r.sweep.find('=');
  const auto key = std::string_view(r.sweep).substr(0, equals);
  if (equals == r.sweep.npos || (key != "concurrency" && key != "rate")) return bad_sweep(r);
  for (const auto part : split(std::string_view(r.sweep).substr(equals + 1), ',')) {
    const auto x = parse_double(trim(part));
    const bool closed = key == "concurrency";
    const bool whole = x && *x >= 1 && *x <= 65536 && *x == static_cast<int>(*x);
    if (!x || !(*x > 0) || *x > 1e6 || (closed && !whole)) return bad_sweep(r);
    auto ok = closed ? add(static_cast<int>(*x), 0) : add(r.concurrency, *x);
    if (!ok) return fail(ok.error());
  }
  return plans;
}

Status set_work(const LoadRequest& r, Campaign& campaign) {
  auto input = load::Lengths::parse(r.input);
  if (!input) return fail(input.error());
  auto output = load::Lengths::parse(r.output);
  if (!output) return fail(output.error());
  campaign.work.input = *input;
  campaign.work.output = *output;
  campaign.work.seed = static_cast<std::uint64_t>(r.seed);
  if (r.prompts.empty()) return {};
  if (!r.trace.empty()) {
    return fail(ErrorKind::usage, "load.pace",
                "a trace has lengths of its own, so prompts are made up", "leave --prompts away");
  }
  auto text = read_file(r.prompts);
  if (!text) return fail(text.error());
  auto prompts = load::parse_user_prompts(*text, r.prompts);
  if (!prompts) return fail(prompts.error());
  campaign.work.prompts = std::move(*prompts);
  return {};
}

}  // namespace

Result<load::Slo> parse_slo(std::string_view text) {
  load::Slo out;
  for (const auto part : split(text, ',')) {
    const auto equals = part.find('=');
    const auto name = trim(part.substr(0, equals));
    std::optional<double>* bound = name == "ttft"   ? &out.ttft
                                   : name == "tpot" ? &out.tpot
                                   : name == "itl"  ? &out.itl
                                   : name == "e2e"  ? &out.e2e
                                                    : nullptr;
    const auto value = equals == part.npos ? std::nullopt : parse_span(part.substr(equals + 1));
    if (bound == nullptr || !value) {
      return fail(ErrorKind::usage, "load.slo", fmt::format("'{}' is no objective", part),
                  "write some of ttft=500ms, tpot=50ms, itl=200ms and e2e=2s, with commas between");
    }
    *bound = value;
  }
  return out;
}

Result<Campaign> campaign_of(const LoadRequest& r) {
  if (auto ok = check_pace(r); !ok) return fail(ok.error());
  Campaign out;
  auto plans = plans_of(r);
  if (!plans) return fail(plans.error());
  out.plans = std::move(*plans);
  if (auto ok = set_work(r, out); !ok) return fail(ok.error());
  out.repeats = r.repeats;
  out.keep_text = r.keep_text;
  out.body.chat = !r.completions;
  out.body.stream = !r.whole;
  out.body.temperature = r.temperature;
  out.body.ignore_eos = r.ignore_eos.value_or(false);
  if (!r.extra.empty()) {
    auto extra = parse_json(r.extra);
    if (!extra || !extra->is_object()) {
      return fail(ErrorKind::usage, "load.body", "--body is no JSON object",
                  R"(write --body '{"top_p": 0.9}')");
    }
    out.body.extra = std::move(*extra);
  }
  if (r.completions && std::any_of(out.work.prompts.begin(), out.work.prompts.end(),
                                   [](const auto& p) { return !p.messages.is_null(); })) {
    return fail(ErrorKind::usage, "load.body", "text completions take no chat messages",
                "leave --completions away, or give prompts");
  }
  return out;
}

std::string prompts_text(const LoadRequest& r, const Campaign& campaign) {
  const std::string full = campaign.body.ignore_eos ? ", answers to their full length" : "";
  if (!r.trace.empty()) return "made-up prompts, lengths of the trace" + full;
  if (!r.prompts.empty()) {
    return fmt::format("{} prompts of {}, at most {} tokens out{}", campaign.work.prompts.size(),
                       std::filesystem::path(r.prompts).filename().string(), r.output, full);
  }
  return fmt::format("made-up prompts, {} tokens in, {}{} out{}", r.input,
                     campaign.body.ignore_eos ? "" : "at most ", r.output, full);
}

}  // namespace joulebook
