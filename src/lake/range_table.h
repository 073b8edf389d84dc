// Labels of addresses by a compact sorted table: what label() and long lists of networks are looked up in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "store/query.h"

namespace rw {

// Immutable once built; read by many threads.
class RangeTable {
 public:
  explicit RangeTable(const LabelSet& set);

  // The narrowest range that holds the address (the earlier in the list of equals); its index in the set, or -1.
  std::int32_t find(Ip ip) const;
  // The same among ranges that are valid at `time`.
  std::int32_t find(Ip ip, Timestamp time) const;

 private:
  struct Segment {  // from `first` up to the next segment's
    Ip first;
    std::uint32_t candidates;  // where its ranges begin in candidates_, narrowest first
  };
  const Segment* segment(Ip ip) const;

  std::vector<Segment> segments_;
  std::vector<std::int32_t> candidates_;  // each segment's list ends with -1
  std::vector<TimeRange> valid_;
  std::vector<std::uint32_t>
      v4_index_;  // by upper 16 bits of an IPv4 address: the segment that holds its first address
  bool timed_ = false;
};

}  // namespace rw
