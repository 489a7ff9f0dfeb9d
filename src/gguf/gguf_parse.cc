#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <numeric>

#include "gguf/byte_source.h"
#include "gguf/gguf_file.h"
#include "gguf/gguf_types.h"

namespace joulebook {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is read as little-endian");

constexpr std::uint64_t kMaxKey = 64 * 1024;
constexpr std::uint64_t kMaxKeptText = 64 << 20;     // bytes of keys, names and texts, all together
constexpr std::uint64_t kMaxKeptNumbers = 4096;      // of one array
constexpr std::uint64_t kMaxArrayNumbers = 1 << 20;  // kept, all arrays together
constexpr std::uint64_t kMaxPairs = 1 << 16;
constexpr std::uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;  // of one entry in the list
constexpr std::uint32_t kMaxDimensions = 4;
constexpr std::uint64_t kDefaultAlignment = 32;

enum ValueType : std::uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64,
  kValueTypes
};

// Bytes of a scalar; 0 for strings and arrays.
constexpr std::uint64_t scalar_bytes(std::uint32_t type) {
  constexpr std::uint8_t kBytes[kValueTypes] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kBytes[type];
}

// Reads one header. Each step is false where it failed, and then failed_ says how.
class Parser {
 public:
  Parser(ByteSource& source, std::string name) : source_(source), name_(std::move(name)) {}

  Result<GgufFile> parse() {
    file_.file_bytes = source_.size();
    if (source_.size() == 0) {
      return fail(ErrorKind::input, "model.empty", fmt::format("{} is empty", name_),
                  "download the model again");
    }
    if (!header() || !pairs() || !tensor_list() || !data()) return fail(failed_);
    return std::move(file_);
  }

 private:
  bool truncated() {
    failed_ = {
        ErrorKind::input, "model.truncated",
        fmt::format("{} ends early: {} bytes are not the whole model", name_, source_.size()),
        "download the model again, and compare its size with the publisher's"};
    return false;
  }

  bool refuse(const std::string& why) {
    failed_ = {ErrorKind::input, "model.not_gguf",
               fmt::format("{} is not a GGUF model: {}", name_, why),
               "name a .gguf file (llama.cpp's format), not safetensors, PyTorch or a page that "
               "was saved instead of the file"};
    return false;
  }

  template <class T>
  bool number(T& out) {
    return source_.number(out) || truncated();
  }

  bool header() {
    char magic[4] = {};
    const auto have = static_cast<std::size_t>(std::min<std::uint64_t>(4, source_.size()));
    if (!source_.read(magic, have)) return truncated();
    if (std::memcmp(magic, "GGUF", have) != 0) return refuse("it does not begin with GGUF");
    if (have < 4) return truncated();
    if (!number(file_.version) || !number(tensors_) || !number(pairs_)) return false;
    if (file_.version < 2 || file_.version > 3) {
      return refuse(fmt::format("version {} is neither 2 nor 3", file_.version));
    }
    if (pairs_ > kMaxPairs) return refuse(fmt::format("{} metadata entries", pairs_));
    return true;
  }

  // A string with its length before it; kept only where `keep` is not null.
  bool string(std::string* keep, std::uint64_t limit) {
    std::uint64_t length = 0;
    if (!number(length)) return false;
    if (keep == nullptr) return source_.skip(length) || truncated();
    if (length > limit) return refuse(fmt::format("a text of {} bytes in its header", length));
    if (length > source_.remaining()) return truncated();
    kept_text_ += length;
    if (kept_text_ > kMaxKeptText) return refuse("too much text in its header");
    keep->resize(static_cast<std::size_t>(length));
    return source_.read(keep->data(), keep->size()) || truncated();
  }

  bool pairs() {
    for (std::uint64_t i = 0; i < pairs_; ++i) {
      std::string key;
      std::uint32_t type = 0;
      GgufValue value;
      if (!string(&key, kMaxKey) || !number(type)) return false;
      if (type >= kValueTypes) return refuse(fmt::format("value type {} of {}", type, key));
      if (!this->value(type, value)) return false;
      file_.metadata.insert_or_assign(std::move(key), std::move(value));
    }
    return true;
  }

  bool value(std::uint32_t type, GgufValue& out) {
    if (type == kArray) return array(out);
    if (type != kString) return scalar(type, out);
    std::string text;
    if (!string(&text, kMaxKeptText)) return false;
    out = std::move(text);
    return true;
  }

  template <class T>
  bool integer(std::int64_t& out) {
    T value{};
    if (!number(value)) return false;
    if constexpr (std::is_same_v<T, std::uint64_t>) {
      value = std::min<T>(value, std::numeric_limits<std::int64_t>::max());
    }
    out = static_cast<std::int64_t>(value);
    return true;
  }

  // Whole numbers of any width.
  bool whole(std::uint32_t type, std::int64_t& out) {
    switch (type) {
      case kUint8:
        return integer<std::uint8_t>(out);
      case kInt8:
        return integer<std::int8_t>(out);
      case kUint16:
        return integer<std::uint16_t>(out);
      case kInt16:
        return integer<std::int16_t>(out);
      case kUint32:
        return integer<std::uint32_t>(out);
      case kInt32:
        return integer<std::int32_t>(out);
      case kUint64:
        return integer<std::uint64_t>(out);
      default:
        return integer<std::int64_t>(out);
    }
  }

  bool scalar(std::uint32_t type, GgufValue& out) {
    if (type == kFloat32 || type == kFloat64) {
      float single = 0;
      double twice = 0;
      if (!(type == kFloat32 ? number(single) : number(twice))) return false;
      out = type == kFloat32 ? static_cast<double>(single) : twice;
      return true;
    }
    std::int64_t n = 0;
    if (!whole(type == kBool ? std::uint32_t{kUint8} : type, n)) return false;
    if (type == kBool) {
      out = n != 0;
    } else {
      out = n;
    }
    return true;
  }

  bool array(GgufValue& out) {
    std::uint32_t type = 0;
    GgufArray array;
    if (!number(type) || !number(array.count)) return false;
    if (type >= kValueTypes || type == kArray) return refuse("an array of unknown type");
    if (type == kString) {
      for (std::uint64_t i = 0; i < array.count; ++i) {
        if (!string(nullptr, 0)) return false;
      }
    } else if (!numbers(type, array)) {
      return false;
    }
    out = std::move(array);
    return true;
  }

  bool numbers(std::uint32_t type, GgufArray& array) {
    const std::uint64_t bytes = scalar_bytes(type);
    if (array.count > source_.remaining() / bytes) return truncated();
    const bool keep = type != kFloat32 && type != kFloat64 && array.count <= kMaxKeptNumbers &&
                      kept_numbers_ + array.count <= kMaxArrayNumbers;
    if (!keep) return source_.skip(array.count * bytes) || truncated();
    kept_numbers_ += array.count;
    array.numbers.resize(static_cast<std::size_t>(array.count));
    return std::all_of(array.numbers.begin(), array.numbers.end(), [&](std::int64_t& n) {
      return whole(type == kBool ? std::uint32_t{kUint8} : type, n);
    });
  }

  bool tensor_list() {
    if (tensors_ > source_.remaining() / kMinTensorBytes) return truncated();
    for (std::uint64_t i = 0; i < tensors_; ++i) {
      GgufTensor tensor;
      if (!this->tensor(tensor)) return false;
      file_.tensors.push_back(std::move(tensor));
    }
    return true;
  }

  bool tensor(GgufTensor& out) {
    std::uint32_t dimensions = 0;
    if (!string(&out.name, kMaxKey) || !number(dimensions)) return false;
    if (dimensions > kMaxDimensions) {
      return refuse(fmt::format("a tensor of {} dimensions", dimensions));
    }
    out.shape.resize(dimensions);
    out.parameters = 1;
    for (auto& n : out.shape) {
      if (!number(n)) return false;
      if (__builtin_mul_overflow(out.parameters, n, &out.parameters) || out.parameters >> 56 != 0) {
        return refuse("a tensor without bounds");
      }
    }
    if (!number(out.type) || !number(out.offset)) return false;
    if (const GgufType* type = gguf_type(out.type); type != nullptr) {
      // Below 2^56 parameters of at most 8 bytes: no overflow.
      out.bytes = (out.parameters + type->block - 1) / type->block * type->bytes;
    }
    return true;
  }

  // Where the weights begin, and whether they are all there.
  bool data() {
    const auto alignment =
        static_cast<std::uint64_t>(file_.integer("general.alignment").value_or(kDefaultAlignment));
    if (!std::has_single_bit(alignment) || alignment > (1 << 20)) {
      return refuse(fmt::format("an alignment of {}", alignment));
    }
    file_.data_offset = (source_.position() + alignment - 1) / alignment * alignment;
    if (file_.tensors.empty()) return true;
    measure_unknown_types();
    std::uint64_t end = 0;
    for (const auto& tensor : file_.tensors) {
      std::uint64_t tensor_end = 0;
      if (__builtin_add_overflow(tensor.offset, tensor.bytes, &tensor_end)) {
        return refuse("a tensor beyond all files");
      }
      end = std::max(end, tensor_end);
    }
    const bool whole_file =
        file_.data_offset <= source_.size() && end <= source_.size() - file_.data_offset;
    return whole_file || truncated();
  }

  // A type newer than the table ends, as far as can be known, where the next tensor begins.
  void measure_unknown_types() {
    std::vector<std::uint64_t> starts;
    for (const auto& tensor : file_.tensors) starts.push_back(tensor.offset);
    if (source_.size() > file_.data_offset) starts.push_back(source_.size() - file_.data_offset);
    std::sort(starts.begin(), starts.end());
    for (auto& tensor : file_.tensors) {
      if (gguf_type(tensor.type) != nullptr) continue;
      const auto next = std::upper_bound(starts.begin(), starts.end(), tensor.offset);
      tensor.bytes = next == starts.end() ? 1 : *next - tensor.offset;
    }
  }

  ByteSource& source_;
  std::string name_;
  GgufFile file_;
  Error failed_;
  std::uint64_t tensors_ = 0;
  std::uint64_t pairs_ = 0;
  std::uint64_t kept_text_ = 0;
  std::uint64_t kept_numbers_ = 0;
};

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Result<GgufFile> parse_gguf(std::string_view bytes, const std::string& name) {
  ByteSource source(bytes);
  return Parser(source, name).parse();
}

Result<GgufFile> read_gguf(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0 && errno == EACCES) {
    return fail(ErrorKind::input, "model.permission", fmt::format("{} may not be read", path),
                fmt::format("chmod +r {}", path));
  }
  struct stat info{};
  if (file.fd < 0 || fstat(file.fd, &info) != 0) {
    return fail(ErrorKind::input, "model.missing", fmt::format("there is no file {}", path),
                "name a .gguf file, or the http address of an OpenAI-compatible endpoint");
  }
  if (S_ISDIR(info.st_mode)) {
    return fail(ErrorKind::input, "model.directory", fmt::format("{} is a directory", path),
                "name the .gguf file inside it");
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::input, "model.not_gguf", fmt::format("{} is not a regular file", path),
                "name a .gguf file");
  }
  ByteSource source(file.fd, static_cast<std::uint64_t>(info.st_size));
  return Parser(source, path).parse();
}

}  // namespace joulebook
