// Reading TOML files that people write: every wrong key or value is told with line, column, a caret and the nearest
// key.
//
//   RW_ASSIGN(TomlFile file, TomlFile::read("subjects/case-2019.toml"));
//   TomlTable root = file.root();
//   subject.id = root.required_text("id");
//   for (TomlTable item : root.tables("prefix")) subject.prefixes.push_back({item.required_prefix("prefix"),
//   item.time("from")}); RW_TRY(file.finish());   // kUsage: every problem, and every key that nobody asked for
//
// Getters never fail: a wrong value is noted, and the default comes back. finish() is what says whether all was well.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"

namespace rw {

class TomlFile;

// One table of a file; valid as long as the TomlFile lives. Asking for a key makes it known.
class TomlTable {
 public:
  bool has(std::string_view key) const;  // does not make the key known
  // Nothing where the key is absent (or wrong, which is noted).
  std::optional<std::string> text(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  std::optional<double> real(std::string_view key);  // takes integers too
  std::optional<bool> boolean(std::string_view key);
  std::optional<Timestamp> time(std::string_view key);     // a TOML date or time, or text as Timestamp::parse reads it
  std::optional<Duration> duration(std::string_view key);  // "30s", "5min"; a bare number is seconds
  std::optional<Prefix> prefix(std::string_view key);
  std::vector<std::string> texts(std::string_view key);  // empty where absent
  std::vector<std::int64_t> integers(std::string_view key);
  std::vector<Prefix> prefixes(std::string_view key);
  std::vector<Ip> addresses(std::string_view key);
  // As above, and absence is a problem.
  std::string required_text(std::string_view key);
  Prefix required_prefix(std::string_view key);

  std::optional<TomlTable> table(std::string_view key);  // [key]
  std::vector<TomlTable> tables(std::string_view key);   // [[key]]; also a single [key]
  std::vector<std::string> keys() const;                 // of this table, in the file's order

  // Makes a key known that somebody else reads and checks.
  void leave_to_others(std::string_view key);
  // Notes something that is wrong with a key's value (or with the whole table, when the key is absent).
  void problem(std::string_view key, std::string_view message);

 private:
  friend class TomlFile;
  TomlTable(TomlFile* file, const void* node) : file_(file), node_(node) {}
  TomlFile* file_;
  const void* node_;
};

class TomlFile {
 public:
  static constexpr std::size_t kMaxBytes = 4 << 20;  // nobody writes more by hand
  // kNotFound or kIo when it cannot be read; kUsage when it is not TOML, with place and caret.
  static Result<TomlFile> read(const std::string& path);
  static Result<TomlFile> parse(std::string text, std::string name);
  TomlFile(TomlFile&&) noexcept;
  TomlFile& operator=(TomlFile&&) noexcept;
  ~TomlFile();

  TomlTable root();
  // kUsage with all problems in the order of the file, when there are any.
  Result<void> finish();

 private:
  friend class TomlTable;
  struct Impl;
  explicit TomlFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rw
