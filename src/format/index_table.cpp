// The process's hash seed.
#include "format/index_table.h"

#include <random>

namespace rw {

std::uint64_t hash_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32 | device()) | 1;
  }();
  return seed;
}

}  // namespace rw
