// Finding the telling part of an input's path.
#include "format/sensor_name.h"

#include <algorithm>
#include <vector>

#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxSensorName = 200;

// Only digits and what stands between them: 2024-05-01, 20240501, 12, "." and "..".
bool says_nothing(std::string_view part) {
  const auto of_date = [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':'; };
  if (std::all_of(part.begin(), part.end(), of_date)) return true;
  for (const std::string_view common : {"current", "logs", "log", "spool", "archive", "tmp", "var"})
    if (part == common) return true;
  return false;
}

std::string_view without_archive_ending(std::string_view part) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view ending : {".tar", ".tgz", ".zip", ".gz", ".bz2", ".xz", ".zst", ".lz4"}) {
      if (part.size() > ending.size() && part.ends_with(ending)) {
        part.remove_suffix(ending.size());
        again = true;
      }
    }
  }
  return part;
}

}  // namespace

std::string sensor_from_input(std::string_view input_name, std::string_view otherwise) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= input_name.size();) {
    const std::size_t end = std::min(input_name.find_first_of("/!", begin), input_name.size());
    std::string_view part = input_name.substr(begin, end - begin);
    if (end < input_name.size() && input_name[end] == '!') part = without_archive_ending(part);
    parts.push_back(part);
    begin = end + 1;
  }
  for (auto part = parts.rbegin() + 1; part != parts.rend(); ++part)  // the last is the file itself
    if (!says_nothing(*part)) return escape_text(*part, kMaxSensorName);
  return std::string(otherwise);
}

}  // namespace rw
