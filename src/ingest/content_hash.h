// The identity of an input's content: a 128-bit hash under the lake's secret seed, with marks at lengths of interest.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/cursor.h"
#include "base/stream.h"

namespace rw {

struct Hash128 {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

Hash128 hash_of(Bytes bytes, std::uint64_t seed);

// XXH3 over a stream of bytes.
class ContentHash {
 public:
  explicit ContentHash(std::uint64_t seed);
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  // Asks for the hash of the first `length` bytes too. Lengths in rising order, before any update.
  void mark(std::uint64_t length) { marks_.push_back({length, {}}); }
  void update(Bytes bytes);
  std::uint64_t bytes() const { return bytes_; }
  Hash128 digest() const;

  struct Mark {
    std::uint64_t length;
    Hash128 hash;
  };
  // The marks that were reached.
  std::vector<Mark> reached() const { return {marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(next_)}; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::vector<Mark> marks_;
  std::size_t next_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace rw
