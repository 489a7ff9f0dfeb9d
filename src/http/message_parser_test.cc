#include "http/message_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace joulebook::http {
namespace {

struct Read {
  std::size_t used = 0;
  std::string payload;
  bool done = false;
  Fault fault = Fault::none;
};

// Feeds a connection's bytes in pieces, as a proxy does: what is not used is offered again.
Read read(MessageParser& parser, std::string_view bytes, std::size_t step) {
  Read out;
  std::string held;
  for (std::size_t at = 0; at < bytes.size() && !out.done && parser.fault() == Fault::none;) {
    const std::string_view more = bytes.substr(at, step);
    at += more.size();
    held += more;
    for (;;) {
      const bool before = parser.head_done();
      const std::size_t n =
          before ? parser.body(held, [&](std::string_view p) { out.payload += p; })
                 : parser.head(held);
      out.used += n;
      held.erase(0, n);
      if (parser.done() || n == 0 || held.empty()) break;
    }
    out.done = parser.head_done() && parser.done();
  }
  out.fault = parser.fault();
  return out;
}

TEST(MessageParser, ReadsARequestAndLeavesTheNextOne) {
  MessageParser parser(MessageParser::Kind::request);
  const std::string_view bytes =
      "POST /v1/chat?x=1 HTTP/1.1\r\nHost: a\r\nX-oDd:  b \r\nContent-Length: 5\r\n\r\nhelloGET / HTTP";
  const auto result = read(parser, bytes, 1000);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.payload, "hello");
  EXPECT_EQ(bytes.substr(result.used), "GET / HTTP");
  EXPECT_EQ(parser.method(), "POST");
  EXPECT_EQ(parser.target(), "/v1/chat?x=1");
  EXPECT_EQ(parser.field("x-odd"), "b");
  EXPECT_EQ(parser.fields()[1].name, "X-oDd");
  EXPECT_TRUE(parser.keep_alive());
  EXPECT_EQ(parser.head_bytes(), bytes.substr(0, bytes.find("hello")));
}

TEST(MessageParser, ReadsAnswersByTheirFraming) {
  MessageParser answer(MessageParser::Kind::answer);
  auto result = read(answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n", 1);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.payload, "abcde");
  EXPECT_EQ(answer.status(), 200);
  answer.restart();
  result = read(answer, "HTTP/1.0 200 OK\r\n\r\nall of it", 4);
  EXPECT_FALSE(result.done);
  EXPECT_TRUE(answer.until_close());
  EXPECT_TRUE(answer.end_of_stream());
  EXPECT_EQ(result.payload, "all of it");
  answer.restart();
  answer.without_body();
  result = read(answer, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", 100);
  EXPECT_TRUE(result.done);
  EXPECT_FALSE(answer.has_body());
  answer.restart();
  result = read(answer, "HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n", 100);
  EXPECT_TRUE(result.done);
}

TEST(MessageParser, ABrokenEndIsNoEnd) {
  for (const char* bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    MessageParser answer(MessageParser::Kind::answer);
    EXPECT_FALSE(read(answer, bytes, 7).done);
    EXPECT_FALSE(answer.end_of_stream());
  }
}

TEST(MessageParser, RefusesWhatTwoParsersMayReadDifferently) {
  const std::pair<const char*, Fault> cases[] = {
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Fault::conflicting_length},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Fault::conflicting_length},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", Fault::conflicting_length},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", Fault::conflicting_length},
      {"Content-Length: 5, 5\r\n", Fault::conflicting_length},
      {"Content-Length: +5\r\n", Fault::conflicting_length},
      {"Content-Length: -1\r\n", Fault::conflicting_length},
      {"Content-Length: 0x5\r\n", Fault::conflicting_length},
      {"Content-Length:\r\n", Fault::conflicting_length},
      {"Content-Length: 99999999999999999999999\r\n", Fault::malformed},
      {"Transfer-Encoding: gzip, chunked\r\n", Fault::unsupported_coding},
      {"Transfer-Encoding: xchunked\r\n", Fault::unsupported_coding},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Fault::unsupported_coding},
      {"Transfer-Encoding : chunked\r\n", Fault::malformed},
      {"X: a\r\n b\r\n", Fault::malformed},
      {" X: a\r\n", Fault::malformed},
      {": a\r\n", Fault::malformed},
      {"X\r\n", Fault::malformed},
      {"X: a\nY: b\r\n", Fault::malformed},
      {"X: a\rY: b\r\n", Fault::malformed},
      {"X(y): a\r\n", Fault::malformed},
  };
  for (const auto& [line, fault] : cases) {
    MessageParser parser(MessageParser::Kind::request);
    const auto result =
        read(parser, std::string("POST / HTTP/1.1\r\nHost: a\r\n") + line + "\r\nhello", 1000);
    EXPECT_EQ(result.fault, fault) << line;
  }
  for (const char* start : {"GET /", "GET / HTTP/2.0", "GET  / HTTP/1.1", "GET /\tx HTTP/1.1",
                            "G\x01T / HTTP/1.1", "GET / HTTP/1.1 ", ""}) {
    MessageParser parser(MessageParser::Kind::request);
    EXPECT_NE(read(parser, std::string(start) + "\r\nHost: a\r\n\r\n", 1000).fault, Fault::none)
        << start;
  }
  MessageParser nul(MessageParser::Kind::request);
  EXPECT_EQ(read(nul, std::string_view("GET / HTTP/1.1\r\nX: \0\r\n\r\n", 25), 100).fault,
            Fault::malformed);
}

TEST(MessageParser, RefusesBadChunks) {
  for (const char* chunks : {"g\r\n", "-1\r\na\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n",
                             "11111111111111111\r\n", "\r\nabc", "3 \r\nabc", "0x3\r\nabc\r\n0\r\n\r\n"}) {
    MessageParser parser(MessageParser::Kind::request);
    const auto result = read(
        parser, std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") + chunks, 1000);
    EXPECT_EQ(result.fault, Fault::malformed) << chunks;
    EXPECT_FALSE(result.done);
  }
}

TEST(MessageParser, BoundsWhatAChunkSaysOfItself) {
  for (const char* begin : {"3;", "0\r\nX: "}) {
    MessageParser parser(MessageParser::Kind::request);
    const auto result = read(parser,
                             std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") +
                                 begin + std::string(200'000, 'a'),
                             5000);
    EXPECT_EQ(result.fault, Fault::malformed) << begin;
  }
}

TEST(MessageParser, BoundsTheHead) {
  MessageParser parser(MessageParser::Kind::request, {.head = 1000, .fields = 10});
  EXPECT_EQ(read(parser, "GET / HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n\r\n", 100).fault,
            Fault::head_too_long);
  parser.restart();
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 11; ++i) many += "A: b\r\n";
  EXPECT_EQ(read(parser, many + "\r\n", 100).fault, Fault::head_too_long);
  EXPECT_EQ(status_of(Fault::head_too_long), 431);
}

// However the bytes are cut, the same message is read.
RC_GTEST_PROP(MessageParser, AnyCutReadsTheSame, ()) {
  std::string bytes = "POST /p HTTP/1.1\r\nHost: h\r\n";
  const auto payload = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const bool chunked = *rc::gen::arbitrary<bool>();
  if (chunked) {
    bytes += "Transfer-Encoding: chunked\r\n\r\n";
    std::size_t at = 0;
    while (at < payload.size()) {
      const auto n = std::min(payload.size() - at, *rc::gen::inRange<std::size_t>(1, 40));
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", n);
      bytes += size + payload.substr(at, n) + "\r\n";
      at += n;
    }
    bytes += "0\r\n\r\n";
  } else {
    bytes += "Content-Length: " + std::to_string(payload.size()) + "\r\n\r\n" + payload;
  }
  MessageParser parser(MessageParser::Kind::request);
  const auto result = read(parser, bytes + "NEXT", *rc::gen::inRange<std::size_t>(1, 60));
  RC_ASSERT(result.fault == Fault::none);
  RC_ASSERT(result.done);
  RC_ASSERT(result.payload == payload);
  RC_ASSERT(result.used == bytes.size());
}

}  // namespace
}  // namespace joulebook::http
