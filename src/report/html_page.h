#pragma once
// A study as one self-contained page: opens from disk, asks for nothing over the network, carries
// the whole result as JSON in <script type="application/json" id="study">. Tables and sentences are
// written here and stand without scripts; the charts are drawn from that same JSON by the embedded
// script (src/report/web). The page's Content-Security-Policy allows this one script, by its hash,
// and no connection of any sort. docs/report.md describes it.
#include <joulebook/result.h>

#include <string>

#include "core/json.h"

namespace joulebook {

// `study` as to_json(StudyResult) writes it. Errors: those of study_from_json.
[[nodiscard]] Result<std::string> html_page(const Json& study);

}  // namespace joulebook
