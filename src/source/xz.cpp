// xz through liblzma.
#include <lzma.h>

#include "source/codec.h"

namespace rw {
namespace {

// `xz -9` needs 65 MiB to decompress; a header that asks for more than this is hostile or wants a person.
constexpr std::uint64_t kMaxMemory = 256ULL << 20;

class XzCodec : public Codec {
 public:
  ~XzCodec() override { lzma_end(&z_); }
  bool reset() override { return lzma_stream_decoder(&z_, kMaxMemory, 0) == LZMA_OK; }
  Step step(Bytes input, std::span<std::byte> output) override {
    z_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    z_.avail_in = input.size();
    z_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    z_.avail_out = output.size();
    const lzma_ret status = lzma_code(&z_, LZMA_RUN);
    Step step{input.size() - z_.avail_in, output.size() - z_.avail_out, status == LZMA_STREAM_END, nullptr};
    if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR) step.error = text(status);
    return step;
  }

 private:
  static const char* text(lzma_ret status) {
    switch (status) {
      case LZMA_MEMLIMIT_ERROR: return "its dictionary is larger than 256 MiB";
      case LZMA_OPTIONS_ERROR: return "a filter that liblzma does not know";
      case LZMA_DATA_ERROR: return "a checksum or code is wrong";
      case LZMA_MEM_ERROR: return "not enough memory";
      default: return "liblzma refuses it";
    }
  }
  lzma_stream z_ = LZMA_STREAM_INIT;
};

}  // namespace

std::unique_ptr<Codec> make_xz_codec() { return std::make_unique<XzCodec>(); }

}  // namespace rw
