// Bookkeeping of exporters, sequence numbers and sampling rates.
#include "format/flow_export_state.h"

#include <random>

namespace rw::flow_export {

std::uint64_t SeededHash::seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

bool SequenceTracker::fill(std::uint32_t sequence, std::uint32_t units) {
  for (std::size_t i = 0; i < gap_count_; ++i) {
    Gap& gap = gaps_[i];
    const std::uint32_t into = sequence - gap.from;
    if (into >= gap.count) continue;
    const std::uint32_t after = gap.count - into > units ? gap.count - into - units : 0;
    const Gap rest{sequence + units, after, gap.age};
    gap.count = into;
    if (gap.count == 0) {
      gap = rest;
    } else if (rest.count > 0 && gap_count_ < kMaxGaps) {
      gaps_[gap_count_++] = rest;
      return true;
    }
    if (gap.count == 0) {
      for (std::size_t j = i + 1; j < gap_count_; ++j) gaps_[j - 1] = gaps_[j];
      --gap_count_;
    }
    return true;
  }
  return false;
}

SequenceTracker::Gap SequenceTracker::pop_front() {
  const Gap front = gaps_[0];
  for (std::size_t j = 1; j < gap_count_; ++j) gaps_[j - 1] = gaps_[j];
  --gap_count_;
  return front;
}

std::optional<SequenceTracker::Gap> SequenceTracker::open(Gap gap) {
  std::optional<Gap> oldest;
  if (gap_count_ == kMaxGaps) oldest = pop_front();
  gaps_[gap_count_++] = gap;
  return oldest;
}

std::optional<SequenceTracker::Gap> SequenceTracker::see(std::uint32_t sequence, std::uint32_t units,
                                                         std::uint32_t other_units) {
  for (std::size_t i = 0; i < gap_count_; ++i) ++gaps_[i].age;
  std::optional<Gap> certain;
  const std::uint32_t ahead = sequence - next_;  // modulo 2^32
  if (known_ && ahead >= 1u << 31 && sequence != other_next_) {
    if (fill(sequence, units)) return std::nullopt;
    if (-ahead <= kRestartDistance) return std::nullopt;  // late beyond hope, or twice
  } else if (known_ && ahead != 0 && sequence != other_next_) {
    certain = open({next_, ahead, 0});
  }
  known_ = true;
  next_ = sequence + units;
  other_next_ = sequence + other_units;
  if (!certain && gap_count_ > 0 && gaps_[0].age >= kReorderWindow) certain = pop_front();
  return certain;
}

std::optional<SequenceTracker::Gap> SequenceTracker::close() {
  known_ = false;
  if (gap_count_ == 0) return std::nullopt;
  return pop_front();
}

bool SamplingTable::set(Map& map, std::uint64_t id, std::uint32_t rate, bool& added) {
  const auto it = map.find(id);
  added = it == map.end();
  if (added && map.size() >= kMaxSamplersPerDomain) return false;
  map[id] = rate;
  return true;
}

Domain* State::domain(const ExporterKey& key, Protocol protocol, std::uint32_t id) {
  const std::uint64_t full_id = static_cast<std::uint64_t>(protocol) << 32 | id;
  if (last_domain_ != nullptr && last_id_ == full_id && last_key_ == key) return last_domain_;
  auto exporter = exporters_.find(key);
  if (exporter == exporters_.end()) {
    if (domains_.size() >= kMaxDomains) return nullptr;
    exporter = exporters_.emplace(key, std::make_unique<Exporter>()).first;
    exporter->second->key = key;
  }
  auto& domains = exporter->second->domains;
  auto it = domains.find(full_id);
  if (it == domains.end()) {
    if (domains_.size() >= kMaxDomains) return nullptr;
    it = domains.emplace(full_id, std::make_unique<Domain>()).first;
    domains_.push_back(it->second.get());
    it->second->exporter = exporter->second.get();
    it->second->sensor = key.address.to_string();
    if (id != 0) it->second->sensor += "/" + std::to_string(id);
    exporter->second->protocols |= 1u << (static_cast<unsigned>(protocol) % 32);
  }
  last_key_ = key;
  last_id_ = full_id;
  last_domain_ = it->second.get();
  return last_domain_;
}

bool State::knows(const ExporterKey& key, Protocol protocol) const {
  const auto it = exporters_.find(key);
  return it != exporters_.end() && (it->second->protocols >> (static_cast<unsigned>(protocol) % 32) & 1) != 0;
}

}  // namespace rw::flow_export
