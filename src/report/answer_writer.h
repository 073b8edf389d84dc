// Writes answers as a table for people, or as csv, json or ndjson for programs: one list of columns for all of them.
//
//   AnswerWriter writer({.format = ListingFormat::kJson}, [&](std::string_view text) { return console.out(text); });
//   writer.begin(columns);
//   store.stream(query, [&](const Answer& piece) { return writer.add(piece); });
//   writer.finish(total);
//
// json is one document, {"items": […], "total": N}, one item a line; total counts what there is before any limit.
// Numbers are in base units (the column's unit), times RFC 3339 in UTC, unknown is null (json) or empty (csv). csv is
// RFC 4180 with "\n". Text that came from the wire is in RFC 1035 \DDD form already, so a name that held an escape
// character reads "\027" in the table and "\\027" in json. Control characters in other text (labels, sql) become \DDD
// in table and csv, \u00XX in json.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/value.h"

namespace rw {

enum class ListingFormat : unsigned char { kTable, kCsv, kJson, kNdjson };
std::optional<ListingFormat> listing_format(std::string_view name);

struct AnswerWriterOptions {
  ListingFormat format = ListingFormat::kTable;
  bool colour = false;  // of the table's header
  unsigned width = 0;   // terminal columns into which the table should fit, by cutting long text; 0: never cut
};

class AnswerWriter {
 public:
  // `out` returns false when nobody reads any more.
  AnswerWriter(AnswerWriterOptions options, std::function<bool(std::string_view)> out);

  void begin(std::vector<AnswerColumn> columns);
  // Rows have one value per column of begin(). False when nobody reads any more.
  bool add(std::span<const Value* const> row);
  bool add(const std::vector<Value>& row);
  bool add(const Answer& piece);
  // Ends the document. `total`: rows before the limit; nothing: as many as were added. A table says "5 of 1,204" when
  // it was cut.
  bool finish(std::optional<std::uint64_t> total = std::nullopt);
  std::uint64_t rows() const { return rows_; }

 private:
  bool write_line();  // hands over what has gathered, when it is enough
  void write_table_rows();
  void write_header();
  std::string table_line(const std::vector<std::string>& cells) const;

  AnswerWriterOptions options_;
  std::function<bool(std::string_view)> out_;
  std::vector<AnswerColumn> columns_;
  std::uint64_t rows_ = 0;
  bool open_ = true;  // somebody reads
  std::string gathered_;
  std::vector<std::string> json_names_;  // "name": as JSON writes them
  std::vector<const Value*> pointers_;
  // The table: widths come from the first rows, which wait until there are enough of them.
  std::vector<std::vector<std::string>> waiting_;
  std::vector<std::size_t> widths_;
  bool header_written_ = false;
};

// One value for a person: 1.2 GB for unit "bytes", 1,204 for counts, "-" for null; no control characters.
std::string value_for_people(const Value& value, std::string_view unit);
// One value as a JSON token.
void append_json(std::string& out, const Value& value);
void append_json_text(std::string& out, std::string_view text);
// One value as a csv field.
void append_csv(std::string& out, const Value& value);
// Terminal columns that UTF-8 text takes.
std::size_t display_width(std::string_view text);

}  // namespace rw
