// A copy of an input that can be read only once, so that it can be read twice.
#pragma once

#include <cstdio>
#include <memory>
#include <vector>

#include "base/stream.h"

namespace rw {

// Holds up to kMemoryBytes in memory, the rest in a nameless temporary file.
class Spool {
 public:
  static constexpr std::size_t kMemoryBytes = 8 << 20;
  Spool() = default;
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  Result<void> write(Bytes bytes);
  // Reads everything from its start, once writing is over; then fails with `status` if that is a failure.
  std::unique_ptr<ByteStream> read(Result<void> status) const;

 private:
  std::vector<std::byte> memory_;
  std::FILE* file_ = nullptr;
};

}  // namespace rw
