// bzip2 through libbz2.
#include <bzlib.h>

#include <algorithm>

#include "source/codec.h"

namespace rw {
namespace {

class Bzip2Codec : public Codec {
 public:
  ~Bzip2Codec() override {
    if (ready_) BZ2_bzDecompressEnd(&z_);
  }
  bool reset() override {
    if (ready_) BZ2_bzDecompressEnd(&z_);
    z_ = {};
    ready_ = BZ2_bzDecompressInit(&z_, 0, 0) == BZ_OK;
    return ready_;
  }
  Step step(Bytes input, std::span<std::byte> output) override {
    const auto in = static_cast<unsigned>(std::min<std::size_t>(input.size(), 1U << 30));
    const auto out = static_cast<unsigned>(std::min<std::size_t>(output.size(), 1U << 30));
    z_.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(input.data()));
    z_.avail_in = in;
    z_.next_out = reinterpret_cast<char*>(output.data());
    z_.avail_out = out;
    const int status = BZ2_bzDecompress(&z_);
    Step step{in - z_.avail_in, out - z_.avail_out, status == BZ_STREAM_END, nullptr};
    if (status != BZ_OK && status != BZ_STREAM_END) step.error = text(status);
    return step;
  }

 private:
  static const char* text(int status) {
    switch (status) {
      case BZ_DATA_ERROR: return "a block fails its checksum";
      case BZ_DATA_ERROR_MAGIC: return "no block header";
      case BZ_MEM_ERROR: return "not enough memory";
      default: return "libbz2 refuses it";
    }
  }
  bz_stream z_{};
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_bzip2_codec() { return std::make_unique<Bzip2Codec>(); }

}  // namespace rw
