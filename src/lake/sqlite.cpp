// SQLite behind two small classes.
#include "lake/sqlite.h"

#include <sqlite3.h>

namespace rw {
namespace {
constexpr int kBusyMilliseconds = 30'000;  // writers wait for each other; a transaction takes milliseconds
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close_v2(db_); }

Failure SqliteDatabase::failure(std::string_view doing) const {
  const int code = db_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(db_);
  std::string message =
      path_ + " " + std::string(doing) + ": " + (db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_));
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return {ErrorCode::kCorrupt, message + "; restore it from a backup"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {ErrorCode::kConflict, message + "; another process is writing, try again"};
    case SQLITE_NOMEM: return {ErrorCode::kLimit, message};
    default: return {ErrorCode::kIo, message};
  }
}

std::int64_t SqliteDatabase::last_row() const { return sqlite3_last_insert_rowid(db_); }
int SqliteDatabase::changes() const { return sqlite3_changes(db_); }

Result<void> SqliteDatabase::open(const std::string& path, Mode mode) {
  path_ = path;
  const int flags = mode == Mode::kReadOnly    ? SQLITE_OPEN_READONLY
                    : mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE
                                               : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
    return failure("cannot be opened");
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  return {};
}

Result<void> SqliteDatabase::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure("cannot be changed");
  return {};
}

SqliteStatement::SqliteStatement(SqliteDatabase& db, const char* sql)
    : db_(db), status_(sqlite3_prepare_v2(db.handle(), sql, -1, &statement_, nullptr)) {}
SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

SqliteStatement& SqliteStatement::bind(std::int64_t value) {
  if (statement_ != nullptr) status_ = sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}
SqliteStatement& SqliteStatement::bind(double value) {
  if (statement_ != nullptr) status_ = sqlite3_bind_double(statement_, ++bound_, value);
  return *this;
}
SqliteStatement& SqliteStatement::bind(std::string_view text) {
  if (statement_ != nullptr)
    status_ = sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}
SqliteStatement& SqliteStatement::bind_null() {
  if (statement_ != nullptr) status_ = sqlite3_bind_null(statement_, ++bound_);
  return *this;
}

bool SqliteStatement::step() {
  if (statement_ == nullptr || (status_ != SQLITE_OK && status_ != SQLITE_ROW)) return false;
  status_ = sqlite3_step(statement_);
  return status_ == SQLITE_ROW;
}

bool SqliteStatement::ok() const {
  return statement_ != nullptr && (status_ == SQLITE_OK || status_ == SQLITE_ROW || status_ == SQLITE_DONE);
}

Result<void> SqliteStatement::run() {
  step();
  if (!ok()) return db_.failure("cannot be changed");
  return {};
}

void SqliteStatement::again() {
  sqlite3_reset(statement_);
  bound_ = 0;
  status_ = SQLITE_OK;
}

SqliteStatement::Type SqliteStatement::type(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER: return Type::kInteger;
    case SQLITE_FLOAT: return Type::kReal;
    case SQLITE_TEXT: return Type::kText;
    default: return Type::kNull;
  }
}
std::int64_t SqliteStatement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double SqliteStatement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string SqliteStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace rw
