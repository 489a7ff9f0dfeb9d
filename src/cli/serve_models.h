#pragma once
// What is known of the models behind `serve`, so that their work can be weighed.
#include <joulebook/result.h>

#include <string>
#include <vector>

#include "attribution/attributor.h"
#include "gateway/metered_host.h"
#include "gateway/serve_options.h"

namespace joulebook {

// What the models of the upstreams are, each on the device of its upstream's host, for the weights of its work;
// nothing where nobody said. `upstreams`: their names. Errors: those of physics::read_shape and
// gateway::named_upstreams; usage "serve.shape" (two shapes without a name).
[[nodiscard]] Status tell_models(attribution::Options& out, const gateway::ServeOptions& options,
                                 const std::vector<gateway::MeteredHost>& hosts, const std::vector<std::string>& upstreams);

}  // namespace joulebook
