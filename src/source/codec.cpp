// Which compression it is, how far it may grow, and the loop around a decompressor.
#include "source/codec.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace rw {
namespace {

constexpr std::size_t kInputBuffer = 256 << 10;
constexpr std::size_t kMagicBytes = 10;

bool begins(Bytes head, std::string_view magic) { return as_text(head).substr(0, magic.size()) == magic; }

}  // namespace

Result<void> ExpansionBudget::spend(std::uint64_t produced_bytes) {
  produced_ += produced_bytes;
  if (produced_ <= options_.expansion_floor_bytes) return {};
  const std::uint64_t stored = stored_bytes_();
  if (produced_ / options_.max_expansion <= stored) return {};
  return Failure(ErrorCode::kLimit, std::to_string(stored) + " stored bytes grew to over " + std::to_string(produced_) +
                                        ", more than " + std::to_string(options_.max_expansion) +
                                        " times: taken for a decompression bomb and cut off");
}

Compression detect_compression(Bytes head) {
  using namespace std::string_view_literals;
  if (begins(head, "\x1f\x8b\x08"sv)) return Compression::kGzip;  // RFC 1952 2.3.1
  if (head.size() >= kMagicBytes && begins(head, "BZh"sv) && as_text(head)[3] >= '1' && as_text(head)[3] <= '9') {
    const std::string_view block = as_text(head).substr(4, 6);
    if (block == "1AY&SY"sv || block == "\x17\x72\x45\x38\x50\x90"sv) return Compression::kBzip2;
  }
  if (begins(head,
             "\xfd"
             "7zXZ\0"sv))
    return Compression::kXz;
  if (begins(head, "\x28\xb5\x2f\xfd"sv)) return Compression::kZstd;  // RFC 8878 3.1.1
  if (begins(head, "\x04\x22\x4d\x18"sv)) return Compression::kLz4;
  return Compression::kNone;
}

std::string_view compression_name(Compression compression) {
  switch (compression) {
    case Compression::kGzip: return "gzip";
    case Compression::kBzip2: return "bzip2";
    case Compression::kXz: return "xz";
    case Compression::kZstd: return "zstd";
    case Compression::kLz4: return "lz4";
    case Compression::kNone: break;
  }
  return "uncompressed";
}

namespace {
std::unique_ptr<Codec> make_codec(Compression compression) {
  switch (compression) {
    case Compression::kGzip: return make_gzip_codec();
    case Compression::kBzip2: return make_bzip2_codec();
    case Compression::kXz: return make_xz_codec();
    case Compression::kZstd: return make_zstd_codec();
    case Compression::kLz4: return make_lz4_codec();
    case Compression::kNone: break;
  }
  return nullptr;
}
}  // namespace

DecompressStream::DecompressStream(std::unique_ptr<ByteStream> input, Compression compression,
                                   std::shared_ptr<ExpansionBudget> budget)
    : input_(std::move(input)),
      compression_(compression),
      budget_(std::move(budget)),
      codec_(make_codec(compression)),
      buffer_(kInputBuffer) {
  if (!codec_ || !codec_->reset()) status_ = Failure(ErrorCode::kLimit, "not enough memory to decompress");
}

Failure DecompressStream::damage(const char* what) const {
  return Failure(ErrorCode::kCorrupt, std::string(compression_name(compression_)) + " data is damaged at stored byte " +
                                          std::to_string(consumed_) + " (" + what + ")");
}

// Makes unread input available; false at its end or failure.
bool DecompressStream::fill() {
  if (begin_ < end_) return true;
  if (input_ended_) return false;
  auto got = input_->read(buffer_);
  if (!got) input_status_ = Failure(got.error());
  if (!got || *got == 0) {
    input_ended_ = true;
    return false;
  }
  begin_ = 0;
  end_ = *got;
  return true;
}

// Between frames: skips padding and finds out whether another frame follows.
bool DecompressStream::next_frame() {
  while (fill()) {
    const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto to = buffer_.begin() + static_cast<std::ptrdiff_t>(end_);
    const auto data = std::find_if(from, to, [](std::byte b) { return b != std::byte{0}; });
    consumed_ += static_cast<std::uint64_t>(data - from);
    begin_ += static_cast<std::size_t>(data - from);
    if (data == to) continue;
    // Gather enough of the next frame to know its kind.
    if (end_ - begin_ < kMagicBytes && !input_ended_) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      while (end_ < kMagicBytes && !input_ended_) {
        auto got = input_->read({buffer_.data() + end_, buffer_.size() - end_});
        if (!got) input_status_ = Failure(got.error());
        if (!got || *got == 0)
          input_ended_ = true;
        else
          end_ += *got;
      }
    }
    if (detect_compression({buffer_.data() + begin_, end_ - begin_}) != compression_) {
      status_ = damage("other data follows it");
      return false;
    }
    if (!codec_->reset()) {
      status_ = Failure(ErrorCode::kLimit, "not enough memory to decompress");
      return false;
    }
    in_frame_ = true;
    return true;
  }
  return false;
}

Result<std::size_t> DecompressStream::read(std::span<std::byte> buffer) {
  if (buffer.empty()) return std::size_t{0};
  while (status_ && !finished_) {
    if (!in_frame_ && !next_frame()) {
      if (status_ && !input_status_) status_ = Failure(input_status_.error());
      finished_ = true;
      break;
    }
    const bool more = fill();
    const Codec::Step step = codec_->step({buffer_.data() + begin_, end_ - begin_}, buffer);
    begin_ += step.consumed;
    consumed_ += step.consumed;
    if (step.error != nullptr) status_ = damage(step.error);
    if (step.frame_end) in_frame_ = false;
    if (step.produced > 0) {
      if (auto allowed = budget_->spend(step.produced); !allowed) {
        status_ = Failure(allowed.error());
        break;
      }
      return step.produced;
    }
    if (!more && !step.frame_end && step.error == nullptr) {
      status_ = input_status_ ? Result<void>(damage("it ends early")) : Result<void>(Failure(input_status_.error()));
    }
  }
  if (!status_) return Failure(status_.error());
  return std::size_t{0};
}

}  // namespace rw
