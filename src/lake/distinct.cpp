// The counter: a hash set that becomes HyperLogLog registers.
#include "lake/distinct.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace rw {
namespace {

constexpr unsigned kIndexBits = 14;
constexpr std::size_t kRegisters = std::size_t{1} << kIndexBits;
constexpr unsigned kMaxRank = 64 - kIndexBits + 1;

// The two series of the estimator that needs no bias tables (Ertl 2017, "New cardinality estimation algorithms for
// HyperLogLog sketches", section 2.4).
double sigma(double x) {
  if (x >= 1) return INFINITY;
  double y = 1;
  double z = x;
  for (double before = -1; before != z;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

double tau(double x) {
  if (x <= 0 || x >= 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; before != z;) {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

void DistinctCounter::add(std::uint64_t hash) {
  if (!exact()) return add_to_registers(hash);
  add_to_set(hash);
  if (used_ + (has_zero_ ? 1 : 0) > kExact) become_registers();
}

void DistinctCounter::add_to_set(std::uint64_t hash) {
  if (hash == 0) {
    has_zero_ = true;
    return;
  }
  if (slots_.size() < (used_ + 1) * 2) {
    std::vector<std::uint64_t> before(std::max<std::size_t>(4, slots_.size() * 2), 0);
    before.swap(slots_);
    used_ = 0;
    for (const std::uint64_t old : before)
      if (old != 0) add_to_set(old);
  }
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = (hash ^ hash >> 32) & mask;
  while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask;
  if (slots_[at] == hash) return;
  slots_[at] = hash;
  ++used_;
}

void DistinctCounter::add_to_registers(std::uint64_t hash) {
  const std::size_t index = hash >> (64 - kIndexBits);
  const std::uint64_t rest = hash << kIndexBits;
  const auto rank =
      static_cast<std::uint8_t>(std::min<unsigned>(kMaxRank, static_cast<unsigned>(std::countl_zero(rest)) + 1));
  registers_[index] = std::max(registers_[index], rank);
}

void DistinctCounter::become_registers() {
  registers_.assign(kRegisters, 0);
  for (const std::uint64_t hash : slots_)
    if (hash != 0) add_to_registers(hash);
  if (has_zero_) add_to_registers(0);
  slots_ = {};
}

void DistinctCounter::merge(const DistinctCounter& other) {
  if (other.exact()) {
    for (const std::uint64_t hash : other.slots_)
      if (hash != 0) add(hash);
    if (other.has_zero_) add(0);
    return;
  }
  if (exact()) become_registers();
  for (std::size_t i = 0; i < kRegisters; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

std::uint64_t DistinctCounter::count() const {
  if (exact()) return used_ + (has_zero_ ? 1 : 0);
  std::size_t histogram[kMaxRank + 1] = {};
  for (const std::uint8_t rank : registers_) ++histogram[rank];
  constexpr double m = kRegisters;
  double z = m * tau(1 - static_cast<double>(histogram[kMaxRank]) / m);
  for (unsigned k = kMaxRank - 1; k >= 1; --k) z = 0.5 * (z + static_cast<double>(histogram[k]));
  z += m * sigma(static_cast<double>(histogram[0]) / m);
  return static_cast<std::uint64_t>(std::llround(m * m / (2 * std::log(2.0) * z)));
}

}  // namespace rw
