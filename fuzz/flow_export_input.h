// What the flow-export fuzz targets share: an input is a run of datagrams, each after its length in two bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "format/flow_export.h"

namespace rw::fuzz {

class CheckingSink : public BatchSink {
 public:
  Result<void> take(Batch&& batch) override {
    rows += batch.rows();
    return {};
  }
  std::size_t rows = 0;
};

// Sends `first`, which makes the exporter known so that damage is decoded too, then every datagram of `data` with its
// first bytes replaced by `version`, from two ports and with the input ending half way.
inline void run(Bytes first, Bytes version, const std::uint8_t* data, std::size_t size) {
  CheckingSink sink;
  Emitter emitter(sink, "fuzz", "pcap", Timestamp::from_seconds(1'700'000'000));
  FlowExport decoder;
  ExportSource source{Ip::v4(0xC0000201), 2055, Timestamp::from_seconds(1'600'000'000)};
  if (!decoder.datagram(source, first, emitter)) std::abort();
  Cursor cursor(Bytes(reinterpret_cast<const std::byte*>(data), size));
  for (int n = 0; cursor.left() > 2; ++n) {
    const std::size_t length = cursor.u16();
    const Bytes bytes = cursor.bytes(std::min(length, cursor.left()));
    // A copy of its own on the heap, so that reading past it is seen.
    std::vector<std::byte> datagram(bytes.begin(), bytes.end());
    if (datagram.size() >= version.size()) std::copy(version.begin(), version.end(), datagram.begin());
    (void)looks_like_flow_export(40'000, datagram);
    decoder.datagram(source, datagram, emitter);
    if (n == 3) decoder.end_of_input(emitter);
  }
  decoder.end_of_input(emitter);
  if (!emitter.finish()) std::abort();
}

}  // namespace rw::fuzz
