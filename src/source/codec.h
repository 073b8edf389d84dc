// Decompression: one small adapter per library, and the stream that drives any of them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/stream.h"
#include "source/source.h"

namespace rw {

// What one stored input may grow to, over all its layers together, so that neither a bomb nor bombs in bombs get far.
class ExpansionBudget {
 public:
  ExpansionBudget(const SourceOptions& options, std::function<std::uint64_t()> stored_bytes)
      : options_(options), stored_bytes_(std::move(stored_bytes)) {}
  // kLimit once decompression has produced more than SourceOptions allow for the stored bytes that were read so far.
  Result<void> spend(std::uint64_t produced_bytes);

 private:
  SourceOptions options_;
  std::function<std::uint64_t()> stored_bytes_;
  std::uint64_t produced_ = 0;
};

// The state of one decompressor. A compressed input is a run of frames (gzip members, xz streams …), each decoded
// alike.
class Codec {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool frame_end = false;
    const char* error = nullptr;  // what the library found wrong; what was produced before it stands
  };
  virtual ~Codec() = default;
  virtual Step step(Bytes input, std::span<std::byte> output) = 0;
  virtual bool reset() = 0;  // ready for the next frame; false when out of memory
};

enum class Compression { kNone, kGzip, kBzip2, kXz, kZstd, kLz4 };

// By the first bytes; 10 are enough.
Compression detect_compression(Bytes head);
std::string_view compression_name(Compression compression);

std::unique_ptr<Codec> make_gzip_codec();
std::unique_ptr<Codec> make_bzip2_codec();
std::unique_ptr<Codec> make_xz_codec();
std::unique_ptr<Codec> make_zstd_codec();
std::unique_ptr<Codec> make_lz4_codec();

// Decompresses frame after frame. Everything that lies before damage is delivered, then read() is kCorrupt (or kLimit
// for a bomb, or what `input` failed with). Zeros after the last frame are padding; anything else there is damage.
class DecompressStream : public ByteStream {
 public:
  DecompressStream(std::unique_ptr<ByteStream> input, Compression compression, std::shared_ptr<ExpansionBudget> budget);
  Result<std::size_t> read(std::span<std::byte> buffer) override;

 private:
  bool fill();
  bool next_frame();
  Failure damage(const char* what) const;

  std::unique_ptr<ByteStream> input_;
  Compression compression_;
  std::shared_ptr<ExpansionBudget> budget_;
  std::unique_ptr<Codec> codec_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t consumed_ = 0;
  bool input_ended_ = false;
  bool in_frame_ = true;
  Result<void> input_status_;
  Result<void> status_;  // once it fails it stays failed
  bool finished_ = false;
};

}  // namespace rw
