// Where decoders get bytes from: an abstract stream, and a window over it that a decoder peeks into and consumes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"

namespace rw {

// One input after decompression. Not thread-safe; read by one decoder.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills the front of `buffer` and returns how much, 0 at the end. kCorrupt when compressed data is damaged:
  // everything before the damage has been delivered.
  virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;
};

// A sliding window: peek(n) shows at least n bytes unless the input ends before.
class StreamReader {
 public:
  static constexpr std::size_t kDefaultWindow = 1 << 20;
  explicit StreamReader(ByteStream& stream, std::size_t window = kDefaultWindow);

  // Up to everything buffered, at least `count` bytes when the input has them. Valid until the next call of anything
  // here. `count` may exceed the window; the window then grows, so callers bound what they ask for.
  Bytes peek(std::size_t count);
  void consume(std::size_t count);           // count ≤ size of the last peek
  bool at_end() { return peek(1).empty(); }  // nothing more to read, or the stream failed
  // Consumes one line without its "\n" or "\r\n". False at the end. A line over `limit` bytes is consumed whole, cut to
  // `limit`, and `cut` is set. The text is valid until the next call.
  bool line(std::string_view& text, bool& cut, std::size_t limit);
  std::uint64_t offset() const { return consumed_; }  // of the next byte to consume, from the input's start
  // The failure that ended the stream early, if one did (peek then shows what came before it).
  const Result<void>& status() const { return status_; }

 private:
  ByteStream& stream_;
  std::vector<std::byte> buffer_;
  std::string cut_line_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t consumed_ = 0;
  bool ended_ = false;
  Result<void> status_;
};

// Bytes in memory, for tests, fuzzers and members of archives.
class MemoryStream : public ByteStream {
 public:
  explicit MemoryStream(Bytes bytes) : rest_(bytes) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override;

 private:
  Bytes rest_;
};

}  // namespace rw
