// Inline styles, as far as they hide text.
#include "message/css.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>

#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::size_t kMaxStyle = 8192;  // bytes of one style attribute

// The number that begins a value; `unit` is what follows. False without one.
bool leading_number(std::string_view value, double& number, std::string_view& unit) {
  const char* const end = value.data() + value.size();
  const auto [at, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc()) return false;
  unit = trimmed(std::string_view(at, static_cast<std::size_t>(end - at)));
  return true;
}

bool is_nothing(std::string_view value) {  // a length of zero
  double number = 0;
  std::string_view unit;
  return leading_number(value, number, unit) && number == 0;
}

bool is_far_out(std::string_view value) {  // beyond any screen
  double number = 0;
  std::string_view unit;
  return leading_number(value, number, unit) && number <= -500;
}

bool is_tiny(std::string_view value) {
  double number = 0;
  std::string_view unit;
  if (!leading_number(value, number, unit)) return false;
  if (unit == "em" || unit == "rem") return number < 0.1;
  if (unit == "%") return number < 10;
  return number <= 1;
}

struct Room {
  bool none = false, clipped = false, out = false, absolute = false;
};

void apply(std::string_view name, std::string_view value, Visibility& seen, Room& room) {
  double number = 0;
  std::string_view unit;
  if (name == "display") {
    seen.hidden |= value == "none";
  } else if (name == "visibility") {
    seen.visibility = true;
    seen.invisible = value == "hidden" || value == "collapse";
  } else if (name == "opacity") {
    seen.hidden |= leading_number(value, number, unit) && number < (unit == "%" ? 10 : 0.1);
  } else if (name == "font-size") {
    seen.sized = true;
    seen.tiny = is_tiny(value);
  } else if (name == "color") {
    seen.transparent = value == "transparent";
    seen.colour = read_colour(value);
  } else if (name == "background-color" || name == "background") {
    seen.background = read_colour(value);
  } else if (name == "background-image") {
    if (value != "none") seen.background = kUnknownColour;
  } else if (name == "height" || name == "max-height" || name == "width" || name == "max-width") {
    room.none |= is_nothing(value);
  } else if (name == "overflow" || name == "overflow-x" || name == "overflow-y") {
    room.clipped |= value == "hidden" || value == "clip";
  } else if (name == "position") {
    room.absolute = value == "absolute" || value == "fixed";
  } else if (name == "left" || name == "top" || name == "margin-left" || name == "margin-top") {
    room.out |= is_far_out(value);
  } else if (name == "text-indent") {
    seen.hidden |= is_far_out(value);
  }
}

}  // namespace

std::int32_t read_colour(std::string_view text) {
  const std::string value = lowered(trimmed(text.substr(0, 64)));
  if (value.empty() || value == "inherit" || value == "initial" || value == "transparent" || value == "none")
    return kNoColour;
  static constexpr std::pair<std::string_view, std::int32_t> kNames[] = {
      {"white", 0xFFFFFF}, {"black", 0},         {"red", 0xFF0000},    {"blue", 0x0000FF},       {"green", 0x008000},
      {"gray", 0x808080},  {"grey", 0x808080},   {"silver", 0xC0C0C0}, {"whitesmoke", 0xF5F5F5}, {"ivory", 0xFFFFF0},
      {"snow", 0xFFFAFA},  {"yellow", 0xFFFF00}, {"navy", 0x000080},   {"ghostwhite", 0xF8F8FF}};
  for (const auto& [name, colour] : kNames)
    if (value == name) return colour;
  const bool hash = value[0] == '#';
  const std::string_view digits = std::string_view(value).substr(hash ? 1 : 0);
  if ((digits.size() == 3 || digits.size() == 6) &&
      std::ranges::all_of(digits, [](char c) { return hex_digit(c) >= 0; })) {
    std::int32_t colour = 0;
    for (const char c : digits) {
      colour = colour << 4 | hex_digit(c);
      if (digits.size() == 3) colour = colour << 4 | hex_digit(c);
    }
    return colour;
  }
  if (!value.starts_with("rgb")) return kUnknownColour;
  std::int32_t colour = 0;
  const char* at = value.data() + std::min(value.find('('), value.size() - 1) + 1;
  const char* const end = value.data() + value.size();
  for (int i = 0; i < 3; ++i) {
    while (at < end && !is_digit(*at)) ++at;
    int part = 0;
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc() || part > 255) return kUnknownColour;
    colour = colour << 8 | part;
    at = next;
  }
  return colour;
}

Visibility read_style(std::string_view css) {
  Visibility seen;
  Room room;
  css = css.substr(0, kMaxStyle);
  while (!css.empty()) {
    const std::size_t end = std::min(css.find(';'), css.size());
    const std::string_view declaration = css.substr(0, end);
    css.remove_prefix(std::min(end + 1, css.size()));
    const std::size_t colon = declaration.find(':');
    if (colon == std::string_view::npos || declaration.size() > 512) continue;
    std::string value = lowered(trimmed(declaration.substr(colon + 1)));
    if (const std::size_t mark = value.find("!important"); mark != std::string::npos) value.resize(mark);
    apply(lowered(trimmed(declaration.substr(0, colon))), trimmed(value), seen, room);
  }
  seen.hidden |= (room.none && room.clipped) || (room.out && room.absolute);
  return seen;
}

}  // namespace rw
