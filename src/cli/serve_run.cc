#include "cli/serve_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <limits>
#include <thread>

#include "cli/default_model.h"
#include "cli/sensor_news.h"
#include "cli/serve_meters.h"
#include "cli/serve_models.h"
#include "cli/serve_processes.h"
#include "cli/serve_settings.h"
#include "cli/serve_thread.h"
#include "core/nanos.h"
#include "core/text.h"
#include "core/version.h"
#include "export/live_json.h"
#include "export/push_environment.h"
#include "export/pushers.h"
#include "gateway/local_engine.h"
#include "gateway/scraper.h"
#include "gateway/service.h"
#include "gateway/settling_turns.h"
#include "gateway/upstream_address.h"
#include "report/figure.h"
#include "report/live_page.h"

namespace joulebook {
namespace {

namespace gw = gateway;

constexpr Nanos kPump = std::chrono::milliseconds(100);
constexpr Nanos kPush = std::chrono::seconds(10);

std::atomic<bool> g_reload{false};

std::size_t backlog_bound(const gw::ServeOptions& options) {
  return static_cast<std::size_t>(options.backlog_mib * (1 << 20));
}

void on_reload(int) { g_reload = true; }

Error loading() {
  return {ErrorKind::engine, "gateway.loading", "llama-server is loading its model", "ask again later"};
}

class Gateway {
 public:
  Gateway(const Context& context, gw::ServeOptions options)
      : context_(context), options_(std::move(options)) {}

  [[nodiscard]] Status open();
  [[nodiscard]] int run(double for_s);

 private:
  [[nodiscard]] Status open_upstreams();
  [[nodiscard]] Status open_ledger();
  [[nodiscard]] Status start_engine();
  [[nodiscard]] bool follow_engine();
  void follow_sensors();
  void push();
  void reload();
  void say_where() const;
  void say_meter(const gw::HostNow& host) const;
  void end();

  const Context& context_;
  gw::ServeOptions options_;
  std::vector<gw::UpstreamPlace> places_;
  MetersHere meters_;
  std::unique_ptr<ServeWriter> writer_;
  gw::LiveBooks books_;
  std::unique_ptr<gw::Settler> settler_;
  std::unique_ptr<gw::SettlingTurns> settling_;
  std::unique_ptr<gw::Service> service_;
  std::unique_ptr<gw::Edge> edge_;
  std::unique_ptr<gw::LocalEngine> engine_;
  std::unique_ptr<ServedProcesses> processes_;
  std::unique_ptr<SensorNews> news_;
  std::unique_ptr<gw::Scraper> scraper_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Pushers> pushers_;
  SteadyTime pushed_{0};
};

Status Gateway::open_upstreams() {
  if (!options_.model.empty()) {
    gw::LocalServerOptions local;
    const PackagedServer packaged = packaged_server();
    local.program = options_.server.empty() ? packaged.program : options_.server;
    if (options_.server.empty()) local.libraries = packaged.libraries;
    local.model = options_.model;
    local.slots = options_.slots;
    local.context = options_.context;
    local.threads = options_.threads;
    engine_ = std::make_unique<gw::LocalEngine>(std::move(local), system_clock());
    options_.upstreams = {engine_->url()};
  }
  auto places = gw::upstream_places(options_.upstreams);
  if (!places) return fail(places.error());
  places_ = std::move(*places);
  return {};
}

Status Gateway::open_ledger() {
  Json spec = Json::object({{"upstreams", Json::array()}});
  std::string title = "serve";
  for (const auto& place : places_) title += " " + place.name;
  auto writer = open_serve_writer(context_.settings.get("ledger"), title, system_clock().anchor(), spec);
  if (!writer) return fail(writer.error());
  writer_ = std::move(*writer);
  return {};
}

Status Gateway::open() {
  if (auto ok = open_upstreams(); !ok) return ok;
  auto meters = open_meters_for(context_, options_, places_);
  if (!meters) return fail(meters.error());
  meters_ = std::move(*meters);
  for (const auto& meter : meters_.meters) {
    if (auto ok = meter->start(); !ok) return ok;
  }
  if (auto ok = open_ledger(); !ok) return ok;
  gw::SettlerOptions settling;
  settling.lengths.busy = nanos(options_.window_s);
  settling.attribution.horizon = nanos(options_.horizon_s);
  settling.domains = options_.domains;
  settling.most_backlog = backlog_bound(options_);
  std::vector<std::string> names;
  for (const auto& place : places_) names.push_back(place.name);
  if (auto ok = tell_models(settling.attribution, options_, meters_.hosts, names); !ok) return ok;
  settling.split.tree_has_self = false;
  settler_ = std::make_unique<gw::Settler>(meters_.hosts, writer_.get(), books_, system_clock(), std::move(settling));
  processes_ = std::make_unique<ServedProcesses>(context_.files(), places_, meters_, engine_.get(), *settler_);
  news_ = std::make_unique<SensorNews>(meters_.hosts);
  gw::ServiceOptions service;
  service.wire = {options_.include_usage, options_.energy_event, options_.trailer, options_.pristine, {}, {}};
  service.wire.upstreams = std::move(names);
  auto silent = gw::named_upstreams(options_.no_usage_from, service.wire.upstreams);
  if (!silent) return fail(silent.error());
  service.wire.no_usage_from = std::move(*silent);
  service.ledger = context_.settings.get("ledger");
  service.page = live_page();
  auto known = tenants_of(context_.settings, context_.settings.file());
  if (!known) return fail(known.error());
  service_ = std::make_unique<gw::Service>(std::move(service), *settler_, books_, std::move(*known),
                                           system_clock());
  auto opened = gw::Edge::open(edge_options(options_), service_.get());
  if (!opened) return fail(opened.error());
  edge_ = std::move(*opened);
  service_->edge(edge_.get());
  PushTargets targets;
  targets.otlp = options_.otlp;
  targets.clickhouse = options_.clickhouse;
  targets.resource.version = build_version();
  targets.resource.attributes = {
      {"service.instance.id", fmt::format("{}-{}", system_clock().anchor().wall_ns, ::getpid())}};
  if (auto ok = add_environment(targets, process_variable); !ok) return ok;
  transport_ = meters_.own != nullptr ? paid_transport(*meters_.own) : http_transport();
  pushers_ = std::make_unique<Pushers>(targets, 1, *transport_);
  if (pushers_->any()) settler_->on_row = [this](const gw::RequestRow& row) { pushers_->settled(row); };
  return {};
}

// The joules of loading are an account of their own, and who asks meanwhile is told so.
Status Gateway::start_engine() {
  if (!engine_) return {};
  const SteadyTime now = system_clock().now();
  settler_->engine(gw::EngineIs::absent, SteadyTime{0});
  if (auto ok = engine_->start(); !ok) return ok;
  settler_->engine(gw::EngineIs::loading, now);
  service_->unready(loading(), now);
  processes_->look();
  return {};
}

// False once it is given up.
bool Gateway::follow_engine() {
  const auto change = engine_ ? engine_->look() : std::nullopt;
  if (!change) return true;
  switch (change->state) {
    case gw::EngineState::ready:
      settler_->engine(gw::EngineIs::resident, change->at);
      service_->unready(std::nullopt, change->at);
      context_.say("joulebook: the model is loaded");
      break;
    case gw::EngineState::loading:
      settler_->engine(gw::EngineIs::loading, change->at);
      service_->unready(loading(), change->at);
      processes_->look();
      break;
    case gw::EngineState::resting:
      settler_->engine(gw::EngineIs::absent, change->at);
      service_->unready(Error{ErrorKind::engine, "gateway.restarting",
                              "llama-server has ended by itself and is started again", "ask again later"},
                        change->at);
      context_.warn(fmt::format("llama-server has ended by itself ({}); it is started again in {:.0f} s", change->why,
                                Seconds(change->rest).count()));
      break;
    case gw::EngineState::given_up:
      settler_->engine(gw::EngineIs::absent, change->at);
      service_->unready(Error{ErrorKind::engine, "gateway.ended", "llama-server has ended by itself",
                              "see why, and start the gateway again"},
                        change->at);
      context_.warn(fmt::format("llama-server has ended by itself ({}) and is not started again", change->why),
                    "run it by hand with --model " + options_.model + " to see what it says");
      return false;
  }
  return true;
}

void Gateway::follow_sensors() {
  for (const auto& line : news_->follow(system_clock().now())) context_.say(line);
  service_->sensors(news_->sensors());
}

void Gateway::push() {
  const SteadyTime now = system_clock().now();
  if (!pushers_->any() || now - pushed_ < kPush) return;
  pushed_ = now;
  pushers_->live(service_->state());
  service_->sink_dropped(pushers_->lost());
}

void Gateway::reload() {
  if (!g_reload.exchange(false)) return;
  if (auto ok = edge_->reload(); !ok) context_.warn(ok.error().message + "; the old certificate stays");
  auto settings = Settings::load(process_environment());
  if (!settings) {
    context_.warn(settings.error().message + "; the old settings stay");
    return;
  }
  auto known = tenants_of(context_.settings, settings->file());
  if (!known) {
    context_.warn(known.error().message + "; the old tenants stay");
    return;
  }
  service_->tenants(std::move(*known));
  if (meters_.own != nullptr) meters_.own->renew();
  context_.say("joulebook: tenants and certificate read again; sensors are looked for again");
}

void Gateway::say_where() const {
  const auto colon = options_.listen.rfind(':');
  const std::string base = fmt::format("{}://{}:{}", options_.tls_cert.empty() ? "http" : "https",
                                       options_.listen.substr(0, colon), edge_->port());
  std::string upstreams;
  for (const auto& place : places_) upstreams += (upstreams.empty() ? "" : ", ") + place.name;
  context_.say(fmt::format("joulebook: {} passes to {}", base, upstreams));
  context_.say(fmt::format("joulebook: live page {}/joulebook/, metrics {}/metrics", base, base));
  for (const auto& host : settler_->hosts()) say_meter(host);
  if (options_.open_to_network) {
    context_.warn("whoever reaches " + base + " can use the upstreams and read what requests took");
  }
}

// Which upstreams have whose meter, where that is not one for all, and which have none.
void Gateway::say_meter(const gw::HostNow& host) const {
  std::string whose;
  for (const auto u : host.upstreams) whose += (whose.empty() ? " of " : ", ") + places_[u].name;
  if (!host.absence) {
    if (!whose.empty()) context_.say(fmt::format("joulebook: {} meters {}", host.name, whose.substr(4)));
    return;
  }
  context_.warn(fmt::format("no energy{}: {}", whose, host.absence->message), host.absence->cure);
}

int Gateway::run(double for_s) {
  std::signal(SIGHUP, on_reload);
  keep_memory();
  say_where();
  int code = 0;
  // The observer pays: each thread of ours.
  const auto pay = [this] {
    if (meters_.own != nullptr) meters_.own->register_self_thread();
  };
  settling_ = std::make_unique<gw::SettlingTurns>(
      gw::SettlingTurns::Parts{[this] { return settler_->pump(); }, [this] { return settler_->backlog(); },
                               [pay] {
                                 pay();
                                 take_what_is_left();
                               }},
      gw::Pressure::of(backlog_bound(options_)));
  if (auto ok = start_engine(); !ok) {
    context_.warn(ok.error().message, ok.error().cure);
    code = exit_code(ok.error().kind);
  }
  std::thread serving([&] {
    pay();
    edge_->run();
  });
  scraper_ = std::make_unique<gw::Scraper>(
      options_.upstreams, options_.upstream_ca,
      [this](std::size_t upstream, const std::optional<attribution::EngineReading>& reading) {
        service_->metrics_page(upstream, reading.has_value(), reading ? reading->running.value_or(0) : 0,
                               reading && reading->waiting ? *reading->waiting
                                                            : std::numeric_limits<double>::quiet_NaN());
        if (reading) settler_->reading(*reading);
      },
      pay);
  pay();
  // A llama-server that is started again from here would be the weaker one, too.
  if (options_.model.empty()) give_way_to_traffic();
  const SteadyTime until =
      for_s > 0 ? system_clock().now() + nanos(for_s) : SteadyTime{std::numeric_limits<std::int64_t>::max()};
  bool more = false;
  while (code == 0 && !cancelled() && system_clock().now() < until) {
    if (!more) std::this_thread::sleep_for(kPump);
    more = settling_->tick();
    push();
    reload();
    processes_->follow();
    follow_sensors();
    if (!follow_engine()) code = exit_code(ErrorKind::engine);
  }
  context_.say("joulebook: no new requests; open ones may end");
  edge_->drain(nanos(options_.drain_s));
  serving.join();
  end();
  return code;
}

void Gateway::end() {
  scraper_.reset();
  settling_->stop();
  settler_->pump(true);
  pushers_->live(service_->state());
  pushers_->stop(std::chrono::seconds(3));
  const gw::LiveState state = service_->state();
  Json result = live_json(state);
  result.set("total", to_json(metered_total(state)));
  if (writer_) {
    if (auto ok = writer_->end(system_clock().anchor(), result, true); !ok) {
      context_.warn("the run could not be ended in the ledger: " + ok.error().message);
    }
  }
  for (const auto& meter : meters_.meters) meter->stop();
  engine_.reset();
  std::string text = fmt::format("{} requests final, {} void\n", state.final_, state.void_);
  for (const auto& domain : state.domains) {
    text += fmt::format("{}: {} metered", domain.domain, human(to_joules(domain.meter).value(), "J"));
    for (const auto& [account, amount] : domain.accounts) {
      text += fmt::format(", {} {}", account, human(to_joules(amount).value(), "J"));
    }
    text += "\n";
  }
  context_.print(text);
  if (auto ok = context_.emit(result); !ok) context_.warn(ok.error().message);
}

}  // namespace

Result<int> serve_until_stopped(const Context& context, const gateway::ServeOptions& options,
                                double for_s) {
  Gateway gateway(context, options);
  if (auto ok = gateway.open(); !ok) return fail(ok.error());
  return gateway.run(for_s);
}

}  // namespace joulebook
