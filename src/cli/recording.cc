#include "cli/recording.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "meter/record.h"

namespace joulebook {

struct Recording::File {
  explicit File(std::string its_path) : path(std::move(its_path)), file(std::fopen(path.c_str(), "wb")) {}
  ~File() {
    if (file != nullptr) std::fclose(file);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void write(std::string_view bytes) {
    const std::lock_guard lock(mutex);
    if (file == nullptr || !whole) return;
    whole = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() && std::fflush(file) == 0;
    ++blocks;
    arrived.notify_all();
  }
  // Behind the second block from now everything read before now is written.
  bool finish() {
    std::unique_lock lock(mutex);
    const int wanted = blocks + 2;
    arrived.wait_for(lock, std::chrono::seconds(2), [this, wanted] { return blocks >= wanted; });
    const std::string end = TraceEncoder::end();
    whole = whole && std::fwrite(end.data(), 1, end.size(), file) == end.size() && std::fclose(file) == 0;
    file = nullptr;
    return whole;
  }

  std::string path;
  std::FILE* file;
  std::mutex mutex;
  std::condition_variable arrived;
  int blocks = 0;
  bool whole = true;
};

Result<Recording> Recording::create(const std::string& path) {
  Recording recording;
  if (path.empty()) return recording;
  recording.file_ = std::make_shared<File>(path);
  if (recording.file_->file != nullptr) return recording;
  return fail(ErrorKind::input, "file.unwritable", path + ": it cannot be written", "name another file");
}

std::function<void(std::string_view)> Recording::publish() const {
  if (!file_) return {};
  return [file = file_](std::string_view bytes) { file->write(bytes); };
}

Status Recording::finish() {
  if (!file_ || file_->finish()) return {};
  return fail(ErrorKind::resource, "file.full", file_->path + ": the samples could not be written whole",
              "free some space");
}

}  // namespace joulebook
