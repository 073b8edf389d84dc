// One line of comma-separated values (RFC 4180, without line breaks inside fields).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rw {

class CsvLine {
 public:
  static constexpr std::size_t kMaxFields = 256;

  // Splits at `separator`. Blanks around fields go; a field in quotes may hold the separator and "" for a quote. False
  // where a quote is not closed. Fields beyond kMaxFields are dropped.
  bool parse(std::string_view line, char separator = ',');
  std::size_t size() const { return count_; }
  std::string_view operator[](std::size_t i) const { return i < count_ ? std::string_view(fields_[i]) : ""; }

 private:
  std::string& next();
  std::vector<std::string> fields_;
  std::size_t count_ = 0;
};

}  // namespace rw
