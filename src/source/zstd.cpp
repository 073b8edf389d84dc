// Zstandard (RFC 8878) through libzstd.
#include <zstd.h>

#include <algorithm>

#include "source/codec.h"

namespace rw {
namespace {

constexpr int kMaxWindowLog = 27;  // 128 MiB, what `zstd -d` accepts without being asked

class ZstdCodec : public Codec {
 public:
  ZstdCodec() : z_(ZSTD_createDCtx()) {}
  ~ZstdCodec() override { ZSTD_freeDCtx(z_); }
  bool reset() override {
    if (z_ == nullptr) return false;
    ZSTD_DCtx_reset(z_, ZSTD_reset_session_only);
    wanted_ = 1;
    undelivered_ = false;
    return ZSTD_isError(ZSTD_DCtx_setParameter(z_, ZSTD_d_windowLogMax, kMaxWindowLog)) == 0;
  }
  Step step(Bytes input, std::span<std::byte> output) override {
    // On an error the library does not tell what it had written, so it gets one block at a time, and none while a block
    // that did not fit is still to be delivered: what was produced before damage is then always known.
    ZSTD_inBuffer in{input.data(), undelivered_ ? 0 : std::min(input.size(), wanted_), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    std::size_t status = ZSTD_decompressStream(z_, &out, &in);
    if (undelivered_ && out.pos == 0 && ZSTD_isError(status) == 0) {
      in.size = std::min(input.size(), wanted_);
      status = ZSTD_decompressStream(z_, &out, &in);
    }
    if (ZSTD_isError(status) != 0) return {0, 0, false, ZSTD_getErrorName(status)};
    wanted_ = std::max<std::size_t>(status, 1);
    undelivered_ = out.pos == output.size();
    return {in.pos, out.pos, status == 0, nullptr};
  }

 private:
  ZSTD_DCtx* z_;
  std::size_t wanted_ = 1;
  bool undelivered_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_zstd_codec() { return std::make_unique<ZstdCodec>(); }

}  // namespace rw
