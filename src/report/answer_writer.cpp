// Tables, csv, json and ndjson.
#include "report/answer_writer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/quantity.h"

namespace rw {
namespace {

constexpr std::size_t kSampleRows = 1000;       // rows that decide a table's column widths
constexpr std::size_t kMinCutWidth = 12;        // text columns are not cut below this
constexpr std::size_t kGatherBytes = 32 << 10;  // of csv and json before they are handed over
constexpr std::string_view kGap = "  ";

void append_number(std::string& out, auto value) {
  std::array<char, 32> text;
  const auto [end, ec] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), ec == std::errc{} ? end : text.data());
}

// Numbers as they are, everything else as the text that all formats share. False for null and for numbers that are
// none.
bool append_plain(std::string& out, const Value& value) {
  struct Visitor {
    std::string& out;
    bool operator()(Null) const { return false; }
    bool operator()(bool v) const { return out += v ? "true" : "false", true; }
    bool operator()(std::int64_t v) const { return append_number(out, v), true; }
    bool operator()(std::uint64_t v) const { return append_number(out, v), true; }
    bool operator()(double v) const {
      if (!std::isfinite(v)) return false;
      // Whole doubles without exponent or fraction, so that sums look the same whichever type the engine chose.
      if (v == std::floor(v) && std::abs(v) < 9e15)
        append_number(out, static_cast<std::int64_t>(v));
      else
        append_number(out, v);
      return true;
    }
    bool operator()(const std::string& v) const { return out += v, true; }
    bool operator()(Timestamp v) const { return v.append_to(out), true; }
    bool operator()(const Ip& v) const { return v.append_to(out), true; }
    bool operator()(const Prefix& v) const { return out += v.to_string(), true; }
  };
  return std::visit(Visitor{out}, value);
}

bool is_number(const Value& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<std::uint64_t>(value) ||
         std::holds_alternative<double>(value) || std::holds_alternative<bool>(value);
}

// Decodes one character; -1 where the bytes are not UTF-8. `size` is how many bytes it took.
std::int32_t next_character(std::string_view text, std::size_t& size) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) {
    size = 1;
    return first;
  }
  utf8proc_int32_t code = -1;
  const auto taken = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &code);
  size = taken > 0 ? static_cast<std::size_t>(taken) : 1;
  return taken > 0 ? code : -1;
}

bool is_control(std::int32_t code) {
  // C0, DEL, C1, and the marks that reverse the direction of text: all can make a terminal show what is not there.
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

// Control characters and broken UTF-8 as \DDD per byte.
std::string printable(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; })) return std::string(text);
  std::string out;
  while (!text.empty()) {
    std::size_t size = 1;
    const std::int32_t code = next_character(text, size);
    if (code >= 0 && !is_control(code)) {
      out += text.substr(0, size);
    } else {
      for (const char c : text.substr(0, size)) {
        const auto byte = static_cast<unsigned char>(c);
        out += '\\';
        out += static_cast<char>('0' + byte / 100);
        out += static_cast<char>('0' + byte / 10 % 10);
        out += static_cast<char>('0' + byte % 10);
      }
    }
    text.remove_prefix(size);
  }
  return out;
}

// The front of `text` that fits into `width` columns, with "…" when something was cut.
std::string cut_to(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::string out;
  std::size_t used = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t size = 1;
    next_character(rest, size);
    const std::size_t columns = display_width(rest.substr(0, size));
    if (used + columns + 1 > width) break;
    out += rest.substr(0, size);
    used += columns;
    rest.remove_prefix(size);
  }
  return out + "…";
}

std::string time_for_people(Timestamp time) {
  // A person reads milliseconds at most.
  return Timestamp{time.us - ((time.us % 1000) + 1000) % 1000}.to_string();
}

}  // namespace

std::optional<ListingFormat> listing_format(std::string_view name) {
  if (name == "table") return ListingFormat::kTable;
  if (name == "csv") return ListingFormat::kCsv;
  if (name == "json") return ListingFormat::kJson;
  if (name == "ndjson") return ListingFormat::kNdjson;
  return std::nullopt;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    std::size_t size = 1;
    const std::int32_t code = next_character(text, size);
    width += code < 0x80 ? 1 : static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code)));
    text.remove_prefix(size);
  }
  return width;
}

std::string value_for_people(const Value& value, std::string_view unit) {
  if (is_null(value)) return "-";
  if (const auto* time = std::get_if<Timestamp>(&value)) return time_for_people(*time);
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty() ? "\"\"" : printable(*text);
  const bool number = is_number(value) && !std::holds_alternative<bool>(value);
  if (number && unit == "bytes") return human_bytes(as_double(value));
  if (number && unit == "bit/s") return human_rate(as_double(value));
  if (number && unit == "s") return human_duration(as_double(value));
  if (number && unit == "us") return human_duration(as_double(value) / 1e6);
  if (number && !unit.empty()) {
    if (const double v = as_double(value); v == std::floor(v)) return group_thousands(as_int(value));
    return human_count(as_double(value));
  }
  std::string out;
  if (!append_plain(out, value)) return "-";
  return out;
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t size = 1;
    const std::int32_t code = next_character(text, size);
    if (code == '"' || code == '\\')
      (out += '\\') += static_cast<char>(code);
    else if (code == '\n')
      out += "\\n";
    else if (code == '\t')
      out += "\\t";
    else if (code < 0)
      out += "\xEF\xBF\xBD";  // U+FFFD: JSON must be UTF-8 (RFC 8259, 8.1)
    else if (is_control(code)) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15];
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    append_json_text(out, *text);
    return;
  }
  const bool quote = !is_number(value) && !is_null(value);  // times and addresses need no escaping
  if (quote) out += '"';
  if (!append_plain(out, value)) out += "null";
  if (quote) out += '"';
}

void append_csv(std::string& out, const Value& value) {
  const auto* wire = std::get_if<std::string>(&value);
  if (wire == nullptr) {
    append_plain(out, value);
    return;
  }
  const std::string text = printable(*wire);
  if (text.find_first_of(",\"\n\r") == std::string::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

AnswerWriter::AnswerWriter(AnswerWriterOptions options, std::function<bool(std::string_view)> out)
    : options_(options), out_(std::move(out)) {}

void AnswerWriter::begin(std::vector<AnswerColumn> columns) {
  columns_ = std::move(columns);
  for (const AnswerColumn& column : columns_) {
    std::string name = json_names_.empty() ? "" : ", ";
    append_json_text(name, column.name);
    json_names_.push_back(name + ": ");
  }
  if (options_.format == ListingFormat::kJson) open_ = out_("{\"items\": [");
  if (options_.format != ListingFormat::kCsv) return;
  std::string header;
  for (const AnswerColumn& column : columns_) {
    if (&column != &columns_.front()) header += ',';
    append_csv(header, column.name);
  }
  open_ = out_(header + '\n');
}

bool AnswerWriter::add(const Answer& piece) {
  for (const auto& row : piece.rows)
    if (!add(row)) return false;
  return open_;
}

bool AnswerWriter::add(const std::vector<Value>& row) {
  pointers_.clear();
  for (const Value& value : row) pointers_.push_back(&value);
  return add(std::span<const Value* const>(pointers_));
}

bool AnswerWriter::write_line() {
  if (gathered_.size() < kGatherBytes) return true;
  open_ = out_(gathered_);
  gathered_.clear();
  return open_;
}

bool AnswerWriter::add(std::span<const Value* const> row) {
  if (!open_) return false;
  ++rows_;
  if (options_.format == ListingFormat::kTable) {
    std::vector<std::string> cells;
    cells.reserve(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) cells.push_back(value_for_people(*row[i], columns_[i].unit));
    waiting_.push_back(std::move(cells));
    if (header_written_ || waiting_.size() >= kSampleRows) write_table_rows();
    return open_;
  }
  if (options_.format == ListingFormat::kCsv) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) gathered_ += ',';
      append_csv(gathered_, *row[i]);
    }
    gathered_ += '\n';
    return write_line();
  }
  const bool document = options_.format == ListingFormat::kJson;
  if (document) gathered_ += rows_ == 1 ? "\n" : ",\n";
  gathered_ += '{';
  for (std::size_t i = 0; i < row.size(); ++i) {
    gathered_ += json_names_[i];
    append_json(gathered_, *row[i]);
  }
  gathered_ += document ? "}" : "}\n";
  return write_line();
}

void AnswerWriter::write_header() {
  header_written_ = true;
  widths_.assign(columns_.size(), 0);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    names.push_back(printable(columns_[i].name));
    widths_[i] = display_width(names[i]);
    for (const auto& cells : waiting_) widths_[i] = std::max(widths_[i], display_width(cells[i]));
  }
  // Too wide for the terminal: the widest text columns give way first.
  std::size_t total = kGap.size() * (columns_.empty() ? 0 : columns_.size() - 1);
  for (const std::size_t width : widths_) total += width;
  while (options_.width > 0 && total > options_.width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].numeric || widths_[i] <= std::max(kMinCutWidth, display_width(names[i]))) continue;
      if (widest == columns_.size() || widths_[i] > widths_[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths_[widest];
    --total;
  }
  std::string line = table_line(names);
  if (options_.colour) line = "\x1b[1m" + line.substr(0, line.size() - 1) + "\x1b[0m\n";
  open_ = out_(line);
}

void AnswerWriter::write_table_rows() {
  if (!header_written_) write_header();
  for (const auto& cells : waiting_)
    if (open_) open_ = out_(table_line(cells));
  waiting_.clear();
}

std::string AnswerWriter::table_line(const std::vector<std::string>& cells) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = options_.width > 0 && !columns_[i].numeric ? cut_to(cells[i], widths_[i]) : cells[i];
    const std::size_t width = display_width(cell);
    const std::size_t padding = widths_[i] > width ? widths_[i] - width : 0;
    if (i > 0) line += kGap;
    if (columns_[i].numeric) line.append(padding, ' ');
    line += cell;
    if (!columns_[i].numeric && i + 1 < cells.size()) line.append(padding, ' ');
  }
  // Cells at the end may be empty: no blanks at the end of a line.
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

bool AnswerWriter::finish(std::optional<std::uint64_t> total) {
  if (!open_) return false;
  if (options_.format == ListingFormat::kJson) {
    gathered_ += rows_ > 0 ? "\n], \"total\": " : "], \"total\": ";
    append_number(gathered_, total.value_or(rows_));
    gathered_ += "}\n";
  }
  if (options_.format != ListingFormat::kTable) return open_ = out_(gathered_);
  write_table_rows();
  if (open_ && total && *total > rows_)
    open_ = out_(group_thousands(static_cast<std::int64_t>(rows_)) + " of " +
                 group_thousands(static_cast<std::int64_t>(*total)) + '\n');
  return open_;
}

}  // namespace rw
