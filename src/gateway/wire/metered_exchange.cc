#include "gateway/wire/metered_exchange.h"

#include <algorithm>

#include "core/json_text.h"
#include "gateway/wire/fields.h"
#include "http/message_parser.h"

namespace joulebook::gateway {
MeteredExchange::MeteredExchange(Api api, attribution::RequestId request, RequestBegin begin,
                                 const WireOptions& options, TrafficSink& sink)
    : api_(api),
      request_(request),
      begin_(std::move(begin)),
      options_(options),
      sink_(sink),
      reader_(api, [this](const AnswerReader::What& what) { remark(now_, what); }) {}

void MeteredExchange::remark(SteadyTime at, AnswerReader::What what) {
  if (opened_) sink_.remark({request_, at, std::move(what)});
}

std::optional<std::string> MeteredExchange::body(std::string_view whole) {
  auto asked = read_request(api_, whole);
  if (!asked) return std::nullopt;
  asked_ = std::move(*asked);
  begin_.model = asked_.model;
  begin_.stream = asked_.stream;
  if (options_.pristine || !options_.include_usage) return std::nullopt;
  auto other = with_usage(api_, asked_, whole);
  asked_usage_ = other.has_value();
  return other;
}

bool MeteredExchange::replaces_for(std::uint32_t upstream) const {
  return upstream >= options_.upstreams.size() ||
         std::find(options_.no_usage_from.begin(), options_.no_usage_from.end(), options_.upstreams[upstream]) ==
             options_.no_usage_from.end();
}

void MeteredExchange::sent(std::uint32_t upstream, SteadyTime at) {
  asked_usage_ = asked_usage_ && replaces_for(upstream);
  if (upstream < options_.upstreams.size()) begin_.upstream = options_.upstreams[upstream];
  opened_ = true;
  upstream_ = upstream;
  sink_.opened(request_, begin_);
  attribution::Arrived arrived;
  arrived.upstream = upstream;
  arrived.model = asked_.model;
  arrived.choices = asked_.choices;
  arrived.prompt_bytes = asked_.prompt_bytes;
  arrived.most_tokens = asked_.most_tokens;
  arrived.streamed = asked_.stream;
  arrived.embedding = api_ == Api::embeddings || api_ == Api::ollama_embed;
  remark(begin_.arrived, std::move(arrived));
  remark(at, attribution::Sent{});
}

std::string MeteredExchange::head(const AnswerHead& head, SteadyTime at, bool& framed) {
  now_ = at;
  status_ = head.status;
  if (opened_) sink_.answered(request_, status_);
  const std::string_view type = field_of(head.fields, "content-type");
  const auto is = [type](std::string_view name) { return http::same_name(type.substr(0, name.size()), name); };
  const std::string_view coding = field_of(head.fields, "content-encoding");
  const bool readable = coding.empty() || http::same_name(coding, "identity");
  if (readable && is("text/event-stream")) {
    mode_ = Mode::events;
  } else if (readable && is("application/x-ndjson")) {
    mode_ = Mode::lines;
    cutter_ = PieceCutter(PieceCutter::Kind::lines);
  } else if (readable && is("application/json")) {
    mode_ = Mode::whole;
  }
  if (options_.pristine || !opened_) return {};  // of what was never sent there is nothing to ask by an id
  framed = framed_ = mode_ == Mode::events;
  std::string lines;
  lines.reserve(128);
  lines.append("x-joulebook-request-id: ").append(begin_.id).append("\r\n");
  if (framed_ && options_.trailer) lines += "Trailer: x-joulebook-energy\r\n";
  return lines;
}

void MeteredExchange::note(std::string& out) const {
  std::string json = "{\"id\":";
  append_json_text(json, begin_.id);
  json += ",\"status\":\"pending\",\"provisional\":";
  append_json(json, sink_.provisional(reader_.tokens(), upstream_));
  json += '}';
  out.append(": joulebook ").append(json).append("\n\n");
  if (options_.energy_event) out.append("event: energy\ndata: ").append(json).append("\n\n");
}

void MeteredExchange::piece(const Piece& piece, std::string& out) {
  AnswerReader::Role role;
  if (piece.readable && !piece.data.empty()) role = reader_.piece(piece.data, piece.event);
  if (!framed_) return;
  if (role.usage_alone && asked_usage_) return;
  if (role.last && !noted_) {
    note(out);
    noted_ = true;
  }
  out += piece.raw;
}

void MeteredExchange::payload(std::string_view bytes, SteadyTime at, std::string& out) {
  now_ = at;
  switch (mode_) {
    case Mode::events:
    case Mode::lines:
      return cutter_.feed(bytes, [&](const Piece& p) { piece(p, out); });
    case Mode::whole:
      if (whole_.size() + bytes.size() <= kMostWhole) {
        whole_ += bytes;
      } else {
        mode_ = Mode::unread;
        whole_.clear();
      }
      return;
    case Mode::unread:
      return;
  }
}

void MeteredExchange::last(SteadyTime at, std::string& out, std::string& trailer) {
  now_ = at;
  if (mode_ == Mode::events || mode_ == Mode::lines) {
    cutter_.finish([&](const Piece& p) { piece(p, out); });
  } else if (mode_ == Mode::whole) {
    reader_.whole(whole_);
  }
  if (framed_ && !noted_) note(out);
  if (framed_ && options_.trailer) {
    trailer = "x-joulebook-energy: ";
    append_json(trailer, sink_.provisional(reader_.tokens(), upstream_));
    trailer += "\r\n";
  }
}

void MeteredExchange::over(Finish how, SteadyTime at) {
  attribution::Ended ended;
  if (how == Finish::client_gone) ended.outcome = attribution::Outcome::cancelled;
  if (how == Finish::upstream_gone || how == Finish::refused || status_ >= 400 || reader_.failed()) {
    ended.outcome = attribution::Outcome::failed;
  }
  if (how == Finish::upstream_gone && opened_) {
    sink_.broken(request_, {"upstream.gone", "the upstream broke off before its answer was whole",
                            "see the upstream's log; what was posted to the request is its lower bound"});
  }
  remark(at, ended);
}

}  // namespace joulebook::gateway
