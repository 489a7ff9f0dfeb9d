#pragma once
// Data sheets of accelerators: data/hardware.csv, built in, a source for every row. Parsed once, on
// first use; thread-safe from then on. A field that no source gives is empty, never zero.
#include <joulebook/result.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::physics {

struct Hardware {
  std::string name;                  // "H100 SXM5 80GB"
  std::string device_class;          // "datacentre", "consumer", "workstation", "laptop", "desktop"
  std::string memory_type;           // "HBM3"
  double memory_bytes = 0;           // the largest variant's, 10^9 a GB
  double bandwidth = 0;              // bytes/s, peak; the fastest variant's
  // FLOP/s (or OP/s), dense, no sparsity.
  std::optional<double> fp16, bf16, fp8, int8, fp4;
  std::optional<double> fp32;        // without matrix units; from memory of data sheets
  std::optional<double> tdp_w;
  std::optional<double> idle_w;      // measured, the middle where a range; of the device alone
  std::optional<double> min_cap_w;   // the lowest power limit that the driver takes
  std::optional<double> boost_mhz;   // highest clock of the compute units
  std::optional<double> memory_mhz;
  std::string link;                  // "NVLink 4", "PCIe 4 x16"
  std::optional<double> link_bytes_s;  // one device to its peers, one direction, all links
  std::optional<double> pcie_bytes_s;  // to the host, one direction
  std::string status;                // "stored copy" or "UNVERIFIED": from memory
  std::string source;
  std::string link_source;           // of link, cap and clocks
  std::vector<std::string> aliases;

  // 16-bit rate: bf16 where known, else fp16. The rate for operands of so many bits: the fastest
  // path that takes them (4-bit weights without a 4-bit path are computed at 16 bits).
  [[nodiscard]] std::optional<double> rate16() const { return bf16 ? bf16 : fp16; }
  [[nodiscard]] std::optional<double> rate(double operand_bits) const;
};

[[nodiscard]] std::span<const Hardware> hardware_catalogue();
// Reads such a file. Error: input "hardware.catalogue", naming the line.
[[nodiscard]] Result<std::vector<Hardware>> parse_hardware(std::string_view csv);

// By name as data sheets, drivers and published rows write it: "H100", "NVIDIA H100 80GB HBM3",
// "A100-SXM4-40GB", "B200". Errors: input "hardware.unknown" with the nearest names; "hardware.several" ("8xH100").
[[nodiscard]] Result<Hardware> find_hardware(std::string_view name);

}  // namespace joulebook::physics
