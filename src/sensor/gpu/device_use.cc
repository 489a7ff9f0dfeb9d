#include "sensor/gpu/device_use.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "core/text.h"
#include "sensor/gpu/amd.h"
#include "sensor/gpu/drm_cards.h"
#include "sensor/gpu/nvml.h"
#include "sensor/gpu/open_cards.h"

namespace joulebook {
namespace {

constexpr const char* kSeeCure =
    "run as the processes' user or as root (CAP_SYS_PTRACE is enough), or name the devices";
constexpr const char* kContainerCure =
    "run on the host, give the container the host's processes (docker run --pid=host), or name the "
    "devices";

struct Card {
  DeviceUse use;
  std::optional<PciAddress> address;
  std::optional<unsigned> minor;           // NVIDIA's
  std::optional<std::vector<int>> listed;  // by AMD SMI
};

std::string process(int pid) { return "process " + std::to_string(pid); }

class Finder {
 public:
  Finder(const FileTree& files, std::span<const int> pids)
      : files_(files), pids_(pids.begin(), pids.end()), host_pids_(sees_host_pids(files)) {
    std::sort(pids_.begin(), pids_.end());
    for (const int pid : pids_) open_.push_back(open_cards(files, pid));
  }

  std::vector<DeviceUse> run() {
    nvidia();
    std::vector<Card> others = other_cards();
    ask_amd(others);
    for (Card& card : others) judge_drm(card);
    std::move(others.begin(), others.end(), std::back_inserter(cards_));
    std::vector<DeviceUse> uses;
    for (Card& card : cards_) add(uses, std::move(card.use));
    return uses;
  }

 private:
  static void decide(Card& card, DeviceUse::Answer answer, std::string evidence,
                     std::vector<int> pids = {}) {
    card.use.answer = answer;
    card.use.evidence = std::move(evidence);
    card.use.pids = std::move(pids);
  }
  static void unknown(Card& card, const std::string& why, std::string cure,
                      std::vector<int> pids = {}) {
    decide(card, DeviceUse::Answer::unknown, why, std::move(pids));
    card.use.reason = {
        "process.device_unknown",
        "whether these processes use " + card.use.device + " cannot be known: " + why,
        std::move(cure)};
  }

  // The first process whose descriptors may not be seen.
  [[nodiscard]] std::optional<int> hidden() const {
    for (const OpenCards& open : open_) {
      if (!open.readable && files_.exists("/proc/" + std::to_string(open.pid))) return open.pid;
    }
    return std::nullopt;
  }

  void nvidia();
  void list_without_nvml();
  void read_minors();
  void judge_nvidia(Card& card, const NvmlGpus* gpus);
  void judge_by_descriptors(Card& card, const std::string& why);
  [[nodiscard]] std::vector<Card> other_cards() const;
  static void ask_amd(std::vector<Card>& cards);
  static void add(std::vector<DeviceUse>& uses, DeviceUse use);
  void judge_drm(Card& card) const;

  const FileTree& files_;
  std::vector<int> pids_;
  bool host_pids_;
  std::vector<OpenCards> open_;
  std::vector<Card> cards_;
};

// NVML names boards and knows who computes on them. Without it, the driver's files name them.
void Finder::nvidia() {
  const auto library = open_nvml();
  std::optional<NvmlGpus> gpus;
  if (library) gpus.emplace(*library);
  if (gpus) {
    for (const GpuBoard& board : gpus->boards()) {
      cards_.push_back({.use = {.device = board.device(), .name = board.name},
                        .address = parse_pci(board.pci_bus_id)});
    }
  } else {
    list_without_nvml();
  }
  read_minors();
  for (Card& card : cards_) judge_nvidia(card, gpus ? &*gpus : nullptr);
}

std::string value_of(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && trim(line.substr(0, colon)) == key) {
      return std::string(trim(line.substr(colon + 1)));
    }
  }
  return {};
}

void Finder::list_without_nvml() {
  const std::string folder = "/proc/driver/nvidia/gpus";
  for (const std::string& name : files_.list(folder).value_or(std::vector<std::string>{})) {
    const auto address = parse_pci(name);
    if (!address) continue;
    const std::string text = files_.read(folder + "/" + name + "/information").value_or("");
    const std::string uuid = value_of(text, "GPU UUID");
    const bool known = uuid.starts_with("GPU-") && uuid.find('?') == std::string::npos;
    cards_.push_back({.use = {.device = known ? "gpu:" + uuid : gpu_at(*address),
                              .name = value_of(text, "Model")},
                      .address = address});
  }
}

void Finder::read_minors() {
  for (Card& card : cards_) {
    if (!card.address) continue;
    const auto text =
        files_.read("/proc/driver/nvidia/gpus/" + card.address->text() + "/information");
    const auto minor = text ? parse_uint(value_of(*text, "Device Minor")) : std::nullopt;
    if (minor) card.minor = static_cast<unsigned>(*minor);
  }
}

void Finder::judge_nvidia(Card& card, const NvmlGpus* gpus) {
  if (pids_.empty()) return decide(card, DeviceUse::Answer::unused, "no process was asked about");
  if (gpus == nullptr) return judge_by_descriptors(card, "NVML is not here");
  const auto listed = gpus->processes_of(card.use.device);
  if (!listed) return judge_by_descriptors(card, "NVML does not say who uses the board");
  if (!host_pids_) {
    return judge_by_descriptors(card,
                                "NVML speaks of the host's processes, and this container has "
                                "numbers of its own");
  }
  std::vector<int> ours;
  std::set_intersection(pids_.begin(), pids_.end(), listed->begin(), listed->end(),
                        std::back_inserter(ours));
  if (ours.empty()) {
    return decide(card, DeviceUse::Answer::unused,
                  "NVML lists " + std::to_string(listed->size()) + " process(es), none of these");
  }
  decide(card, DeviceUse::Answer::used, "NVML lists " + process(ours.front()), ours);
}

// Open device files: who holds none of a board's cannot compute there. Who holds every board's may
// only have counted them.
void Finder::judge_by_descriptors(Card& card, const std::string& why) {
  if (const auto pid = hidden()) {
    return unknown(card, why + "; the open files of " + process(*pid) + " may not be seen",
                   kSeeCure);
  }
  if (!card.minor) return unknown(card, why + "; its device file is not known", kContainerCure);
  const std::string file = "/dev/nvidia" + std::to_string(*card.minor);
  std::vector<int> holders;
  std::vector<unsigned> held;
  for (const OpenCards& open : open_) {
    const auto& minors = open.nvidia_minors;
    if (std::find(minors.begin(), minors.end(), *card.minor) != minors.end()) {
      holders.push_back(open.pid);
    }
    held.insert(held.end(), minors.begin(), minors.end());
  }
  std::sort(held.begin(), held.end());
  held.erase(std::unique(held.begin(), held.end()), held.end());
  if (holders.empty()) {
    return decide(card, DeviceUse::Answer::unused, "none of the processes holds " + file + " open");
  }
  if (cards_.size() > 1 && held.size() >= cards_.size()) {
    return unknown(card,
                   why + "; " + process(holders.front()) +
                       " holds every board's device file open, as counting them does",
                   kContainerCure, holders);
  }
  decide(card, DeviceUse::Answer::used, process(holders.front()) + " holds " + file + " open",
         holders);
}

// Cards of the kernel's graphics drivers, by PCI address; NVIDIA's own driver is asked above.
std::vector<Card> Finder::other_cards() const {
  std::vector<PciAddress> found;
  for (const DrmCard& card : drm_cards(files_)) {
    if (!card.driver.starts_with("nvidia")) found.push_back(card.address);
  }
  for (const OpenCards& open : open_) {
    for (const DrmClient& client : open.clients) {
      if (!client.driver.starts_with("nvidia")) found.push_back(*client.address);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<Card> cards;
  for (const PciAddress& address : found) {
    cards.push_back({.use = {.device = gpu_at(address)}, .address = address});
  }
  return cards;
}

// AMD's library knows names, who computes, and which dies and partitions are one device.
void Finder::ask_amd(std::vector<Card>& cards) {
  if (cards.empty()) return;
  const auto library = open_amd();
  if (!library) return;
  for (unsigned index = 0; index < (*library)->count(); ++index) {
    const AmdCard known = (*library)->card(index);
    const auto card = std::find_if(cards.begin(), cards.end(), [&](const Card& candidate) {
      return candidate.address == known.address;
    });
    if (card == cards.end()) continue;
    card->use.name = known.name;
    card->use.device = amd_device(**library, index);
    card->listed = (*library)->processes(index);
  }
}

// Dies and partitions of one device become one row: what is used outweighs what is unknown, and
// that what is unused.
void Finder::add(std::vector<DeviceUse>& uses, DeviceUse use) {
  const auto same = std::find_if(
      uses.begin(), uses.end(), [&](const DeviceUse& other) { return other.device == use.device; });
  if (same == uses.end()) return uses.push_back(std::move(use));
  const auto weight = [](const DeviceUse& one) {
    return one.answer == DeviceUse::Answer::used ? 2 : one.answer == DeviceUse::Answer::unknown;
  };
  if (weight(use) > weight(*same)) *same = std::move(use);
}

void Finder::judge_drm(Card& card) const {
  if (pids_.empty()) return decide(card, DeviceUse::Answer::unused, "no process was asked about");
  std::vector<int> workers, silent;
  std::string evidence;
  for (const OpenCards& open : open_) {
    bool told = false, works = false;
    for (const DrmClient& client : open.clients) {
      if (client.address != card.address) continue;
      told = true;
      if (!client.works() || works) continue;
      works = true;
      if (evidence.empty()) {
        evidence = process(open.pid) + " works on it (" + client.driver + ", fdinfo)";
      }
    }
    if (works) workers.push_back(open.pid);
    const bool opened =
        std::find(open.drm.begin(), open.drm.end(), *card.address) != open.drm.end();
    if (opened && !told) silent.push_back(open.pid);
  }
  if (!workers.empty()) return decide(card, DeviceUse::Answer::used, evidence, workers);
  if (card.listed && host_pids_) {
    std::set_intersection(pids_.begin(), pids_.end(), card.listed->begin(), card.listed->end(),
                          std::back_inserter(workers));
    if (!workers.empty()) {
      return decide(card, DeviceUse::Answer::used, "AMD SMI lists " + process(workers.front()),
                    workers);
    }
  }
  if (const auto pid = hidden()) {
    return unknown(card, "the open files of " + process(*pid) + " may not be seen", kSeeCure);
  }
  if (!silent.empty()) {
    return unknown(
        card, process(silent.front()) + " holds it open, and this kernel does not say what for",
        "Linux 5.14 or newer tells; or name the devices", silent);
  }
  decide(card, DeviceUse::Answer::unused,
         "none of the processes holds memory on it or worked there");
}

}  // namespace

std::string_view to_string(DeviceUse::Answer answer) {
  switch (answer) {
    case DeviceUse::Answer::used:
      return "used";
    case DeviceUse::Answer::unused:
      return "unused";
    case DeviceUse::Answer::unknown:
      break;
  }
  return "unknown";
}

std::vector<DeviceUse> devices_used_by(const FileTree& files, std::span<const int> pids) {
  return Finder(files, pids).run();
}

}  // namespace joulebook
