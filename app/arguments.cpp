// Typed values of flags.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/quantity.h"
#include "command.h"

namespace rw {
namespace {

Failure invalid(const Flag& flag, std::string_view value, std::string_view wanted) {
  return {ErrorCode::kUsage, "invalid value '" + std::string(value) + "' for '--" + std::string(flag.name) + " <" +
                                 std::string(flag.value) + ">': " + std::string(wanted)};
}

}  // namespace

std::string_view Arguments::get(const Flag& flag) const {
  const auto it = values_.find(flag.name);
  return it == values_.end() ? flag.preset : std::string_view(it->second.back());
}

const std::vector<std::string>& Arguments::all(const Flag& flag) const {
  static const std::vector<std::string> kNone;
  const auto it = values_.find(flag.name);
  return it == values_.end() ? kNone : it->second;
}

Result<std::uint64_t> Arguments::number(const Flag& flag) const {
  const std::string_view text = get(flag);
  std::uint64_t value = 0;
  if (text.empty() && !has(flag)) return value;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return invalid(flag, text, "give a whole number from 0");
  return value;
}

Result<double> Arguments::real(const Flag& flag) const {
  const std::string_view text = get(flag);
  double value = 0;
  if (text.empty() && !has(flag)) return value;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return invalid(flag, text, "give a number");
  return value;
}

Result<std::uint64_t> Arguments::size_bytes(const Flag& flag) const {
  const std::string_view text = get(flag);
  if (text.empty() && !has(flag)) return std::uint64_t{0};
  const auto value = parse_count(text);
  if (!value) return invalid(flag, text, "give a size such as 512M, 2G (decimal) or 2Gi (binary)");
  return static_cast<std::uint64_t>(*value);
}

Result<Duration> Arguments::duration(const Flag& flag) const {
  const std::string_view text = get(flag);
  if (text.empty() && !has(flag)) return Duration{};
  const auto value = parse_duration(text);
  if (!value) return invalid(flag, text, "give a duration such as 30s, 5min, 2h or 1d (a bare number is seconds)");
  return *value;
}

std::vector<std::string> Arguments::list(const Flag& flag) const {
  std::vector<std::string> out;
  for (const std::string& value : all(flag)) {
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (comma > 0) out.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return out;
}

}  // namespace rw
