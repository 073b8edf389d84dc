// Building and searching the range table.
#include "lake/range_table.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace rw {
namespace {

// The last address minus the first: how wide a range is.
std::pair<std::uint64_t, std::uint64_t> width(const LabelRange& r) {
  const std::uint64_t lo = r.last.lo - r.first.lo;
  return {r.last.hi - r.first.hi - (r.last.lo < r.first.lo ? 1 : 0), lo};
}

struct Edge {
  Ip at;
  bool begins;
  std::int32_t range;
};

}  // namespace

RangeTable::RangeTable(const LabelSet& set) {
  std::vector<Edge> edges;
  valid_.reserve(set.ranges.size());
  for (std::size_t i = 0; i < set.ranges.size(); ++i) {
    const LabelRange& range = set.ranges[i];
    valid_.push_back(range.valid);
    timed_ = timed_ || range.valid != kAllTime;
    if (range.last < range.first) continue;
    edges.push_back({range.first, true, static_cast<std::int32_t>(i)});
    Ip after = range.last;
    if (++after.lo == 0) ++after.hi;
    if (after != Ip{}) edges.push_back({after, false, static_cast<std::int32_t>(i)});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  using Active = std::tuple<std::pair<std::uint64_t, std::uint64_t>, std::int32_t>;
  std::set<Active> active;
  candidates_.push_back(-1);
  segments_.push_back({Ip{}, 0});
  for (std::size_t i = 0; i < edges.size();) {
    const Ip at = edges[i].at;
    for (; i < edges.size() && edges[i].at == at; ++i) {
      const Active entry{width(set.ranges[static_cast<std::size_t>(edges[i].range)]), edges[i].range};
      if (edges[i].begins)
        active.insert(entry);
      else
        active.erase(entry);
    }
    const auto begin = active.empty() ? 0U : static_cast<std::uint32_t>(candidates_.size());
    for (const Active& entry : active) {
      candidates_.push_back(std::get<1>(entry));
      if (valid_[static_cast<std::size_t>(std::get<1>(entry))] == kAllTime) break;  // nothing wider can win
    }
    if (!active.empty()) candidates_.push_back(-1);
    if (segments_.back().first == at)
      segments_.back().candidates = begin;
    else
      segments_.push_back({at, begin});
  }
  v4_index_.resize(65'536 + 1);
  for (std::uint32_t top = 0; top < 65'536; ++top) {
    const auto it = std::upper_bound(segments_.begin(), segments_.end(), Ip::v4(top << 16),
                                     [](const Ip& ip, const Segment& s) { return ip < s.first; });
    v4_index_[top] = static_cast<std::uint32_t>(it - segments_.begin() - 1);
  }
  const auto end = std::upper_bound(segments_.begin(), segments_.end(), Ip::v4(0xFFFF'FFFF),
                                    [](const Ip& ip, const Segment& s) { return ip < s.first; });
  v4_index_[65'536] = static_cast<std::uint32_t>(end - segments_.begin() - 1);
}

const RangeTable::Segment* RangeTable::segment(Ip ip) const {
  auto begin = segments_.begin();
  auto end = segments_.end();
  if (ip.is_v4()) {
    const std::uint32_t top = ip.v4_bits() >> 16;
    begin = segments_.begin() + v4_index_[top];
    end = segments_.begin() + v4_index_[top + 1] + 1;
  }
  const auto it = std::upper_bound(begin, end, ip, [](const Ip& value, const Segment& s) { return value < s.first; });
  return &*(it - 1);  // the first segment begins at ::
}

std::int32_t RangeTable::find(Ip ip) const { return candidates_[segment(ip)->candidates]; }

std::int32_t RangeTable::find(Ip ip, Timestamp time) const {
  for (const std::int32_t* c = &candidates_[segment(ip)->candidates]; *c >= 0; ++c)
    if (valid_[static_cast<std::size_t>(*c)].contains(time)) return *c;
  return -1;
}

}  // namespace rw
