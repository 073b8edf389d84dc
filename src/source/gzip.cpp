// gzip (RFC 1952) through zlib.
#include <zlib.h>

#include <algorithm>

#include "source/codec.h"

namespace rw {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // a zlib header is not accepted, and the checksum is verified

class GzipCodec : public Codec {
 public:
  ~GzipCodec() override {
    if (ready_) inflateEnd(&z_);
  }
  bool reset() override {
    if (ready_) return inflateReset(&z_) == Z_OK;
    ready_ = inflateInit2(&z_, kGzipOnly) == Z_OK;
    return ready_;
  }
  Step step(Bytes input, std::span<std::byte> output) override {
    const auto in = static_cast<uInt>(std::min<std::size_t>(input.size(), 1U << 30));
    const auto out = static_cast<uInt>(std::min<std::size_t>(output.size(), 1U << 30));
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
    z_.avail_in = in;
    z_.next_out = reinterpret_cast<Bytef*>(output.data());
    z_.avail_out = out;
    const int status = inflate(&z_, Z_NO_FLUSH);
    Step step{in - z_.avail_in, out - z_.avail_out, status == Z_STREAM_END, nullptr};
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
      step.error = z_.msg != nullptr ? z_.msg : "zlib refuses it";
    return step;
  }

 private:
  z_stream z_{};
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_gzip_codec() { return std::make_unique<GzipCodec>(); }

}  // namespace rw
