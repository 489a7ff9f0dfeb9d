// Bundles a page's script and style into a C++ source.
//   node build.mjs WEB_BUILD_DIR OUTPUT.cc report|live
// WEB_BUILD_DIR holds node_modules (scripts/web-deps).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [dir, output, page] = process.argv.slice(2);
const { main, css, packages } = {
  report: { main: "src/main.js", css: "style.css", packages: ["vega", "vega-lite", "vega-embed", "vega-interpreter"] },
  live: { main: "live/main.js", css: "live/live.css", packages: ["uplot"] },
}[page];
const source = dirname(fileURLToPath(import.meta.url));
const { buildSync } = createRequire(join(resolve(dir), "package.json"))("esbuild");

const common = {
  bundle: true,
  minify: true,
  write: false,
  charset: "ascii", // so that a piece never ends inside a character
  legalComments: "none",
  logLevel: "error",
  nodePaths: [join(resolve(dir), "node_modules")],
};

const text = (options) => buildSync({ ...common, ...options }).outputFiles[0].text;

// "</script" inside a script element would end it, "<!--" hide its end.
const script = text({
  entryPoints: [join(source, main)],
  format: "iife",
  target: ["es2020"],
})
  .replaceAll("</script", "<\\/script")
  .replaceAll("<!--", "<\\!--")
  .trim();
const style = text({ entryPoints: [join(source, css)], target: ["chrome100", "firefox100", "safari15"] });

// String literals in pieces: a raw one holds any byte but its own end mark.
const literal = (content) => {
  const pieces = [];
  for (let at = 0; at < content.length; at += 8000) {
    pieces.push(`R"~jb~(${content.slice(at, at + 8000)})~jb~"`);
  }
  return pieces.join("\n");
};

const licences = packages.map((name) => {
  const info = JSON.parse(readFileSync(join(dir, "node_modules", name, "package.json"), "utf8"));
  return `${name} ${info.version} (${info.license})`;
});

const hash = createHash("sha256").update(script, "utf8").digest("base64");
writeFileSync(
  output,
  `// Made by build.mjs from src/report/web (${page}). Holds ${licences.join(", ")}.
#include "report/${page === "report" ? "web" : page}_assets.h"

namespace joulebook {
namespace {

constexpr char kScript[] = ${literal(script)};
constexpr char kStyle[] = ${literal(style)};

}  // namespace

std::string_view ${page}_script() { return {kScript, sizeof kScript - 1}; }
std::string_view ${page}_script_sha256() { return "${hash}"; }
std::string_view ${page}_style() { return {kStyle, sizeof kStyle - 1}; }

}  // namespace joulebook
`,
);
