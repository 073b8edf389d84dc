// A thin hand on SQLite for the lake's own files; sqlite.cpp is the one adapter of SQLite's header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rw {

class SqliteDatabase {
 public:
  SqliteDatabase() = default;
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  enum class Mode : unsigned char { kReadOnly, kReadWrite, kCreate };
  Result<void> open(const std::string& path, Mode mode);
  Result<void> execute(const char* sql);
  // Runs `body` inside BEGIN IMMEDIATE … COMMIT; its failure rolls back.
  template <typename Body>
  Result<void> transaction(Body body) {
    RW_TRY(execute("BEGIN IMMEDIATE"));
    Result<void> done = body();
    if (done) done = execute("COMMIT");
    if (!done) static_cast<void>(execute("ROLLBACK"));
    return done;
  }
  std::int64_t last_row() const;  // the number of the row inserted last
  int changes() const;            // rows that the last statement changed
  // What went wrong last, with the file's name and what to do about it.
  Failure failure(std::string_view doing) const;
  sqlite3* handle() const { return db_; }

 private:
  std::string path_;
  sqlite3* db_ = nullptr;
};

// A prepared statement that is bound in order, stepped, and read by column.
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& db, const char* sql);
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(double value);
  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bind_null();
  bool step();  // true while there is a row; false at the end, or on failure (then ok() is false)
  bool ok() const;
  Result<void> run();  // for statements without rows
  void again();        // to bind and step once more

  enum class Type : unsigned char { kNull, kInteger, kReal, kText };
  Type type(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;

 private:
  SqliteDatabase& db_;
  sqlite3_stmt* statement_ = nullptr;
  int status_;
  int bound_ = 0;
};

}  // namespace rw
