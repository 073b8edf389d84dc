// Splitting lines of comma-separated values.
#include "format/csv_line.h"

namespace rw {

std::string& CsvLine::next() {
  if (count_ == fields_.size()) fields_.emplace_back();
  fields_[count_].clear();
  return fields_[count_++];
}

bool CsvLine::parse(std::string_view line, char separator) {
  count_ = 0;
  std::size_t at = 0;
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  for (;;) {
    while (at < line.size() && blank(line[at]) && line[at] != separator) ++at;
    const bool keep = count_ < kMaxFields;
    std::string dropped;
    std::string& field = keep ? next() : dropped;
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        if (at >= line.size()) return false;
        if (line[at] != '"') {
          field += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          field += line[at++];
        } else {
          ++at;
          break;
        }
      }
      while (at < line.size() && line[at] != separator) ++at;
    } else {
      const std::size_t begin = at;
      while (at < line.size() && line[at] != separator) ++at;
      field = line.substr(begin, at - begin);
      while (!field.empty() && blank(field.back())) field.pop_back();
    }
    if (at >= line.size()) return true;
    ++at;
  }
}

}  // namespace rw
