// The words of a filter, and errors that point at one of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/query.h"

namespace rw::filter {

struct Token {
  enum class Kind : std::uint8_t { kWord, kQuoted, kOpen, kClose, kListOpen, kListClose, kComma, kCompare, kNot, kEnd };
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t at = 0;
  Expr::Kind compare = Expr::Kind::kEq;
};

struct FilterError {
  std::size_t at = 0;
  std::string message;
  std::string tip;
};

char fold(char c);  // ASCII upper case to lower case
std::string lower(std::string_view text);
bool same(std::string_view a, std::string_view b);  // case folded
std::string printable(std::string_view text);       // control characters as '?'
std::string quoted(std::string_view text);          // 'printable'

// The message, the line it is about, a caret below the place, and the tip.
std::string describe(std::string_view text, const FilterError& error);

// All tokens of the text, which must outlive them, ended by one kEnd.
std::optional<FilterError> read_tokens(std::string_view text, std::vector<Token>& out);

}  // namespace rw::filter
