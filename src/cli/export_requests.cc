#include "cli/export_requests.h"

#include <fstream>

#include "export/request_export.h"
#include "export/sql.h"
#include "ledger/serve_ledger.h"

namespace joulebook {
namespace {

// Bytes to a file or to standard output, in portions.
class Output {
 public:
  Output(const Context& context, const std::string& path) : context_(context), to_file_(path != "-") {
    if (to_file_) file_.open(path, std::ios::binary | std::ios::trunc);
  }
  void add(std::string_view bytes) {
    held_ += bytes;
    if (held_.size() >= kPortion) flush();
  }
  [[nodiscard]] bool close() {
    flush();
    if (!to_file_) return true;
    file_.close();
    return !file_.fail();
  }

 private:
  void flush() {
    if (to_file_) {
      file_.write(held_.data(), static_cast<std::streamsize>(held_.size()));
    } else {
      context_.print(held_);
    }
    held_.clear();
  }
  static constexpr std::size_t kPortion = 1 << 18;
  const Context& context_;
  bool to_file_;
  std::ofstream file_;
  std::string held_;
};

}  // namespace

bool is_request_format(const std::string& format) {
  return format == "csv" || format == "jsonl" || format == "sql";
}

Status export_requests(const Context& context, const std::string& run, const std::string& format,
                       const std::string& path) {
  const auto reader = open_serve_reader(context.settings.get("ledger"));
  if (!reader) return fail(reader.error());
  Output output(context, path);
  SqlTable sql("requests", requests_csv_head());
  if (format == "csv") output.add(requests_csv_head());
  if (format == "sql") output.add(sql.begin());
  const auto read = (*reader)->each_request(run, [&](const StoredRequest& request) {
    if (format == "csv") output.add(requests_csv_line(request));
    if (format == "jsonl") output.add(request_json(request).dump() + "\n");
    if (format == "sql") output.add(sql.add(requests_csv_line(request)));
  });
  if (format == "sql") output.add(sql.end());
  const bool whole = output.close();
  if (!read || whole) return read;
  return fail(ErrorKind::resource, "file.unwritable", path + ": it could not be written whole",
              "free some space, or name another file");
}

}  // namespace joulebook
