#include "physics/synth/weight_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include "gguf/gguf_types.h"
#include "gguf/random_blocks.h"

namespace joulebook::synth {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPiece = 4 << 20;

// A file that is removed unless it was kept.
class Output {
 public:
  explicit Output(const std::string& path)
      : path_(path), part_(path + ".part"), file_(std::fopen(part_.c_str(), "wb")) {}
  ~Output() {
    if (file_ == nullptr) return;
    std::fclose(file_);
    std::remove(part_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  [[nodiscard]] bool open() const { return file_ != nullptr; }
  [[nodiscard]] bool write(std::span<const char> bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  }
  [[nodiscard]] bool keep() {
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (closed && std::rename(part_.c_str(), path_.c_str()) == 0) return true;
    std::remove(part_.c_str());
    return false;
  }

 private:
  std::string path_, part_;
  std::FILE* file_;
};

tl::unexpected<Error> unwritten(const std::string& path) {
  const int why = errno;
  if (why == ENOSPC || why == EDQUOT) {
    return fail(ErrorKind::resource, "synth.disk",
                fmt::format("{} could not be written: the disk is full", path),
                "free space, write elsewhere, or ask for fewer --layers");
  }
  return fail(ErrorKind::input, "synth.path",
              fmt::format("{} could not be written: {}", path, std::strerror(why)),
              "name a file in a folder that exists and can be written to");
}

void repeat(float value, std::span<char> out) {
  for (std::size_t i = 0; i + sizeof value <= out.size(); i += sizeof value) {
    std::memcpy(out.data() + i, &value, sizeof value);
  }
}

class Writer {
 public:
  Writer(Output& out, std::uint64_t seed, const std::function<bool(std::uint64_t)>& progress)
      : out_(out), random_(seed), progress_(progress), buffer_(kPiece) {}

  // False, here and below, where it could not be written or was stopped.
  bool tensor(const SynthTensor& tensor) {
    const GgufType& type = *gguf_type(tensor.spec.type);
    const std::uint64_t whole = tensor.spec.bytes();
    const std::uint64_t piece = kPiece / type.bytes * type.bytes;
    for (std::uint64_t at = 0; at < whole;) {
      const auto n = static_cast<std::size_t>(std::min(piece, whole - at));
      const std::span<char> bytes(buffer_.data(), n);
      fill(tensor, bytes);
      blank(tensor, at, bytes);
      at += n;
      if (!put(bytes)) return false;
    }
    return true;
  }

  // Up to the next multiple of the format's alignment.
  bool pad(const SynthTensor& tensor) {
    const std::uint64_t whole = tensor.spec.bytes();
    return put(std::string(static_cast<std::size_t>(gguf_padded(whole) - whole), '\0'));
  }

  bool put(std::span<const char> bytes) {
    if (!out_.write(bytes)) return false;
    written_ += bytes.size();
    stopped_ = progress_ && !progress_(written_);
    return !stopped_;
  }
  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  void fill(const SynthTensor& tensor, std::span<char> bytes) {
    if (tensor.fill == SynthTensor::Fill::constant) return repeat(tensor.value, bytes);
    random_.fill(tensor.spec.type, tensor.deviation, bytes);
  }

  // Zeroes what of the tensor's zero rows lies in `bytes`, which begin at `at`.
  static void blank(const SynthTensor& tensor, std::uint64_t at, std::span<char> bytes) {
    const GgufType& type = *gguf_type(tensor.spec.type);
    const std::uint64_t row = tensor.spec.shape[0] / type.block * type.bytes;
    const std::uint64_t end = at + bytes.size();
    const std::uint64_t first = std::clamp(tensor.zero_from * row, at, end);
    const std::uint64_t last = std::clamp((tensor.zero_from + tensor.zero_rows) * row, at, end);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(first - at),
              bytes.begin() + static_cast<std::ptrdiff_t>(last - at), '\0');
  }

  Output& out_;
  RandomBlocks random_;
  const std::function<bool(std::uint64_t)>& progress_;
  std::vector<char> buffer_;
  std::uint64_t written_ = 0;
  bool stopped_ = false;
};

}  // namespace

std::uint64_t WeightFile::bytes() const {
  std::uint64_t sum = header.size();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t data = tensors[i].spec.bytes();
    sum += before.empty() ? gguf_padded(data) : before[i].size() + data;
  }
  return sum;
}

std::uint64_t WeightFile::parameters() const {
  std::uint64_t sum = 0;
  for (const auto& tensor : tensors) sum += tensor.spec.parameters();
  return sum;
}

Result<std::uint64_t> write_weights(const WeightFile& file, std::uint64_t seed,
                                    const std::string& path,
                                    const std::function<bool(std::uint64_t)>& progress) {
  std::error_code ec;
  if (fs::exists(path, ec) && !fs::is_regular_file(path, ec)) {
    return fail(ErrorKind::input, "synth.path", fmt::format("{} is not an ordinary file", path),
                "name a new file, or one that may be replaced");
  }
  Output out(path);
  if (!out.open()) return unwritten(path);
  Writer writer(out, seed, progress);
  bool ok = writer.put(file.header);
  for (std::size_t i = 0; ok && i < file.tensors.size(); ++i) {
    const SynthTensor& tensor = file.tensors[i];
    if (!file.before.empty()) ok = writer.put(file.before[i]);
    ok = ok && writer.tensor(tensor);
    if (file.before.empty()) ok = ok && writer.pad(tensor);
  }
  if (writer.stopped()) {
    return fail(ErrorKind::interrupted, "synth.stopped", fmt::format("{} was not finished", path),
                "run it again");
  }
  if (!ok || !out.keep()) return unwritten(path);
  return writer.written();
}

}  // namespace joulebook::synth
