// For tests of log formats: decodes text, and gives the rows back as text by table and column.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "format/format.h"
#include "model/emitter.h"

namespace rw::testing {

// Column name -> text; null columns are absent. NAME_hi and NAME_lo are one address NAME; times are microseconds.
using Row = std::map<std::string, std::string>;

inline std::string cell(const ColumnBuffer& column, std::size_t row) {
  switch (column.column().type) {
    case ColumnType::kTime:
    case ColumnType::kI64: return std::to_string(column.values<std::int64_t>()[row]);
    case ColumnType::kU64: return std::to_string(column.values<std::uint64_t>()[row]);
    case ColumnType::kU32: return std::to_string(column.values<std::uint32_t>()[row]);
    case ColumnType::kU16: return std::to_string(column.values<std::uint16_t>()[row]);
    case ColumnType::kU8: return std::to_string(column.values<std::uint8_t>()[row]);
    case ColumnType::kF64: return std::to_string(column.values<double>()[row]);
    case ColumnType::kText:
    case ColumnType::kSymbol: break;
  }
  return std::string(column.text(row));
}

class RowSink : public BatchSink {
 public:
  std::map<std::string, std::vector<Row>> tables;

  Result<void> take(Batch&& batch) override {
    auto& rows = tables[std::string(batch.table().name)];
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      Row row;
      for (std::size_t c = 0; c < batch.column_count(); ++c) {
        const ColumnBuffer& column = batch.column(c);
        const std::string name(column.column().name);
        if (column.is_null(r)) continue;
        if (name.ends_with("_hi")) {
          const Ip ip{column.values<std::uint64_t>()[r], batch.column(c + 1).values<std::uint64_t>()[r]};
          row[name.substr(0, name.size() - 3)] = ip.to_string();
        } else if (!name.ends_with("_lo")) {
          row[name] = cell(column, r);
        }
      }
      rows.push_back(std::move(row));
    }
    return {};
  }
};

struct Decoded {
  Result<void> status;
  std::map<std::string, std::vector<Row>> tables;
  Emitter::Counts counts;

  const std::vector<Row>& operator[](const std::string& table) { return tables[table]; }
  std::uint64_t weird(const std::string& code) const {
    const auto it = counts.weird.find(code);
    return it == counts.weird.end() ? 0 : it->second;
  }
};

// Hands out a few bytes at a time, so that every boundary is crossed somewhere.
class TrickleStream : public ByteStream {
 public:
  TrickleStream(std::string_view text, std::size_t step) : rest_(text), step_(step) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min({buffer.size(), rest_.size(), step_});
    std::copy_n(as_bytes(rest_).begin(), count, buffer.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  std::size_t step_;
};

struct DecodeText {
  std::string name = "border-1/some.log";
  std::string sensor;
  std::uint64_t resume_offset = 0;
  std::size_t step = SIZE_MAX;
  ListOptions list;
};

inline Decoded decode_text(std::string_view format_name, std::string_view text, const DecodeText& how = {}) {
  const Format* format = find_format(format_name);
  if (format == nullptr) std::abort();
  RowSink sink;
  EmitterOptions emitter_options;
  emitter_options.resume_offset = how.resume_offset;
  Emitter emitter(sink, how.name, std::string(format_name), Timestamp::from_seconds(1'700'000'000), emitter_options);
  TrickleStream stream(text, how.step);
  StreamReader reader(stream);
  SharedState shared;
  DecodeOptions options;
  options.sensor = how.sensor;
  options.list = how.list;
  DecodeContext context{reader, emitter, shared, options};
  Decoded decoded;
  decoded.status = format->decode(context);
  if (auto finished = emitter.finish(); !finished) std::abort();
  decoded.tables = std::move(sink.tables);
  decoded.counts = emitter.counts();
  return decoded;
}

// The folder of real data, empty where it is not there.
inline std::string shared_data() {
  const char* given = std::getenv("RW_SHARED_DATA");
  const std::filesystem::path path = given != nullptr ? given : std::filesystem::path(RW_SOURCE_DIR) / "../shared/data";
  return std::filesystem::is_directory(path) ? path.string() : std::string();
}

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace rw::testing
