// One JSON object per line, flattened into the fields that a format asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace rw {

// Holds the values of the last line parsed. Fields are named by path:
//   "id.orig_h"              a member; dots are ordinary characters
//   "flow/bytes_toserver"    a member of a member
//   "TTLs[]"                 a list, or a single value that stands for a list of one
//   "dns/answers[]/rrname"   a member of each object in a list; lists of one parent are aligned by index
// Keys that were not asked for are skipped without being looked into, and those with escapes in them are not found.
//
//   JsonLine json(paths);                       // { "id.orig_h", "TTLs[]" }
//   if (json.parse(line)) use(json.text(0), json.list(1));
class JsonLine {
 public:
  static constexpr std::size_t kMaxListItems = 1'024;  // later ones are dropped

  explicit JsonLine(std::span<const std::string_view> paths);
  ~JsonLine();
  JsonLine(const JsonLine&) = delete;
  JsonLine& operator=(const JsonLine&) = delete;

  // False when the line is not one JSON object; error() says why. Views into the values are valid until the next call.
  bool parse(std::string_view line);
  std::string_view error() const;

  // Strings unescaped, numbers and truth values as written; null data() where absent or null. Of a key that comes twice
  // the last one counts.
  std::string_view text(std::size_t path) const { return texts_[path]; }
  std::span<const std::string_view> texts() const { return texts_; }
  std::span<const std::string_view> list(std::size_t path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::span<const std::string_view> texts_;
};

}  // namespace rw
