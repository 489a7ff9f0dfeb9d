#include "load/campaign.h"

#include <fmt/format.h>

namespace joulebook::load {
namespace {

constexpr std::int64_t kShortProbe = 16;  // words
constexpr std::int64_t kLongProbe = 144;

DriverHooks driver_hooks(const Campaign& campaign, const CampaignHooks& hooks) {
  DriverHooks out;
  out.body = [&campaign](const WorkItem& item) { return request_body(item, campaign.body); };
  out.cancel = hooks.cancel;
  out.keep_text = campaign.keep_text;
  out.address = campaign.address;
  return out;
}

// One request alone; what the endpoint counted of its prompt.
Result<std::optional<std::int64_t>> probe(const Campaign& campaign, Transport& transport,
                                          const CampaignHooks& hooks, std::int64_t words) {
  LoadPlan plan;
  plan.requests = 1;
  Workload work;
  work.prompts = campaign.work.prompts;
  work.input = Lengths::fixed(words);
  work.output = Lengths::fixed(1);
  work.seed = campaign.work.seed + 0x9e3779b9;  // none of the prompts to come
  DriverHooks driver_hooks_ = driver_hooks(campaign, hooks);
  std::optional<std::int64_t> counted;
  driver_hooks_.record = [&](const RequestRecord& record, int) { counted = record.counts.prompt; };
  Driver driver(plan, work, transport, driver_hooks_);
  auto flow = driver.run();
  if (!flow) return fail(flow.error());
  return counted;
}

// Learns the endpoint's way of counting; where it can't be learned, says so.
Status greet(Campaign& campaign, Transport& transport, const CampaignHooks& hooks,
             std::vector<std::string>& warnings) {
  const auto few = probe(campaign, transport, hooks, kShortProbe);
  if (!few) return fail(few.error());
  if (!campaign.work.prompts.empty()) return {};
  const auto many = probe(campaign, transport, hooks, kLongProbe);
  if (!many) return fail(many.error());
  std::optional<LengthFit> fit;
  if (*few && *many) fit = LengthFit::from(kShortProbe, **few, kLongProbe, **many);
  if (fit) {
    campaign.work.fit = *fit;
  } else {
    warnings.emplace_back(
        "the endpoint does not count prompt tokens as made-up prompts need: a word was taken for a "
        "token");
  }
  return {};
}

std::string point_label(const LoadPlan& plan) {
  if (plan.replays()) return fmt::format("trace of {}", plan.trace.size());
  return plan.open() ? fmt::format("{:g} requests/s", plan.rate)
                     : fmt::format("{} in flight", plan.concurrency);
}

void warn_of(const LoadPoint& point, std::vector<std::string>& warnings) {
  std::int64_t uncounted = 0;
  std::int64_t unfinished = 0;
  double late = 0;
  for (const auto& repeat : point.repeats) {
    uncounted += repeat.flow.span.uncounted;
    unfinished += repeat.flow.unfinished;
    late = std::max(late, repeat.flow.span.latencies.lag.quantile(0.99).value_or(0) * 1e-9);
  }
  const std::string label = point_label(point.plan);
  for (const auto& repeat : point.repeats) {
    const SteadyVerdict& verdict = repeat.flow.verdict;
    if (verdict.steadiness != Steadiness::unjudged || point.plan.replays()) continue;
    warnings.push_back(fmt::format("{}: whether it was steady can't be said ({}): measure for longer",
                                   label, verdict.why));
    break;
  }
  if (uncounted > 0) {
    warnings.push_back(
        fmt::format("{}: the endpoint did not count the tokens of {} answers: their "
                    "pieces are counted, of which each may hold several",
                    label, uncounted));
  }
  if (unfinished > 0) {
    warnings.push_back(
        fmt::format("{}: {} requests had not ended {:g} s after the span and were "
                    "given up",
                    label, unfinished, point.plan.drain_s));
  }
  if (late > 0.01 && (point.plan.open() || point.plan.replays())) {
    warnings.push_back(
        fmt::format("{}: 1 in 100 requests was sent {:.0f} ms late or more, because "
                    "{} were in flight or this machine is busy; latencies count from "
                    "when they were due",
                    label, late * 1e3, point.plan.concurrency));
  }
}

}  // namespace

Result<LoadResult> run_campaign(Campaign campaign, Transport& transport,
                                const CampaignHooks& hooks) {
  LoadResult out;
  if (auto ok = greet(campaign, transport, hooks, out.warnings); !ok) return fail(ok.error());
  for (const auto& plan : campaign.plans) out.points.push_back({plan, {}, {}});
  for (int repeat = 0; repeat < campaign.repeats; ++repeat) {
    for (std::size_t i = 0; i < out.points.size(); ++i) {
      LoadPoint& point = out.points[i];
      point.plan.seed = campaign.work.seed + static_cast<std::uint64_t>(repeat);
      Workload work = campaign.work;
      work.seed = point.plan.seed + (static_cast<std::uint64_t>(i) << 32);  // no prompt twice
      work.trace = &point.plan.trace;
      DriverHooks driver_hooks_ = driver_hooks(campaign, hooks);
      AskedRequests asked;
      driver_hooks_.record = [&](const RequestRecord& record, int window) {
        if (hooks.gateway) asked.add(record, window, point.plan.slo);
        if (hooks.record) hooks.record(record, static_cast<int>(i), repeat, window);
      };
      Driver driver(point.plan, work, transport, driver_hooks_);
      auto flow = driver.run();
      if (!flow) return fail(flow.error());
      point.repeats.push_back(
          repeat_of(std::move(*flow), point.plan, hooks.meter, hooks.unmetered));
      add_request_energies(point.repeats.back(), point.plan, asked, hooks.gateway);
      if (const auto& why = point.repeats.back().flow.first_error; !why.empty()) {
        hooks.say("the first request that failed: " + why);
      }
      const SteadyVerdict& verdict = point.repeats.back().flow.verdict;
      hooks.say(fmt::format("{}, run {} of {}: {} answered, {}{}", point_label(point.plan),
                            repeat + 1, campaign.repeats, point.repeats.back().flow.span.ended_well,
                            to_string(verdict.steadiness),
                            verdict.why.empty() ? "" : " (" + verdict.why + ")"));
    }
  }
  for (auto& point : out.points) {
    point.figures = over_repeats(point.repeats);
    point.plan.seed = campaign.work.seed;
    warn_of(point, out.warnings);
  }
  return out;
}

}  // namespace joulebook::load
