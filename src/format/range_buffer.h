// Bytes that arrive in pieces, in any order: IP fragments, QUIC CRYPTO frames, TCP segments. Bounded; what came first
// stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/cursor.h"

namespace rw {

class RangeBuffer {
 public:
  // Pieces with holes between them; more than this many holes is no network's doing.
  static constexpr std::size_t kMaxRanges = 128;

  enum class Added : std::uint8_t {
    kNew,      // all of it was new
    kOld,      // all of it was known, with the same content
    kOverlap,  // part of it was known, or the content differs: the first content stays
    kRefused,  // beyond `limit`, or too many holes: nothing was taken
  };

  // Takes `bytes` at `offset`. `span_bytes` may be larger than bytes.size(): the rest counts as arrived, but its
  // content is not known (a capture that cut the packet) and is zero.
  Added add(std::size_t offset, Bytes bytes, std::size_t span_bytes, std::size_t limit);
  Added add(std::size_t offset, Bytes bytes, std::size_t limit) { return add(offset, bytes, bytes.size(), limit); }

  // What has arrived without a hole from offset 0.
  Bytes prefix() const { return {data_.data(), prefix_size()}; }
  std::size_t prefix_size() const { return ranges_.empty() || ranges_.front().begin != 0 ? 0 : ranges_.front().end; }
  // Whether anything waits behind a hole.
  bool has_holes() const { return ranges_.size() > 1 || (ranges_.size() == 1 && ranges_.front().begin != 0); }
  std::size_t end() const { return ranges_.empty() ? 0 : ranges_.back().end; }
  // Forgets the first `count` bytes; what follows moves to the front. count ≤ prefix_size().
  void drop_front(std::size_t count);
  void clear();
  std::size_t memory_bytes() const { return data_.capacity() + ranges_.capacity() * sizeof(Range); }

 private:
  struct Range {
    std::size_t begin, end;
  };
  std::vector<std::byte> data_;
  std::vector<Range> ranges_;  // sorted, disjoint, not touching
};

// One direction of a TCP connection from a known first sequence number on (RFC 9293 3.4), as far ahead as `limit`.
class TcpStream {
 public:
  explicit TcpStream(std::uint32_t first_seq) : base_(first_seq) {}

  // kOld and kOverlap are what retransmission looks like; kRefused means that the stream has a hole that will not
  // close.
  RangeBuffer::Added add(std::uint32_t seq, Bytes payload, std::size_t limit);
  Bytes available() const { return buffer_.prefix(); }
  void consume(std::size_t count);
  bool has_holes() const { return buffer_.has_holes(); }
  std::size_t memory_bytes() const { return buffer_.memory_bytes(); }

 private:
  RangeBuffer buffer_;
  std::uint32_t base_;  // sequence number of the buffer's first byte
};

}  // namespace rw
