// XXH3 (the one file here that includes xxhash).
#include "ingest/content_hash.h"

#include <xxhash.h>

#include <algorithm>

namespace rw {

struct ContentHash::State {
  XXH3_state_t* state = XXH3_createState();
  ~State() { XXH3_freeState(state); }
};

Hash128 hash_of(Bytes bytes, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.high64, hash.low64};
}

ContentHash::ContentHash(std::uint64_t seed) : state_(std::make_unique<State>()) {
  XXH3_128bits_reset_withSeed(state_->state, seed);
}

ContentHash::~ContentHash() = default;

void ContentHash::update(Bytes bytes) {
  while (next_ < marks_.size() && marks_[next_].length <= bytes_ + bytes.size()) {
    const std::size_t part = static_cast<std::size_t>(marks_[next_].length - bytes_);
    XXH3_128bits_update(state_->state, bytes.data(), part);
    bytes_ += part;
    bytes = bytes.subspan(part);
    marks_[next_++].hash = digest();
  }
  if (bytes.empty()) return;
  XXH3_128bits_update(state_->state, bytes.data(), bytes.size());
  bytes_ += bytes.size();
}

Hash128 ContentHash::digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->state);
  return {hash.high64, hash.low64};
}

}  // namespace rw
