// The filter language of `flows` and `dns`: text in the style of tcpdump and nfdump becomes an expression of the query
// algebra.
//
//   RW_ASSIGN(ExprPtr where, parse_filter("src net 175.45.176.0/22 and tcp and dst port 3333", flow_filter()));
//
// `not` binds tightest; `and` and `or` have the same strength and read from left to right, as in tcpdump. A bare value
// after `and` or `or` takes the words before the last value: `port 80 or 443`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/columns.h"
#include "store/query.h"

namespace rw {

// One line of the language's documentation.
struct FilterTerm {
  std::string_view form;  // "[src|dst] port P[-P]"
  std::string_view doc;
};

// One side of a record that an address or port can be on, such as the source.
struct FilterSide {
  std::string_view word;     // what filters write
  std::string_view address;  // column
  std::string_view port;     // column; empty: none
  std::string_view asn;      // column; empty: none
};

struct FilterWord;  // in filter.cpp

// What can be said about one table.
struct FilterLanguage {
  const TableSpec* table;
  std::span<const FilterSide> sides;
  std::size_t either;  // this many sides, from the first, are meant where none is named
  std::span<const FilterWord> words;
  std::span<const FilterTerm> terms;
};
const FilterLanguage& flow_filter();
const FilterLanguage& dns_filter();
const FilterLanguage& dns_answer_filter();
const FilterLanguage& mail_row_filter();
const FilterLanguage& message_filter();

// What a filter can refer to beyond the table.
struct FilterContext {
  std::shared_ptr<const LabelSet> countries;  // null: `country` is an error that says which data is missing
  std::function<std::optional<std::uint16_t>(std::string_view)> service_port;  // empty: ports are numbers only
};

inline constexpr std::size_t kMaxFilterBytes = 1 << 18;  // more than a command line holds
inline constexpr unsigned kMaxFilterDepth = 64;          // of parentheses, `not` and changes between `and` and `or`
inline constexpr unsigned kMaxFilterTerms = 4096;

// An empty text (or only blanks) is null: everything. Errors are kUsage and show the line with a caret below the wrong
// word:
//   unknown word 'nett' after 'src'
//   LINE 1: src nett 10.0.0.0/8
//               ^
//     tip: a similar word exists: 'net'
Result<ExprPtr> parse_filter(std::string_view text, const FilterLanguage& language, const FilterContext& context = {});

// What the language has, for --help-filter and docs.
std::string filter_help(const FilterLanguage& language);

}  // namespace rw
