// Amounts with factors and units.
#include "base/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>

namespace rw {
namespace {

constexpr double kMaxCount = 9.2e18;                   // below 2^63
constexpr double kMaxSeconds = 1000.0 * 365 * 86'400;  // sums of times stay inside 64-bit microseconds

// Splits "1.5min" into 1.5 and "min".
bool split(std::string_view text, double& number, std::string_view& unit) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto [end, ec] = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  if (ec != std::errc{} || end != text.data() + digits) return false;
  unit = text.substr(digits);
  return true;
}

std::string scaled(double value, double step, std::span<const char* const> units) {
  std::size_t unit = 0;
  // 999.95 would print as "1000.0": round up to the next unit before that.
  while (unit + 1 < units.size() && std::abs(value) >= step - 0.05) value /= step, ++unit;
  char text[48];
  const bool whole = unit == 0 && value == std::floor(value);
  std::snprintf(text, sizeof text, whole ? "%.0f%s%s" : "%.1f%s%s", value, *units[unit] != '\0' ? " " : "",
                units[unit]);
  return text;
}

}  // namespace

std::optional<std::int64_t> parse_count(std::string_view text) {
  double number = 0;
  std::string_view unit;
  if (!split(text, number, unit)) return std::nullopt;
  double factor = 1;
  if (!unit.empty() && unit != "B") {
    constexpr std::string_view kLetters = "kmgtp";
    const char letter = static_cast<char>(unit[0] | 0x20);
    const std::size_t power = kLetters.find(letter);
    if (power == std::string_view::npos) return std::nullopt;
    unit.remove_prefix(1);
    const bool binary = unit.starts_with('i');
    if (binary) unit.remove_prefix(1);
    if (!unit.empty() && unit != "B" && unit != "b") return std::nullopt;
    factor = std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(power + 1));
  }
  if (unit.empty() && factor == 1 && text.find('.') == std::string_view::npos) {
    std::int64_t whole = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return whole;
  }
  const double value = number * factor;
  if (value > kMaxCount) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(value));
}

std::optional<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  static constexpr std::array<Unit, 16> kUnits{{{"", 1},
                                                {"us", 1e-6},
                                                {"ms", 1e-3},
                                                {"s", 1},
                                                {"sec", 1},
                                                {"second", 1},
                                                {"seconds", 1},
                                                {"m", 60},
                                                {"min", 60},
                                                {"minutes", 60},
                                                {"h", 3600},
                                                {"hour", 3600},
                                                {"hours", 3600},
                                                {"d", 86'400},
                                                {"days", 86'400},
                                                {"w", 7 * 86'400}}};
  double number = 0;
  std::string_view name;
  if (!split(text, number, name)) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const double seconds = number * unit.seconds;
    if (seconds > kMaxSeconds) return std::nullopt;
    return Duration{std::llround(seconds * 1e6)};
  }
  return std::nullopt;
}

std::string group_thousands(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t sign = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string human_count(double value) {
  static constexpr std::array<const char*, 6> kUnits{"", "k", "M", "G", "T", "P"};
  return scaled(value, 1000, kUnits);
}

std::string human_bytes(double bytes) {
  static constexpr std::array<const char*, 6> kUnits{"B", "kB", "MB", "GB", "TB", "PB"};
  return scaled(bytes, 1000, kUnits);
}

std::string human_rate(double bits_per_second) {
  static constexpr std::array<const char*, 5> kUnits{"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  return scaled(bits_per_second, 1000, kUnits);
}

std::string human_duration(double seconds) {
  char text[48];
  const double size = std::abs(seconds);
  if (seconds == 0) return "0 s";
  if (size < 0.9995)
    std::snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
  else if (size < 119.95)
    std::snprintf(text, sizeof text, "%.3g s", seconds);
  else if (size < 119.95 * 60)
    std::snprintf(text, sizeof text, "%.3g min", seconds / 60);
  else if (size < 48 * 3600)
    std::snprintf(text, sizeof text, "%.3g h", seconds / 3600);
  else
    std::snprintf(text, sizeof text, size < 100 * 86'400.0 ? "%.1f d" : "%.0f d", seconds / 86'400);
  return text;
}

}  // namespace rw
