#include "cli/serve_models.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gateway/upstream_address.h"
#include "physics/serving/machines.h"
#include "physics/serving/shapes.h"
#include "physics/shape/shape_source.h"

namespace joulebook {

namespace gw = gateway;

namespace {

Result<attribution::ServedModel> served_model(const std::string& name) {
  auto shape = physics::read_shape(name);
  if (!shape) return fail(shape.error());
  attribution::ServedModel model;
  model.name = shape->name;
  model.work.shape = serving::serving_shape(*shape);
  model.work.weight_bytes = model.work.shape.stored.dense;
  model.work.expert_bytes = model.work.shape.stored.expert;
  model.work.head_bytes = model.work.shape.stored.head;
  model.work.embedding_bytes = model.work.shape.stored.embedding;
  model.work.kv_scale = model.work.shape.stored.kv / 2;
  model.work.weights = model.work.weight_bytes < 0.8   ? serving::Weights::fp4
                       : model.work.weight_bytes < 1.6 ? serving::Weights::fp8
                                                       : serving::Weights::bits16;
  return model;
}

// "NAME=MODEL" in its two parts; a file's name may hold the sign.
std::pair<std::string, std::string> named_shape(const std::string& text) {
  const auto at = text.find('=');
  std::error_code none;
  if (at == text.npos || std::filesystem::exists(text, none)) return {{}, text};
  return {text.substr(0, at), text.substr(at + 1)};
}

Result<serving::Device> device_of(const std::vector<gw::MeteredHost>& hosts, std::uint32_t upstream) {
  auto device = serving::find_device("H100");
  for (const auto& host : hosts) {
    if (host.meter == nullptr || !host.holds(upstream)) continue;
    for (const auto& sensor : host.meter->sensors()) {
      if (!sensor.domain.starts_with("gpu")) continue;
      if (auto known = serving::find_device(sensor.name)) device = std::move(known);
    }
  }
  return device;
}

}  // namespace

Status tell_models(attribution::Options& out, const gw::ServeOptions& options, const std::vector<gw::MeteredHost>& hosts,
                   const std::vector<std::string>& upstreams) {
  auto routers = gw::named_upstreams(options.router, upstreams);
  if (!routers) return fail(routers.error());
  out.models.resize(upstreams.size());
  for (std::uint32_t u = 0; u < upstreams.size(); ++u) {
    if (std::find(routers->begin(), routers->end(), upstreams[u]) != routers->end()) out.routers.insert(u);
  }
  std::vector<std::string> shapes = options.shape;
  if (shapes.empty() && !options.model.empty()) shapes.push_back(options.model);
  bool for_all = false;
  for (const auto& text : shapes) {
    const auto [name, what] = named_shape(text);
    if (name.empty() && std::exchange(for_all, true)) {
      return fail(ErrorKind::usage, "serve.shape", "two shapes have no name: " + text + " is one of them",
                  "say which requests each is for: --shape NAME=" + text);
    }
    auto model = served_model(what);
    if (!model) return fail(model.error());
    for (std::uint32_t u = 0; u < upstreams.size(); ++u) {
      auto device = device_of(hosts, u);
      if (!device) return fail(device.error());
      model->work.device = std::move(*device);
      if (name.empty()) {
        out.models[u] = *model;
      } else {
        out.named.push_back({u, name, *model});
      }
    }
  }
  return {};
}

}  // namespace joulebook
