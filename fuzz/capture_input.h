// What the capture fuzz targets share: a decoder run over bytes in memory, handed out in steps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "format/format.h"

namespace rw::fuzz {

class CountingSink : public BatchSink {
 public:
  Result<void> take(Batch&& batch) override {
    if (batch.table().name == "flows") count_flows(batch);
    return {};
  }
  std::int64_t packets = 0;

 private:
  void count_flows(const Batch& batch) {
    const auto column = [&batch](std::string_view name) -> const ColumnBuffer& {
      return batch.column(static_cast<std::size_t>(find_column(batch.table(), name)));
    };
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      packets += column("packets").values<std::int64_t>()[row];
      if (column("end_time").values<std::int64_t>()[row] < column("start_time").values<std::int64_t>()[row])
        std::abort();
      for (const std::string_view text :
           {column("sensor").text(row), column("server_name").text(row), column("app").text(row)})
        if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; })) std::abort();
    }
  }
};

class SteppedStream : public ByteStream {
 public:
  SteppedStream(Bytes bytes, std::size_t step) : rest_(bytes), step_(step) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min({buffer.size(), rest_.size(), step_});
    std::copy_n(rest_.begin(), count, buffer.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  Bytes rest_;
  std::size_t step_;
};

struct Outcome {
  bool read = false;
  std::int64_t packets = 0;
  std::map<std::string, std::uint64_t, std::less<>> rows, weird;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline Outcome run(const Format& format, Bytes bytes, std::size_t step) {
  CountingSink sink;
  EmitterOptions options;
  options.batch_rows = 512;
  Emitter emitter(sink, "fuzz", std::string(format.name), Timestamp::from_seconds(1'700'000'000), options);
  SteppedStream stream(bytes, step);
  StreamReader reader(stream, 4096);
  SharedState shared;
  DecodeOptions decode;
  decode.max_flows = 64;
  DecodeContext context{reader, emitter, shared, decode};
  Outcome outcome;
  outcome.read = format.decode(context).has_value();
  if (!emitter.finish()) std::abort();
  const Emitter::Counts counts = emitter.counts();
  outcome.packets = sink.packets;
  outcome.rows = counts.rows;
  outcome.weird = counts.weird;
  return outcome;
}

// Whole and in small steps must give the same.
inline void run_twice(std::string_view format_name, const std::uint8_t* data, std::size_t size) {
  const Format* format = find_format(format_name);
  if (format == nullptr) std::abort();
  const std::vector<std::byte> copy(reinterpret_cast<const std::byte*>(data),
                                    reinterpret_cast<const std::byte*>(data) + size);
  const Outcome whole = run(*format, copy, SIZE_MAX);
  if (size < 4096 && !(run(*format, copy, 61) == whole)) std::abort();
}

}  // namespace rw::fuzz
