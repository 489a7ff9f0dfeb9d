// `serve` and `agent` as programs: a plant whose energy is known below, a mock server behind, real
// clients in front; what the wire, the ledger and the faces say in the end.
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>

#include "cli/serve_fixture.h"
#include "fakes/json_schema.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

class FourAtOnce : public ServeOnAPlant {
 protected:
  FourAtOnce() : ServeOnAPlant(4) {}
};

TEST_F(FourAtOnce, RequestsShareWhatWasAboveTheIdleThatWasLearnt) {
  const auto gateway = serve();
  wait_for_rest(upstream_);
  const SteadyTime begin = system_clock().now();
  std::vector<Answer> answers(4);
  std::vector<std::thread> clients;
  for (auto& answer : answers) {
    clients.emplace_back([&] { answer = ask(url_ + "/v1/chat/completions", prompt(57)); });
  }
  for (auto& client : clients) client.join();
  double sum = 0;
  const double truth = upstream_.above_rest(begin);
  EXPECT_GE(truth, 60 * 3);  // 200 ms and 56 times 50 ms
  for (const auto& answer : answers) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr(": joulebook {\"id\":\"" + answer.id));
    EXPECT_THAT(answer.body, testing::EndsWith("data: [DONE]\n\n"));
    const auto request = settled(answer.id);
    ASSERT_EQ(request["status"], "final") << request.dump(1);
    const auto& fair = request["fair"];
    EXPECT_EQ(fair["tier"], "apportioned");
    EXPECT_EQ(fair["boundary"], "package");
    EXPECT_EQ(request["tokens"]["answer"], 57);
    const double value = fair["value"];
    EXPECT_LE(fair["lo"].get<double>(), truth / 4);
    EXPECT_GE(fair["hi"].get<double>(), truth / 4);
    EXPECT_NEAR(value, truth / 4, 0.27 * truth / 4) << request["phases"].dump();  // four alike
    sum += value;
  }
  EXPECT_NEAR(sum, truth, 0.1 * truth);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
  const Outcome shown = joulebook({"list", "--ledger", ledger_});
  EXPECT_THAT(shown.out, HasSubstr("serve"));
}

TEST_F(ServeOnAPlant, PristineChangesNothing) {
  const auto gateway = serve({"--pristine"});
  for (const bool stream : {true, false}) {
    const Answer direct = ask(upstream_.address() + "/v1/chat/completions", prompt(3, stream));
    const Answer passed = ask(url_ + "/v1/chat/completions", prompt(3, stream));
    EXPECT_EQ(passed.status, direct.status);
    EXPECT_EQ(passed.id, "");
    // What differs is the mock's own: ids and times.
    EXPECT_EQ(passed.body.find("joulebook"), std::string::npos);
    EXPECT_EQ(passed.body.size(), direct.body.size());
  }
  EXPECT_EQ(ask(url_ + "/v1/models").body, ask(upstream_.address() + "/v1/models").body);
}

TEST_F(ServeOnAPlant, WhatWasSettledStaysWhenItIsKilled) {
  auto gateway = serve();
  const Answer done = ask(url_ + "/v1/chat/completions", prompt(5));
  const auto request = settled(done.id);
  EXPECT_TRUE(wait_for([&] { return joulebook({"show", done.id, "--ledger", ledger_}).code == 0; })) << "never written";
  std::thread open([&] { (void)ask(url_ + "/v1/chat/completions", prompt(200)); });
  std::this_thread::sleep_for(1500ms);
  gateway->end(SIGKILL);
  open.join();
  expect_verified();
  gateway = serve();  // makes good what was left
  EXPECT_EQ(settled(done.id)["status"], request["status"]);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
}

TEST_F(ServeOnAPlant, KeysAreKeptNowhere) {
  const auto gateway = serve();
  const Answer answer = ask(url_ + "/v1/chat/completions", prompt(3), {"Authorization: Bearer sk-very-secret-key"});
  const auto request = settled(answer.id);
  EXPECT_EQ(request["tenant"].get<std::string>().size(), 16U);
  std::this_thread::sleep_for(1200ms);
  std::string everything = request.dump() + ask(url_ + "/metrics").body;
  EXPECT_EQ(gateway->end(), 0);
  for (const char* file : {"/ledger.db", "/ledger.db-wal", "/out"}) everything += text_of(folder_ + file);
  everything += text_of(err_);
  EXPECT_EQ(everything.find("very-secret"), std::string::npos);
  EXPECT_EQ(everything.find("one two three"), std::string::npos);
}

// A driver that is loaded, or a right that is granted, after the start.
TEST_F(ServeOnAPlant, ASensorThatComesLaterIsReadFromThenOn) {
  sysroot_ = folder_ + "/later";
  std::filesystem::create_directories(sysroot_);
  const auto gateway = serve();
  EXPECT_THAT(text_of(err_), HasSubstr("no energy: no sensor can be read on this machine"));
  const auto before = settled(ask(url_ + "/v1/chat/completions", prompt(2)).id);
  EXPECT_EQ(before.at("status"), "void");
  EXPECT_EQ(before.at("fair").at("reason").at("code"), "sensor.none");
  PowerPlant plant(sysroot_, system_clock().now(),
                   {{.directory = "intel-rapl:0", .name = "package-0", .power = PowerFunction::constant(30), .tick = 5ms}});
  plant.run(system_clock());
  kill(gateway->pid(), SIGHUP);
  EXPECT_TRUE(wait_for([&] { return text_of(err_).find("package:0 is read from now on") != std::string::npos; })) << text_of(err_);
  const std::string up = "joulebook_sensor_up{sensor=\"powercap:intel-rapl:0\",domain=\"package:0\"} ";
  EXPECT_TRUE(wait_for([&] { return ask(url_ + "/metrics").body.find(up + "1") != std::string::npos; }));
  const auto after = settled(ask(url_ + "/v1/chat/completions", prompt(2)).id);
  EXPECT_EQ(after.at("status"), "final") << after.dump(2);
  EXPECT_EQ(settled(before.at("id")), before) << "what was settled stays";
  // It goes, and comes back.
  plant.remove("package-0");
  EXPECT_TRUE(wait_for([&] { return text_of(err_).find("package:0 can no longer be read") != std::string::npos; }));
  EXPECT_THAT(ask(url_ + "/metrics").body, HasSubstr(up + "0"));
  plant.heal("package-0");
  EXPECT_TRUE(wait_for([&] { return text_of(err_).find("package:0 is read again") != std::string::npos; })) << text_of(err_);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
}

TEST_F(ServeOnAPlant, AnAgentsMeterIsJoined) {
  const std::string agent_err = folder_ + "/agent";
  Beside agent({"agent", "--listen", "127.0.0.1:0", "--sysroot", sysroot_}, agent_err);
  const int port = port_of(agent_err, "agent on port ");
  setenv("JOULEBOOK_METER_TOKEN", "0123456789abcdef", 1);
  const auto gateway = serve({"--meter", "http://127.0.0.1:" + std::to_string(port)});
  wait_for_rest(upstream_);
  const SteadyTime begin = system_clock().now();
  const Answer answer = ask(url_ + "/v1/chat/completions", prompt(57));
  const double truth = upstream_.above_rest(begin);
  const auto request = settled(answer.id);
  ASSERT_EQ(request["status"], "final") << request.dump(1) << text_of(err_);
  EXPECT_NEAR(request["fair"]["value"].get<double>(), truth, 0.1 * truth);
  EXPECT_LE(request["fair"]["lo"].get<double>(), truth);
  EXPECT_GE(request["fair"]["hi"].get<double>(), truth);
  EXPECT_EQ(gateway->end(), 0);
  EXPECT_EQ(agent.end(), 0);
}

// Two machines with an agent each, named apart on loopback: requests are paid by the plant of their own
// upstream, domain by domain, and an agent that dies costs its own upstream its energy until it is back.
TEST_F(ServeOnAPlant, OfTwoMachinesEachHasItsOwnMeter) {
  const std::string other_root = folder_ + "/other";
  const Computer other(other_root, 10, 150);
  const std::string first_err = folder_ + "/first", other_err = folder_ + "/second";
  Beside first({"agent", "--listen", "127.0.0.1:0", "--sysroot", sysroot_}, first_err);
  auto second = std::make_unique<Beside>(
      std::vector<std::string>{"agent", "--listen", "127.0.0.1:0", "--sysroot", other_root}, other_err);
  const std::string first_port = std::to_string(port_of(first_err, "agent on port "));
  const std::string second_port = std::to_string(port_of(other_err, "agent on port "));
  setenv("JOULEBOOK_METER_TOKEN", "0123456789abcdef", 1);
  const auto gateway = serve({"--upstream", other.address(), "--horizon-s", "10",
                              "--meter", "http://127.0.0.1:" + first_port + "=" + upstream_.address(),
                              "--meter", "http://127.0.0.1:" + second_port + "=" + other.address()});
  wait_for_rest(upstream_, "package:0@127.0.0.1:" + first_port);
  wait_for_rest(other, "package:0@127.0.0.1:" + second_port);
  // One on each: the gateway chooses the one that has less to do.
  const auto both = [&](int tokens) {
    std::array<Answer, 2> answers;
    const int before = upstream_.rises() + other.rises();
    std::thread beside([&] { answers[0] = ask(url_ + "/v1/chat/completions", prompt(tokens)); });
    EXPECT_TRUE(wait_for([&] { return upstream_.rises() + other.rises() > before; }));
    answers[1] = ask(url_ + "/v1/chat/completions", prompt(tokens));
    beside.join();
    std::map<std::string, nlohmann::json> out;
    for (const auto& answer : answers) {
      auto request = settled(answer.id);
      out[request["upstream"]] = request;
    }
    return out;
  };
  const SteadyTime begin = system_clock().now();
  auto requests = both(57);
  ASSERT_EQ(requests.size(), 2U);
  for (const auto& [upstream, joules] :
       {std::pair(upstream_.address(), upstream_.above_rest(begin)), {other.address(), other.above_rest(begin)}}) {
    const auto& fair = requests[upstream]["fair"];
    ASSERT_EQ(requests[upstream]["status"], "final") << requests[upstream].dump(1) << text_of(err_);
    EXPECT_NEAR(fair["value"].get<double>(), joules, 0.1 * joules);
    EXPECT_LE(fair["lo"].get<double>(), joules);
    EXPECT_GE(fair["hi"].get<double>(), joules);
  }
  const std::string page = ask(url_ + "/metrics").body;
  for (const auto& port : {first_port, second_port}) {
    EXPECT_THAT(page, HasSubstr("joulebook_meter_joules_total{domain=\"package:0@127.0.0.1:" + port + "\""));
  }
  EXPECT_THAT(page, HasSubstr("joulebook_upstream_metered{upstream=\"" + other.address() + "\"} 1"));
  second->end(SIGKILL);
  requests = both(20);
  EXPECT_EQ(requests[upstream_.address()]["status"], "final") << requests[upstream_.address()].dump(1);
  EXPECT_EQ(requests[other.address()]["status"], "void");
  EXPECT_EQ(requests[other.address()]["reason"]["code"], "meter.unreachable") << requests[other.address()].dump(1);
  EXPECT_THAT(ask(url_ + "/metrics").body, HasSubstr("joulebook_upstream_metered{upstream=\"" + other.address() + "\"} 0"));
  second = std::make_unique<Beside>(
      std::vector<std::string>{"agent", "--listen", "127.0.0.1:" + second_port, "--sysroot", other_root}, other_err);
  (void)port_of(other_err, "agent on port ");
  EXPECT_TRUE(wait_for([&] {
    return ask(url_ + "/metrics").body.find("joulebook_upstream_metered{upstream=\"" + other.address() + "\"} 1") != std::string::npos;
  }));
  // Windows in which it was away have to be over, too.
  EXPECT_TRUE(wait_for([&] {
    requests = both(20);
    return requests[other.address()]["status"] == "final";
  })) << requests[other.address()].dump(1);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
}

// The load generator in front of it reports what the gateway settled for each request, to the microjoule.
TEST_F(ServeOnAPlant, LoadReportsEachRequestAsItWasSettled) {
  const auto gateway = serve();
  wait_for_rest(upstream_);
  const Outcome load = joulebook({"load", url_, "-c", "4", "--requests", "12", "--output-tokens", "10", "--slo", "e2e=1h",
                                  "--json", folder_ + "/load.json", "--out", folder_ + "/raw.jsonl"});
  ASSERT_EQ(load.code, 0) << load.err;
  EXPECT_THAT(load.out, HasSubstr("request by request"));
  EXPECT_THAT(load.out, HasSubstr("12 of 12 settled"));
  std::int64_t posted = 0;
  std::ifstream raw(folder_ + "/raw.jsonl");
  for (std::string line; std::getline(raw, line);) {
    const auto record = nlohmann::json::parse(line);
    if (!record["window"].is_null()) posted += settled(record["energy_id"])["posted_uj"].get<std::int64_t>();
  }
  EXPECT_GT(posted, 0);
  const auto document = nlohmann::json::parse(text_of(folder_ + "/load.json"));
  const JsonSchema schema(std::string(JOULEBOOK_SOURCE_DIR) + "/docs/schema/load.schema.json");
  EXPECT_EQ(schema.explain(document), "");
  const auto& figures = document["points"][0]["figures"]["by_request"];
  const double joules = static_cast<double>(posted) * 1e-6;
  EXPECT_NEAR(figures["per_request"]["value"].get<double>() * 12, joules, 1e-9 * joules);
  EXPECT_NEAR(figures["per_good_request"]["value"].get<double>() * 12, joules, 1e-9 * joules);
  EXPECT_NEAR(figures["per_output_token"]["value"].get<double>() * 120, joules, 1e-9 * joules);
  EXPECT_EQ(figures["per_request"]["tier"], "apportioned");
  EXPECT_EQ(document["points"][0]["repeats"][0]["by_request"]["settled"], 12);
  EXPECT_EQ(gateway->end(), 0);
}

// Requests go on while tenants are read again, and the new name holds from then on.
TEST_F(ServeOnAPlant, TenantsAreReadAgainUnderTrafficAndNobodyIsDropped) {
  const std::string config = folder_ + "/joulebook.toml";
  std::ofstream(config) << "";
  setenv("JOULEBOOK_CONFIG", config.c_str(), 1);
  const auto gateway = serve();
  const std::vector<std::string> key = {"Authorization: Bearer sk-of-a-tenant"};
  const std::string tenant = settled(ask(url_ + "/v1/chat/completions", prompt(2), key).id)["tenant"];
  EXPECT_EQ(tenant.size(), 16U);
  std::atomic<bool> end{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!end) ++(ask(url_ + "/v1/chat/completions", prompt(3), key).status == 200 ? good : bad);
    });
  }
  std::ofstream(config) << "[tenants]\n" << tenant << " = \"research\"\n";
  kill(gateway->pid(), SIGHUP);
  std::string name = tenant;
  for (int i = 0; i < 20 && name != "research"; ++i) {
    name = settled(ask(url_ + "/v1/chat/completions", prompt(2), key).id)["tenant"];
  }
  std::ofstream(config) << "[tenants\n";  // what cannot be read changes nothing
  kill(gateway->pid(), SIGHUP);
  EXPECT_TRUE(wait_for([&] { return text_of(err_).find("the old settings stay") != std::string::npos; })) << text_of(err_);
  EXPECT_EQ(settled(ask(url_ + "/v1/chat/completions", prompt(2), key).id)["tenant"], "research");
  end = true;
  for (auto& client : clients) client.join();
  unsetenv("JOULEBOOK_CONFIG");
  EXPECT_EQ(name, "research");
  EXPECT_GT(good, 4);
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
}

// A GPU on which none of the upstream's processes is seen, as behind a container's own process numbers.
std::map<std::string, std::string> others_gpu(const std::string& folder) {
  put_file(folder + "/nvml.txt", "device uuid=GPU-fake pci=00000000:01:00.0 pids=4711 power=constant:100\n");
  return {{"LD_LIBRARY_PATH", JOULEBOOK_FAKE_NVML_DIR}, {"JOULEBOOK_FAKE_NVML", folder + "/nvml.txt"}};
}

TEST_F(ServeOnAPlant, ADomainThatIsNamedIsCoveredWhoeverUsesIt) {
  sysroot_.clear();  // on this machine itself, where processes are seen
  const auto gateway = serve({"--domains", "gpu:0"}, others_gpu(folder_));
  const auto request = settled(ask(url_ + "/v1/chat/completions", prompt(20)).id);
  EXPECT_EQ(request["status"], "final") << request.dump(1);
  EXPECT_EQ(request["fair"]["boundary"], "gpu") << request.dump(1);
  EXPECT_THAT(ask(url_ + "/metrics").body, HasSubstr("joulebook_meter_joules_total{domain=\"gpu:0\",tier=\"measured\"}"));
  EXPECT_EQ(gateway->end(), 0);
  expect_verified();
}

TEST_F(ServeOnAPlant, ADomainThatNobodyReadsIsRefused) {
  const auto gpu = others_gpu(folder_);
  for (const auto& [more, why] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--domains", "gpu:7"}, "gpu:7"},
           {{"--domains", "package:0,gpu:7"}, "gpu:7"},
           {{"--domains", "package:0", "--devices", "gpu"}, "--domains asks for cpu, which --devices leaves out"}}) {
    std::vector<std::string> arguments = {"serve", "--upstream", upstream_.address(), "--listen", "127.0.0.1:0", "--for", "3",
                                          "--sysroot", sysroot_, "--ledger", ledger_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = joulebook(arguments, gpu);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, testing::AllOf(HasSubstr(why), HasSubstr("cure: ")));
  }
}

TEST(Serve, SaysWhatIsWrongAndHowToMendIt) {
  for (const auto& [arguments, code] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"serve"}, "nothing to serve"},
           {{"serve", "--upstream", "127.0.0.1:80"}, "begins with http"},
           {{"serve", "--upstream", "http://127.0.0.1:80", "--listen", "0.0.0.0:1"}, "opens the gateway to the network"},
           {{"serve", "--upstream", "http://127.0.0.1:80", "--tls-cert", "x"}, "both a certificate and its key"},
           {{"agent"}, "needs a token"}}) {
    const Outcome outcome = joulebook(arguments, {{"JOULEBOOK_METER_TOKEN", ""}});
    EXPECT_EQ(outcome.code, 2) << arguments[0];
    EXPECT_THAT(outcome.err, HasSubstr(code));
    EXPECT_THAT(outcome.err, HasSubstr("cure: "));
  }
}

}  // namespace
}  // namespace joulebook::fakes
