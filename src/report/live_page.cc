#include "report/live_page.h"

#include <fmt/format.h>

#include "report/html.h"
#include "report/live_assets.h"

namespace joulebook {
namespace {

constexpr std::string_view kBody = R"html(<a class="skip" href="#who">Skip to who took them</a>
<main>
<header>
<p class="kicker">Joulebook <span id="status" role="status">connecting</span> <time id="now"></time></p>
<h1>Whose joules are they, now?</h1>
<dl class="keys waits">
<div><dt>Power</dt><dd class="v" id="key-power"></dd><dd id="key-power-note"></dd></div>
<div><dt>Price of a token</dt><dd class="v" id="key-price"></dd><dd id="key-price-note"></dd></div>
<div><dt>Batch</dt><dd class="v" id="key-batch"></dd><dd id="key-batch-note"></dd></div>
<div><dt>Unattributed</dt><dd class="v" id="key-lost"></dd><dd id="key-lost-note"></dd></div>
</dl>
<div id="absences" hidden></div>
</header>
<noscript><p class="flag">This page draws what the gateway says from second to second, and needs scripts for it. The
same figures without: <code>joulebook top</code>, <code>GET /metrics</code>.</p></noscript>
<div class="pair waits">
<section aria-labelledby="power-head"><h2 id="power-head">Power</h2>
<figure id="chart-power"><p class="readout" aria-hidden="true"></p>
<div class="plot" role="img" aria-label="Power of the last ten minutes, in watts; the sentence below says what it shows"></div>
<p class="says"></p></figure></section>
<section aria-labelledby="price-head"><h2 id="price-head">Joules per token against the batch</h2>
<figure id="chart-price"><ul class="legend"><li><span class="swatch dot older"></span>last ten minutes</li><li><span
class="swatch dot recent"></span>last minute</li></ul><p class="readout" aria-hidden="true"></p>
<div class="plot" role="img" aria-label="Joules per output token against requests in the batch, a dot a second; the sentence below says what it shows"></div>
<p class="says"></p></figure></section>
</div>
<section id="accounts" class="waits" aria-labelledby="accounts-head"><h2 id="accounts-head">Where the joules went</h2>
<p class="nothing">Nothing was read, so nothing was posted.</p>
<ul class="legend" id="account-legend" aria-hidden="true"></ul>
<div id="account-bars" aria-hidden="true"></div>
<div class="scroll" tabindex="0" role="region" aria-labelledby="accounts-head"><table><caption>Energy by account since the
start</caption><thead><tr id="account-heads"></tr></thead><tbody id="account-rows"></tbody></table></div>
</section>
<section id="who" class="waits" aria-labelledby="who-head"><h2 id="who-head">Who took them</h2>
)html";

constexpr std::string_view kEnd = R"html(</section>
<section class="waits" aria-labelledby="upstreams-head"><h2 id="upstreams-head">Upstreams</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="upstreams-head"><table><caption>Servers behind the
gateway</caption><thead><tr><th scope="col">address</th><th scope="col">state</th><th scope="col">running</th><th
scope="col">waiting</th><th scope="col">requests</th><th scope="col">metrics page</th></tr></thead><tbody
id="rows-upstream"></tbody></table></div>
</section>
<section class="waits" aria-labelledby="facts-head"><h2 id="facts-head">The gateway itself</h2>
<dl class="facts" id="facts"></dl>
</section>
</main>
<footer><p>A share is settled some seconds after its second has passed. The accounts of a domain sum to its meter.</p></footer>
)html";

std::string consumers(std::string_view kind) {
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"By {0}\" id=\"table-{0}\" hidden><table>"
      "<caption>By {0}</caption><thead><tr><th scope=\"col\">{0}</th><th scope=\"col\">joules</th>"
      "<th scope=\"col\">share</th><th scope=\"col\">J/token, last minute</th>"
      "<th scope=\"col\">requests</th><th scope=\"col\">output tokens</th></tr></thead>"
      "<tbody id=\"rows-{0}\"></tbody></table></div>\n",
      kind);
}

std::string head(std::string_view events) {
  return fmt::format(
      "<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'sha256-{}'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; "
      "form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"joulebook-live\" content=\"{}\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>Joulebook live</title>\n<style>\n{}</style>\n",
      live_script_sha256(), escape_html(events), live_style());
}

}  // namespace

std::string live_page(std::string_view events) {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n" + head(events) + "</head>\n<body>\n";
  html += kBody;
  for (const std::string_view kind : {"model", "tenant", "route"}) html += consumers(kind);
  html += kEnd;
  return html.append("<script>").append(live_script()).append("</script>\n</body>\n</html>\n");
}

}  // namespace joulebook
