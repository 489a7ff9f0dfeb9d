#include "physics/synth/synth_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include "core/file_tree.h"
#include "engine/machine_limits.h"
#include "gguf/gguf_types.h"
#include "gguf/random_blocks.h"
#include "physics/shape/counts.h"

namespace joulebook::synth {
namespace {

namespace fs = std::filesystem;
using physics::ModelShape;

constexpr std::uint64_t kPiece = 4 << 20;
constexpr double kCachedTokens = 2048;
constexpr double kWorkBytes = 256e6;

double gigabytes(std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-9; }

std::string header_of(const SynthModel& model) {
  std::vector<GgufTensorSpec> specs;
  for (const auto& tensor : model.tensors) specs.push_back(tensor.spec);
  return gguf_header(model.metadata, specs);
}

// The type of most bytes: the one that was asked for.
std::uint32_t main_type(const SynthModel& model) {
  const auto largest =
      std::ranges::max_element(model.tensors, {}, [](const auto& t) { return t.spec.bytes(); });
  return largest->spec.type;
}

std::uint64_t memory_for(const ModelShape& shape, std::uint64_t weights) {
  ModelShape cached = shape;
  cached.precision.kv = 16;
  return weights +
         static_cast<std::uint64_t>(physics::kv_bytes_held(cached, kCachedTokens) + kWorkBytes);
}

using Need = std::function<std::uint64_t(const ModelShape&, std::uint64_t weights)>;

// The most layers that need `have` bytes at most; 0: not even one.
std::int64_t most_layers(const SynthModel& model, std::uint64_t have, const Need& need) {
  const std::uint32_t type = main_type(model);
  for (std::int64_t n = model.shape.layer_count() - 1; n > 0; --n) {
    const ModelShape shape = first_layers(model.shape, n);
    std::uint64_t weights = 0;
    for (const auto& t : synth_tensors(shape, model.architecture, type)) {
      weights += gguf_padded(t.spec.bytes());
    }
    if (need(shape, weights) <= have) return n;
  }
  return 0;
}

Status within(const SynthModel& model, std::string code, std::string_view of,
              const std::optional<std::uint64_t>& have, const Need& need) {
  const std::uint64_t needed = need(model.shape, model.data_bytes());
  if (!have || needed <= *have) return {};
  const std::int64_t n = most_layers(model, *have, need);
  return fail(
      ErrorKind::resource, std::move(code),
      fmt::format("{} with {} layers needs {:.1f} GB of {} and {:.1f} GB can be had",
                  model.shape.name, model.shape.layer_count(), gigabytes(needed), of,
                  gigabytes(*have)),
      n > 0 ? fmt::format("--layers {} would fit; or choose smaller weights (--weights q4_0)", n)
            : "choose smaller weights (--weights q4_0), a smaller --vocab or another shape");
}

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

void ones(std::span<char> out) {
  constexpr float kOne = 1;
  for (std::size_t i = 0; i + sizeof kOne <= out.size(); i += sizeof kOne) {
    std::memcpy(out.data() + i, &kOne, sizeof kOne);
  }
}

class Writer {
 public:
  Writer(Output& out, std::uint64_t seed, const std::function<bool(std::uint64_t)>& progress)
      : out_(out), random_(seed), progress_(progress), buffer_(kPiece) {}

  // False where it could not be written or was stopped.
  bool tensor(const SynthTensor& tensor) {
    const GgufType& type = *gguf_type(tensor.spec.type);
    const std::uint64_t whole = tensor.spec.bytes();
    std::uint64_t zeros = tensor.zero_rows * (tensor.spec.shape[0] / type.block * type.bytes);
    const std::uint64_t piece = kPiece / type.bytes * type.bytes;
    for (std::uint64_t at = 0; at < whole;) {
      const auto n = static_cast<std::size_t>(std::min(piece, whole - at));
      const std::span<char> bytes(buffer_.data(), n);
      fill(tensor, bytes);
      const auto blank = static_cast<std::size_t>(std::min<std::uint64_t>(zeros, n));
      std::fill_n(bytes.begin(), blank, '\0');
      zeros -= blank;
      at += n;
      if (!put(bytes)) return false;
    }
    const std::string padding(static_cast<std::size_t>(gguf_padded(whole) - whole), '\0');
    return put(padding);
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
    switch (tensor.fill) {
      case SynthTensor::Fill::random:
        return random_.fill(tensor.spec.type, tensor.deviation, bytes);
      case SynthTensor::Fill::ones:
        return ones(bytes);
      case SynthTensor::Fill::zeros:
        std::fill(bytes.begin(), bytes.end(), '\0');
    }
  }

  Output& out_;
  RandomBlocks random_;
  const std::function<bool(std::uint64_t)>& progress_;
  std::vector<char> buffer_;
  std::uint64_t written_ = 0;
  bool stopped_ = false;
};

}  // namespace

Room room_here(const std::string& path) {
  Room room;
  const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : ".";
  std::error_code ec;
  const fs::space_info space = fs::space(folder, ec);
  if (!ec) room.disk = space.available;
  room.memory = available_memory(*real_files());
  return room;
}

Status fits(const SynthModel& model, const Room& room) {
  const std::uint64_t header = header_of(model).size();
  const auto on_disk = [&](const ModelShape&, std::uint64_t weights) { return header + weights; };
  if (auto ok = within(model, "synth.disk", "disk", room.disk, on_disk); !ok) return ok;
  return within(model, "synth.memory", "memory", room.memory, memory_for);
}

Result<std::uint64_t> write_synth(const SynthModel& model, std::uint64_t seed,
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
  bool ok = writer.put(header_of(model));
  for (const auto& tensor : model.tensors) ok = ok && writer.tensor(tensor);
  if (writer.stopped()) {
    return fail(ErrorKind::interrupted, "synth.stopped", fmt::format("{} was not finished", path),
                "run it again");
  }
  if (!ok || !out.keep()) return unwritten(path);
  return writer.written();
}

}  // namespace joulebook::synth
