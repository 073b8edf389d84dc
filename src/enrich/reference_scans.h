// What scanners saw, by address: rows of the table `scans`, merged, and the facts made of them as of a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "enrich/reference.h"

namespace rw {

class Reference::ScanTable {
 public:
  // The newest rows up to `most`; a note says when there were more.
  Result<void> load(Store& store, std::uint64_t most, std::vector<std::string>& notes);
  // Only what was seen at these addresses.
  Result<void> load(Store& store, const std::vector<Ip>& addresses);
  bool empty() const { return rows_.empty(); }
  std::optional<ScanFacts> facts(Ip address, Timestamp at) const;

 private:
  struct Row {
    Timestamp first;
    Timestamp last;
    ScanService service;
    std::string os, device, name, scanner;
    bool mikrotik = false;
  };
  Result<void> read(Store& store, ExprPtr where, std::uint64_t most, bool& cut);

  std::unordered_map<Ip, std::vector<Row>, IpHash> rows_;
};

}  // namespace rw
