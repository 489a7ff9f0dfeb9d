// load: drives an endpoint and says what its answers cost, at a named batch.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "cli/attach.h"
#include "cli/command_line.h"
#include "cli/gateway_requests.h"
#include "cli/load_request.h"
#include "core/address.h"
#include "core/version.h"
#include "engine/endpoint_address.h"
#include "engine/engine.h"
#include "ledger/ledger.h"
#include "meter/run_report.h"
#include "report/load_table.h"
#include "sensor/model/machine.h"
#include "sensor/process_finder.h"
#include "study/engines.h"
#include "study/settle_run.h"

namespace joulebook {
namespace {

using load::Campaign;
using load::CampaignHooks;
using load::LoadResult;

// The raw record of every request, a line each.
class RawFile {
 public:
  explicit RawFile(const std::string& path) : path_(path) {
    if (!path.empty()) file_ = std::fopen(path.c_str(), "we");
  }
  ~RawFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  void add(const Json& line) {
    if (file_ == nullptr) return;
    const std::string text = line.dump() + "\n";
    sound_ = std::fwrite(text.data(), 1, text.size(), file_) == text.size() && sound_;
  }
  [[nodiscard]] Status finish() {
    if (path_.empty()) return {};
    if (file_ != nullptr && std::fflush(file_) == 0 && sound_) return {};
    return fail(ErrorKind::resource, "file.full", path_ + " could not be written whole",
                "make room there, or write elsewhere");
  }

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  bool sound_ = true;
};

std::string key_of(const LoadRequest& request) {
  const char* key = std::getenv(request.key_variable.c_str());
  return key == nullptr ? std::string() : std::string(key);
}

// The address without anything that could be a secret.
std::string shown_address(const std::string& address) {
  const auto parts = parse_http_address(address);
  if (!parts) return address;
  const auto at = parts->authority.rfind('@');
  const std::string place =
      at == std::string::npos ? parts->authority : parts->authority.substr(at + 1);
  return fmt::format("{}://{}", parts->secure ? "https" : "http", place);
}

// Some servers call a model by its path.
std::string shown_model(const std::string& model) {
  return model.starts_with('/') ? std::filesystem::path(model).filename().string() : model;
}

Result<std::unique_ptr<load::Transport>> open_transport(const LoadRequest& request,
                                                        const Campaign& campaign,
                                                        const std::string& base) {
  std::size_t most = 1;
  for (const auto& plan : campaign.plans) {
    const bool waits = plan.counts() && plan.requests > 0;
    const auto needed =
        waits ? std::min<std::int64_t>(plan.concurrency, plan.requests + plan.warmup_requests)
              : plan.concurrency;
    most = std::max(most, static_cast<std::size_t>(std::max<std::int64_t>(1, needed)));
  }
  if (!room_for_streams(most)) {
    return fail(
        ErrorKind::resource, "load.descriptors",
        fmt::format("{} requests in flight need more open files than this process may have", most),
        "raise the limit (ulimit -n), or lower --concurrency");
  }
  HttpStreamOptions options;
  options.url = base + std::string(load::request_path(campaign.body));
  options.bearer = key_of(request);
  options.total_s = request.timeout_s;
  options.watched_header = "x-joulebook-request-id";
  return load::open_http_transport(std::move(options));
}

// Servers that write on past an end-of-answer token where they are asked to.
bool can_ignore_eos(std::string_view owner) {
  return owner == "llamacpp" || owner == "vllm" || owner == "sglang";
}

// Whose energy it is: those named, else whoever listens at the address.
Result<std::vector<int>> server_pids(const Context& context, const LoadRequest& request) {
  if (!request.pids.empty()) return request.pids;
  const auto files = context.files();
  const auto address = parse_http_address(request.address);
  const int port = request.port != 0 ? request.port : address ? address->port : 0;
  auto pids = pids_listening_on(*files, static_cast<std::uint16_t>(port));
  if (pids || request.port == 0) return pids.value_or(std::vector<int>{});
  return fail(pids.error());
}

struct Metered {
  std::unique_ptr<Meter> meter;  // null: the server is elsewhere
  std::vector<std::string> warnings;
};

Result<Metered> open_meter_of(const Context& context, const LoadRequest& request, bool local) {
  Metered out;
  if (!local && request.pids.empty() && request.port == 0) return out;
  auto pids = server_pids(context, request);
  if (!pids) return fail(pids.error());
  auto meter = context.open_meter();
  if (!meter) return fail(meter.error());
  if (auto ok = (*meter)->start(); !ok) return fail(ok.error());
  (*meter)->register_self_thread();
  if (pids->empty()) {
    out.warnings.push_back(fmt::format(
        "no process was found behind {}: its share of the energy is not known (--pid names it)",
        shown_address(request.address)));
  } else {
    (*meter)->watch_processes(*pids);
  }
  out.meter = std::move(*meter);
  return out;
}

CampaignHooks hooks_of(const Context& context, const LoadRequest& request, Meter* meter, RawFile& raw) {
  CampaignHooks hooks;
  hooks.gateway = [question = GatewayQuestion{shown_address(request.address), key_of(request), 90, &cancelled(),
                                              [&context](const std::string& what) { context.say("load: " + what); }}](
                      const std::vector<std::string>& ids) { return ask_gateway(question, ids); };
  hooks.cancel = &cancelled();
  hooks.say = [&context](const std::string& what) { context.say("load: " + what); };
  hooks.record = [&raw](const load::RequestRecord& record, int point, int repeat, int window) {
    raw.add(load::to_json(record, point, repeat, window));
  };
  if (meter == nullptr) {
    hooks.unmetered =
        Reason{"engine.remote", "the model runs on another machine, whose energy is not known here",
               "run Joulebook on the machine that runs the model"};
    return hooks;
  }
  hooks.meter = [meter](SteadyTime begin, SteadyTime end) {
    meter->settle(end);
    return meter->energy({"load", begin, end});
  };
  return hooks;
}

Json document_of(const Context& context, const LoadResult& result) {
  Json out = load::to_json(result);
  out.set("joulebook", Json::object({{"version", build_version()}, {"commit", build_commit()}}));
  out.set("machine", to_json(describe_machine(*context.files())));
  set_devices(out, result.points.back().repeats.back().energy);
  return out;
}

// The measured spans, settled as those of a run that is attached to.
Status keep(const Context& context, const Anchor& start, const LoadResult& result,
            const Json& document, bool metered) {
  auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return fail(ledger.error());
  auto id = (*ledger)->begin_run(
      "load", result.model, start,
      Json::object({{"address", result.address}, {"prompts", result.prompts}}));
  if (!id) return fail(id.error());
  std::int64_t ordinal = 0;
  for (const auto& point : result.points) {
    for (const auto& repeat : point.repeats) {
      if (!metered) continue;
      for (const auto& window : settle_run(window_document(repeat.energy))) {
        if (auto ok = (*ledger)->add_trial(*id, ordinal++, window.about, window.settlements); !ok) {
          return ok;
        }
      }
    }
  }
  return (*ledger)->end_run(*id, system_clock().anchor(), document, true);
}

void describe(LoadResult& result, const LoadRequest& request, const EngineInfo& info,
              const Campaign& campaign) {
  result.address = shown_address(request.address);
  result.model = shown_model(info.model);
  result.server = info.version;
  result.local = info.local;
  result.streamed = campaign.body.stream;
  result.prompts = prompts_text(request, campaign);
}

int load_command(const Context& context, LoadRequest request) {
  if (request.address.empty()) request.address = context.settings.get("model");
  if (!is_address(request.address)) {
    return report_error({ErrorKind::usage, "load.address", "no endpoint was named",
                         "joulebook load http://127.0.0.1:8080"});
  }
  auto campaign = campaign_of(request);
  if (!campaign) return report_error(campaign.error());
  if (auto ok = context.check_outputs({request.out}); !ok) return report_error(ok.error());
  const auto where = parse_endpoint(request.address);
  if (!where) return report_error(where.error());
  EngineOptions options;
  options.api_key_env = request.key_variable;
  options.model_name = request.model_name;
  auto engine = open_engine(request.address, options);
  if (!engine) return report_error(engine.error());
  const EngineInfo info = (*engine)->info();
  engine->reset();
  for (const auto& warning : info.warnings) context.warn(warning);
  campaign->body.model = info.model;
  campaign->address = shown_address(request.address);
  if (!request.ignore_eos && request.prompts.empty()) {
    campaign->body.ignore_eos = can_ignore_eos(info.version);
  }
  auto transport = open_transport(request, *campaign, where->base);
  if (!transport) return report_error(transport.error());
  auto metered = open_meter_of(context, request, info.local);
  if (!metered) return report_error(metered.error());

  const Anchor start = system_clock().anchor();
  RawFile raw(request.out);
  auto result =
      load::run_campaign(*campaign, **transport, hooks_of(context, request, metered->meter.get(), raw));
  if (metered->meter) metered->meter->stop();
  if (auto ok = raw.finish(); !ok) return report_error(ok.error());
  if (!result) return report_error(result.error());
  describe(*result, request, info, *campaign);
  result->warnings.insert(result->warnings.end(), metered->warnings.begin(),
                          metered->warnings.end());
  const Json document = document_of(context, *result);
  const ScreenStyle style{terminal_width(), wants_colour(1)};
  context.print(load_table(*result, style));
  if (metered->meter) context.print(device_lines(document, style));
  if (auto ok = keep(context, start, *result, document, metered->meter != nullptr); !ok) {
    return report_error(ok.error());
  }
  const auto ok = context.emit(document);
  return ok ? 0 : report_error(ok.error());
}

void add_pace(CLI::App& k, LoadRequest& r) {
  k.add_option(
       "-c,--concurrency", r.concurrency,
       "closed loop: so many in flight (default 1); with --rate or --trace: at most so many")
      ->check(CLI::Range(1, 65536))
      ->type_name("N");
  k.add_option("--rate", r.rate, "open loop: so many requests a second, whatever is in flight")
      ->check(CLI::Range(1e-6, 1e6))
      ->type_name("R");
  k.add_option("--arrivals", r.arrivals, "of the open loop: constant, poisson (default) or gamma")
      ->check(CLI::IsMember({"constant", "poisson", "gamma"}));
  k.add_option("--burstiness", r.burstiness, "shape of gamma: below 1 bursts, 1 is poisson")
      ->check(CLI::Range(0.01, 1000.0))
      ->type_name("X");
  k.add_option("--ramp", r.ramp_s, "climb to it over this span")
      ->transform(seconds_of)
      ->type_name("SPAN");
  k.add_option("--trace", r.trace, "send times and lengths (JSONL)")->type_name("FILE");
  k.add_option("--speed", r.speed, "of the trace (default 1)")
      ->check(CLI::Range(1e-3, 1e6))
      ->type_name("X");
  k.add_option("--sweep", r.sweep, "several loads: concurrency=1,2,4,8 or rate=1,2,4")
      ->type_name("K=LIST");
  k.add_option("--repeats", r.repeats, "runs of each load (default 1)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  k.add_option("--seed", r.seed, "of arrivals, lengths and prompts (default 1)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
}

void add_prompts(CLI::App& k, LoadRequest& r) {
  k.add_option(
       "--input-tokens", r.input,
       "of made-up prompts: 512, uniform:100-900, normal:512,64, lognormal:512,0.5 (default 128)")
      ->type_name("LENGTHS");
  k.add_option("--output-tokens", r.output, "most tokens of an answer, likewise (default 128)")
      ->type_name("LENGTHS");
  k.add_option("--prompts", r.prompts, "your own prompts (JSONL)")->type_name("FILE");
  k.add_flag("--completions", r.completions, "text completions instead of chat");
  k.add_flag("--no-stream", r.whole, "whole replies; there is no first token then");
  const auto eos = [&](const char* flag, bool value, const char* doc) {
    k.add_flag_callback(flag, [&r, value] { r.ignore_eos = value; }, doc);
  };
  eos("--ignore-eos", true,
      "answers to their full length (default: made-up prompts, where it can)");
  eos("--no-ignore-eos", false, "answers end where the model ends them");
  k.add_option("--temperature", r.temperature, "0: greedy")->check(CLI::Range(0.0, 10.0));
  k.add_option("--body", r.extra, "more members of each request, as a JSON object")
      ->type_name("JSON");
}

void add_span(CLI::App& k, LoadRequest& r) {
  k.add_option("--requests", r.requests, "measure exactly so many (default: until steady)")
      ->check(CLI::Range(1, 1'000'000'000))
      ->type_name("N");
  k.add_option("--duration", r.duration_s, "measure for this span")
      ->transform(seconds_of)
      ->type_name("SPAN");
  k.add_option("--warmup", r.warmup, "before it: requests (20) or a span (5s)")
      ->type_name("N|SPAN");
  k.add_option("--window", r.window_s, "of a steady-state window (default 5s)")
      ->transform(seconds_of)
      ->type_name("SPAN");
  k.add_option("--max-windows", r.max_windows, "after so many it is not steady (default 12)")
      ->check(CLI::Range(3, 1000))
      ->type_name("N");
  k.add_option("--tolerance", r.tolerance,
               "by which three windows may differ, per cent (default 10)")
      ->check(CLI::Range(0.1, 100.0));
  k.add_option("--drain", r.drain_s, "patience at the end (default 60s)")
      ->transform(seconds_of)
      ->type_name("SPAN");
  k.add_option("--timeout", r.timeout_s, "of one request")
      ->transform(seconds_of)
      ->type_name("SPAN");
  k.add_option("--slo", r.slo, "objective of a good request: ttft=500ms,tpot=50ms,itl=200ms,e2e=2s")
      ->type_name("LIST");
}

}  // namespace

void add_load(CommandLine& line) {
  const auto r = std::make_shared<LoadRequest>();
  CLI::App& k =
      line.add("load", "drive an endpoint: latencies, and joules per token at a named batch",
               [r](const Context& context) { return load_command(context, *r); });
  k.add_option("address", r->address, "of an OpenAI-compatible endpoint")->type_name("ADDRESS");
  line.add_setting(k, "model");
  k.add_option("--model-name", r->model_name, "which model to ask for (default: the first listed)");
  k.add_option("--api-key-env", r->key_variable,
               "the variable that holds the key (default OPENAI_API_KEY)")
      ->type_name("NAME");
  add_pace(k, *r);
  add_prompts(k, *r);
  add_span(k, *r);
  k.add_option("--out", r->out, "a line for every request (JSONL), without texts")
      ->type_name("FILE");
  k.add_flag("--keep-text", r->keep_text, "put prompts and answers into --out");
  k.add_option("--pid", r->pids, "the server's processes (default: who listens at the address)")
      ->delimiter(',')
      ->type_name("N");
  k.add_option("--port", r->port, "the server's port, where the address is a proxy's")
      ->check(CLI::Range(1, 65535));
  line.add_devices(k);
}

}  // namespace joulebook
