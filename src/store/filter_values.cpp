// Reading the values of filters.
#include "store/filter_values.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ip.h"
#include "base/quantity.h"
#include "store/filter_lexer.h"

namespace rw::filter {
namespace {

std::optional<std::int64_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec == std::errc{} && end == text.data() + text.size()) return port;
  return std::nullopt;
}

}  // namespace

std::optional<NumberRange> port_range(std::string_view text) {
  if (const auto one = port_number(text)) return NumberRange{*one, *one};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto first = port_number(text.substr(0, dash));
  const auto last = port_number(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  return NumberRange{*first, *last};
}

std::optional<NumberRange> number_range(std::string_view text) {
  if (const auto one = parse_count(text)) return NumberRange{*one, *one};
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_count(text.substr(0, dash));
  const auto last = parse_count(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return NumberRange{*first, *last};
}

ExprPtr in_ranges(const ExprPtr& value, const std::vector<NumberRange>& ranges) {
  std::vector<ExprPtr> out;
  std::vector<Value> single;
  for (const NumberRange& range : ranges) {
    if (range.first == range.last)
      single.emplace_back(range.first);
    else
      out.push_back(expr::all_of({expr::binary(Expr::Kind::kGe, value, expr::number(range.first)),
                                  expr::binary(Expr::Kind::kLe, value, expr::number(range.last))}));
  }
  if (single.size() == 1)
    out.push_back(expr::eq(value, expr::literal(single.front())));
  else if (!single.empty())
    out.push_back(expr::in(value, std::move(single)));
  return out.size() == 1 ? out.front() : expr::any_of(std::move(out));
}

bool looks_like_address(std::string_view text) {
  if (text.empty()) return false;
  const bool hex = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (fold(c) >= 'a' && fold(c) <= 'f') || c == ':' || c == '.' || c == '/';
  });
  return hex && (text.find(':') != std::string_view::npos || text.find('/') != std::string_view::npos ||
                 std::count(text.begin(), text.end(), '.') == 3);
}

std::optional<int> mask_length(std::string_view text) {
  const auto mask = Ip::parse(text);
  if (!mask || !mask->is_v4()) return std::nullopt;
  const std::uint32_t bits = mask->v4_bits();
  int length = 0;
  while (length < 32 && (bits >> (31 - length) & 1) != 0) ++length;
  if (length < 32 && (bits << length) != 0) return std::nullopt;
  return length;
}

const std::vector<std::string_view>& direction_names() {
  static const auto* const kNames = new std::vector<std::string_view>{"ingress", "egress"};
  return *kNames;
}

std::optional<std::uint8_t> direction_number(std::string_view name) {
  if (same(name, "ingress") || same(name, "in") || name == "0") return std::uint8_t{0};
  if (same(name, "egress") || same(name, "out") || name == "1") return std::uint8_t{1};
  return std::nullopt;
}

bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

std::string_view without_final_dot(std::string_view name) {
  return name.size() > 1 && name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

}  // namespace rw::filter
