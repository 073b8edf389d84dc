// LZ4 frames through liblz4.
#include <lz4frame.h>

#include <algorithm>

#include "source/codec.h"

namespace rw {
namespace {

class Lz4Codec : public Codec {
 public:
  ~Lz4Codec() override {
    if (z_ != nullptr) LZ4F_freeDecompressionContext(z_);
  }
  bool reset() override {
    wanted_ = 1;
    undelivered_ = false;
    if (z_ == nullptr) return LZ4F_isError(LZ4F_createDecompressionContext(&z_, LZ4F_VERSION)) == 0;
    LZ4F_resetDecompressionContext(z_);
    return true;
  }
  Step step(Bytes input, std::span<std::byte> output) override {
    // As for zstd: one block at a time, so that what lies before damage is known and delivered.
    std::size_t in = undelivered_ ? 0 : std::min(input.size(), wanted_);
    std::size_t out = output.size();
    std::size_t status = LZ4F_decompress(z_, output.data(), &out, input.data(), &in, nullptr);
    if (undelivered_ && out == 0 && LZ4F_isError(status) == 0) {
      in = std::min(input.size(), wanted_);
      out = output.size();
      status = LZ4F_decompress(z_, output.data(), &out, input.data(), &in, nullptr);
    }
    if (LZ4F_isError(status) != 0) return {0, 0, false, LZ4F_getErrorName(status)};
    wanted_ = std::max<std::size_t>(status, 1);
    undelivered_ = out == output.size();
    return {in, out, status == 0, nullptr};
  }

 private:
  std::size_t wanted_ = 1;
  bool undelivered_ = false;
  LZ4F_dctx* z_ = nullptr;
};

}  // namespace

std::unique_ptr<Codec> make_lz4_codec() { return std::make_unique<Lz4Codec>(); }

}  // namespace rw
