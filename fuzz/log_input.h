// For fuzzers of log formats: decodes an input whole and in small pieces, and checks what must hold for any input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "format/format.h"
#include "model/escape.h"

namespace rw::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// Every text that leaves a decoder is printable ASCII, whatever came in.
class CheckingSink : public BatchSink {
 public:
  Result<void> take(Batch&& batch) override {
    for (std::size_t c = 0; c < batch.column_count(); ++c) {
      const ColumnBuffer& column = batch.column(c);
      if (column.column().type != ColumnType::kText && column.column().type != ColumnType::kSymbol) continue;
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        const std::string_view text = column.text(row);
        require(std::all_of(text.begin(), text.end(), [](char b) { return b >= 0x20 && b < 0x7F; }), "text is ASCII");
      }
    }
    return {};
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

inline Emitter::Counts decode(const Format& format, Bytes bytes, std::size_t step, std::uint64_t resume_offset = 0) {
  CheckingSink sink;
  EmitterOptions emitter_options;
  emitter_options.resume_offset = resume_offset;
  Emitter emitter(sink, "fuzz", std::string(format.name), Timestamp::from_seconds(1'700'000'000), emitter_options);
  SteppedStream stream(bytes, step);
  StreamReader reader(stream, 4096);
  SharedState shared;
  DecodeOptions options;
  options.list.purpose = "threat";  // plain lists are read only with one
  DecodeContext context{reader, emitter, shared, options};
  (void)format.decode(context);
  require(emitter.finish().has_value(), "the sink takes everything");
  return emitter.counts();
}

inline int run(const char* format_name, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const Format* const kFormat = find_format(format_name);
  const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  (void)kFormat->detect(bytes.first(std::min<std::size_t>(size, 4096)), "fuzz");
  const Emitter::Counts whole = decode(*kFormat, bytes, SIZE_MAX);
  const Emitter::Counts pieces = decode(*kFormat, bytes, 1 + data[size - 1] % 61);
  require(whole.rows == pieces.rows && whole.weird == pieces.weird, "pieces give what the whole gives");
  const Emitter::Counts resumed = decode(*kFormat, bytes, SIZE_MAX, size / 2);
  for (const auto& [table, rows] : resumed.rows)
    require(table == "weird" || rows <= whole.rows.at(table), "resuming adds no rows");
  return 0;
}

}  // namespace rw::fuzz
