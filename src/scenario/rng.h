// A random generator of our own, so that a seed means the same world with every compiler and library.
#pragma once

#include <cstdint>

namespace rw::scenario {

// xoshiro256++ seeded by splitmix64. Only integer arithmetic and IEEE division: no libm, whose last digits differ.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = splitmix(seed);
  }

  std::uint64_t next() {
    const std::uint64_t result = rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotl(state_[3], 45);
    return result;
  }
  // 0 .. bound-1; bound at least 1. The bias of the multiplication is below 2^-32 for the bounds used here.
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32); }
  // [0, 1)
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }
  // 0 .. bound-1, low numbers more often (the density falls off linearly in the square root).
  std::uint32_t skewed(std::uint32_t bound) {
    const double u = unit();
    return static_cast<std::uint32_t>(u * u * bound);
  }
  // A relative size with a heavy tail: median about 1, one in a hundred above 13, never above 25.
  double heavy() { return 0.52 / (0.02 + unit()); }

 private:
  static std::uint64_t splitmix(std::uint64_t& x) {
    std::uint64_t z = (x += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  static std::uint64_t rotl(std::uint64_t x, int k) { return x << k | x >> (64 - k); }

  std::uint64_t state_[4];
};

}  // namespace rw::scenario
