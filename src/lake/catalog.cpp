// The catalog in SQLite: write-ahead log, synchronous=FULL, a change is one transaction.
#include "lake/catalog.h"

#include <sys/random.h>

#include <algorithm>
#include <chrono>

#include "lake/renderer.h"
#include "lake/shape.h"
#include "lake/sqlite.h"

namespace rw {
namespace {

constexpr int kApplicationId = 0x52574C4B;  // "RWLK"
constexpr std::uint32_t kIngestBlock = 16;  // numbers taken per transaction

constexpr const char* kSchema = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE files(id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, table_name TEXT NOT NULL,
  min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, max_end INTEGER NOT NULL, row_count INTEGER NOT NULL,
  bytes INTEGER NOT NULL, schema INTEGER NOT NULL, shape TEXT NOT NULL);
CREATE INDEX files_by_time ON files(table_name, min_time);
CREATE TABLE file_ingests(file INTEGER NOT NULL, ingest INTEGER NOT NULL, PRIMARY KEY(file, ingest)) WITHOUT ROWID;
CREATE INDEX file_ingests_by_ingest ON file_ingests(ingest);
CREATE TABLE inputs(ingest INTEGER PRIMARY KEY, name TEXT NOT NULL, format TEXT NOT NULL, bytes INTEGER NOT NULL,
  hash_hi INTEGER NOT NULL, hash_lo INTEGER NOT NULL, head_hash INTEGER NOT NULL, at_time INTEGER NOT NULL,
  row_count INTEGER NOT NULL, weird_count INTEGER NOT NULL);
CREATE INDEX inputs_by_head ON inputs(head_hash, bytes);
CREATE INDEX inputs_by_size ON inputs(bytes);
CREATE TABLE observed(sensor TEXT NOT NULL, hour INTEGER NOT NULL, PRIMARY KEY(sensor, hour)) WITHOUT ROWID;
CREATE TABLE trash(id INTEGER PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL, since INTEGER NOT NULL);
)sql";

// Rows of each mail report by the ingest that brought some; made with the first report, so that catalogs from before
// have it too.
constexpr const char* kReportsSchema = R"sql(
CREATE TABLE IF NOT EXISTS mail_reports(hash_hi INTEGER NOT NULL, hash_lo INTEGER NOT NULL, ingest INTEGER NOT NULL,
  row_count INTEGER NOT NULL, begins INTEGER NOT NULL, PRIMARY KEY(hash_hi, hash_lo, ingest)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mail_reports_by_ingest ON mail_reports(ingest);
)sql";

std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

class SqliteCatalog : public Catalog {
 public:
  explicit SqliteCatalog(std::string path) : path_(std::move(path)) {}

  Result<void> start(bool create) {
    using Mode = SqliteDatabase::Mode;
    if (!db_.open(path_, create ? Mode::kCreate : Mode::kReadWrite)) return failed("cannot be opened");
    RW_ASSIGN(const std::int64_t application, integer("PRAGMA application_id"));
    RW_ASSIGN(std::int64_t version, integer("PRAGMA user_version"));
    if (application == 0 && version == 0 && create) {
      RW_TRY(make());
      version = kVersion;
    } else if (application != kApplicationId) {
      return Failure(ErrorCode::kCorrupt, path_ + " is not a rangewatch catalog");
    }
    if (version > kVersion)
      return Failure(ErrorCode::kUnsupported, path_ + " was written by a newer rangewatch (catalog version " +
                                                  std::to_string(version) + ", this one knows " +
                                                  std::to_string(kVersion) + "); use that one");
    RW_TRY(execute("PRAGMA synchronous=FULL"));
    SqliteStatement seed(db_, "SELECT value FROM meta WHERE key='hash_seed'");
    if (!seed.step()) return failed("has no seed");
    hash_seed_ = static_cast<std::uint64_t>(seed.integer(0));
    return {};
  }

  std::uint64_t hash_seed() const override { return hash_seed_; }

  bool synthetic() override {
    SqliteStatement s(db_, "SELECT 1 FROM meta WHERE key='synthetic'");
    return s.step();
  }
  Result<void> mark_synthetic() override { return execute("INSERT OR IGNORE INTO meta VALUES('synthetic', 1)"); }

  Result<std::uint32_t> next_ingest() override {
    if (next_ingest_ == ingest_end_) {
      RW_TRY(db_.transaction([this] { return take_ingest_numbers(); }));
    }
    return next_ingest_++;
  }

  Result<std::vector<FileEntry>> files(std::string_view table, TimeRange range, bool by_end) override {
    SqliteStatement s(
        db_, by_end ? "SELECT id,path,table_name,min_time,max_time,max_end,row_count,bytes,schema,shape FROM files "
                      "WHERE table_name=?1 AND min_time<?2 AND max_end>=?3 ORDER BY min_time,id"
                    : "SELECT id,path,table_name,min_time,max_time,max_end,row_count,bytes,schema,shape FROM files "
                      "WHERE table_name=?1 AND min_time<?2 AND max_time>=?3 ORDER BY min_time,id");
    s.bind(table).bind(range.to.us).bind(range.from.us);
    return read_files(s);
  }

  Result<std::vector<FileEntry>> files_of_ingests(const std::vector<std::uint32_t>& ingests) override {
    std::vector<FileEntry> found;
    for (const std::uint32_t ingest : ingests) {
      SqliteStatement s(db_,
                        "SELECT id,path,table_name,min_time,max_time,max_end,row_count,bytes,schema,shape FROM files "
                        "WHERE id IN (SELECT file FROM file_ingests WHERE ingest=?1)");
      s.bind(std::int64_t{ingest});
      RW_ASSIGN(std::vector<FileEntry> some, read_files(s));
      for (FileEntry& file : some)
        if (std::none_of(found.begin(), found.end(), [&](const FileEntry& f) { return f.id == file.id; }))
          found.push_back(std::move(file));
    }
    for (FileEntry& file : found) RW_TRY(read_ingests(file));
    return found;
  }

  Result<void> begin_snapshot() override {
    if (snapshots_++ > 0) return {};
    return execute("BEGIN");
  }
  void end_snapshot() override {
    if (--snapshots_ == 0) static_cast<void>(db_.execute("COMMIT"));
  }

  Result<void> apply(const CatalogChange& change) override {
    return db_.transaction([&] { return apply_inside(change); });
  }

  Result<std::vector<KnownInput>> known_inputs(std::uint64_t head_hash, std::uint64_t at_most_bytes) override {
    SqliteStatement s(
        db_, "SELECT bytes,hash_hi,hash_lo,ingest FROM inputs WHERE head_hash=?1 AND bytes<=?2 ORDER BY bytes DESC");
    s.bind(as_signed(head_hash)).bind(as_signed(std::min<std::uint64_t>(at_most_bytes, INT64_MAX)));
    return read_inputs(s);
  }
  Result<std::vector<KnownInput>> known_small_inputs() override {
    SqliteStatement s(db_, "SELECT bytes,hash_hi,hash_lo,ingest FROM inputs WHERE bytes<?1 ORDER BY bytes DESC");
    s.bind(as_signed(InputIdentity::kHeadBytes));
    return read_inputs(s);
  }

  Result<std::uint64_t> known_report_rows(std::uint64_t hash_hi, std::uint64_t hash_lo,
                                          const std::vector<std::uint32_t>& not_by) override {
    RW_TRY(need_reports());
    return report_rows(hash_hi, hash_lo, not_by);
  }

  Result<std::vector<ObservedHour>> observed_hours(TimeRange range) override {
    SqliteStatement s(db_, "SELECT hour,sensor FROM observed WHERE hour>=?1 AND hour<?2 ORDER BY hour,sensor");
    const std::int64_t from = range.from.us / kHour.us;
    s.bind(from).bind((range.to.us + kHour.us - 1) / kHour.us);
    std::vector<ObservedHour> hours;
    while (s.step()) hours.push_back({Timestamp{s.integer(0) * kHour.us}, s.text(1)});
    if (!s.ok()) return failed("cannot be read");
    return hours;
  }

  Result<TimeRange> extent(std::string_view table) override {
    SqliteStatement s(db_, "SELECT min(min_time),max(max_time),count(*) FROM files WHERE table_name=?1");
    s.bind(table);
    if (!s.step()) return failed("cannot be read");
    if (s.integer(2) == 0) return TimeRange{};
    return TimeRange{{s.integer(0)}, {s.integer(1) + 1}};
  }

  Result<std::vector<TableInfo>> table_infos() override {
    SqliteStatement s(db_,
                      "SELECT table_name,count(*),sum(row_count),sum(bytes),min(min_time),max(max_time) FROM files "
                      "GROUP BY table_name ORDER BY table_name");
    std::vector<TableInfo> infos;
    while (s.step())
      infos.push_back({s.text(0),
                       static_cast<std::uint64_t>(s.integer(1)),
                       static_cast<std::uint64_t>(s.integer(2)),
                       static_cast<std::uint64_t>(s.integer(3)),
                       {{s.integer(4)}, {s.integer(5) + 1}}});
    if (!s.ok()) return failed("cannot be read");
    return infos;
  }
  Result<std::uint64_t> input_count() override { return count("SELECT count(*) FROM inputs"); }
  Result<std::uint64_t> ingest_count() override { return count("SELECT count(DISTINCT ingest) FROM file_ingests"); }

  Result<std::vector<std::string>> all_paths() override {
    SqliteStatement s(db_, "SELECT path FROM files UNION ALL SELECT path FROM trash");
    std::vector<std::string> paths;
    while (s.step()) paths.push_back(s.text(0));
    if (!s.ok()) return failed("cannot be read");
    return paths;
  }

  Result<std::vector<TrashEntry>> trash(Timestamp since) override {
    SqliteStatement s(db_, "SELECT id,path,bytes FROM trash WHERE since<=?1");
    s.bind(since.us);
    std::vector<TrashEntry> entries;
    while (s.step()) entries.push_back({s.integer(0), s.text(1), static_cast<std::uint64_t>(s.integer(2))});
    if (!s.ok()) return failed("cannot be read");
    return entries;
  }
  Result<std::uint64_t> trash_bytes() override { return count("SELECT coalesce(sum(bytes),0) FROM trash"); }
  Result<void> forget_trash(const std::vector<std::int64_t>& ids) override {
    if (ids.empty()) return {};
    return db_.transaction([&]() -> Result<void> {
      for (const std::int64_t id : ids) RW_TRY(run("DELETE FROM trash WHERE id=?1", id));
      return {};
    });
  }

 private:
  Failure failed(const char* what) const {
    Failure failure = db_.failure(what);
    failure.error.message.insert(0, "the catalog ");
    return failure;
  }
  Result<void> execute(const char* sql) {
    if (!db_.execute(sql)) return failed("refused a statement");
    return {};
  }
  Result<std::int64_t> integer(const char* sql) {
    SqliteStatement s(db_, sql);
    if (!s.step()) return failed("cannot be read");
    return s.integer(0);
  }
  Result<std::uint64_t> count(const char* sql) {
    RW_ASSIGN(const std::int64_t n, integer(sql));
    return static_cast<std::uint64_t>(n);
  }
  template <typename... Args>
  Result<void> run(const char* sql, const Args&... args) {
    SqliteStatement s(db_, sql);
    (s.bind(args), ...);
    s.step();
    if (!s.ok()) return failed("refused a change");
    return {};
  }

  // Two processes may make the same lake at once: the second finds it made.
  Result<void> make() {
    RW_TRY(execute("PRAGMA journal_mode=WAL"));
    return db_.transaction([this]() -> Result<void> {
      RW_ASSIGN(const std::int64_t version, integer("PRAGMA user_version"));
      return version == 0 ? make_inside() : Result<void>();
    });
  }
  Result<void> make_inside() {
    RW_TRY(execute(kSchema));
    std::uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
      return Failure(ErrorCode::kIo, "the system gives no random bytes");
    RW_TRY(run("INSERT INTO meta VALUES('hash_seed', ?1)", as_signed(seed)));
    RW_TRY(run("INSERT INTO meta VALUES('next_ingest', 1)"));
    RW_TRY(execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str()));
    return execute(("PRAGMA user_version=" + std::to_string(kVersion)).c_str());
  }

  Result<void> take_ingest_numbers() {
    RW_ASSIGN(const std::int64_t next, integer("SELECT value FROM meta WHERE key='next_ingest'"));
    if (next + kIngestBlock > UINT32_MAX) return Failure(ErrorCode::kLimit, "the lake has used up its ingest numbers");
    RW_TRY(run("UPDATE meta SET value=?1 WHERE key='next_ingest'", next + kIngestBlock));
    next_ingest_ = static_cast<std::uint32_t>(next);
    ingest_end_ = next_ingest_ + kIngestBlock;
    return {};
  }

  Result<void> apply_inside(const CatalogChange& change) {
    const std::int64_t now = Timestamp::now().us;
    for (const std::int64_t id : change.remove) {
      RW_TRY(run("INSERT INTO trash(path,bytes,since) SELECT path,bytes,?2 FROM files WHERE id=?1", id, now));
      RW_TRY(run("DELETE FROM files WHERE id=?1", id));
      if (db_.changes() != 1)
        return Failure(ErrorCode::kConflict, "another process replaced the same files meanwhile; try again");
      RW_TRY(run("DELETE FROM file_ingests WHERE file=?1", id));
    }
    RW_TRY(forget_reports(change));
    for (const std::uint32_t ingest : change.forget_ingests)
      RW_TRY(run("DELETE FROM inputs WHERE ingest=?1", static_cast<std::int64_t>(ingest)));
    for (const FileEntry& file : change.add) RW_TRY(add_file(file));
    for (const TakenInput& input : change.inputs) {
      RW_TRY(add_input(input, now));
      RW_TRY(add_reports(input));
    }
    if (change.unobserve)
      RW_TRY(run("DELETE FROM observed WHERE hour>=?1 AND hour<?2", change.unobserve->from.us / kHour.us,
                 (change.unobserve->to.us + kHour.us - 1) / kHour.us));
    return add_observed(change);
  }

  Result<void> add_file(const FileEntry& file) {
    RW_TRY(
        run("INSERT INTO files(path,table_name,min_time,max_time,max_end,row_count,bytes,schema,shape) "
            "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
            file.path, file.table, file.min_time.us, file.max_time.us, file.max_end.us, as_signed(file.rows),
            as_signed(file.bytes), static_cast<std::int64_t>(file.schema), file.shape));
    const std::int64_t id = db_.last_row();
    SqliteStatement s(db_, "INSERT INTO file_ingests VALUES(?1,?2)");
    for (const std::uint32_t ingest : file.ingests) {
      s.again();
      s.bind(id).bind(static_cast<std::int64_t>(ingest)).step();
      if (!s.ok()) return failed("refused a change");
    }
    return {};
  }

  Result<void> add_input(const TakenInput& taken, std::int64_t now) {
    std::uint64_t rows = 0;
    std::uint64_t weird = 0;
    for (const auto& [table, n] : taken.counts.rows) rows += n;
    for (const auto& [code, n] : taken.counts.weird) weird += n;
    const InputIdentity& input = taken.identity;
    const bool identified = input.hash_hi != 0 || input.hash_lo != 0;
    SqliteStatement same(db_, "SELECT 1 FROM inputs WHERE head_hash=?1 AND bytes=?2 AND hash_hi=?3 AND hash_lo=?4");
    same.bind(as_signed(input.head_hash)).bind(as_signed(input.bytes));
    same.bind(as_signed(input.hash_hi)).bind(as_signed(input.hash_lo));
    if (identified && same.step())
      return Failure(ErrorCode::kConflict, "another process brought the same content of " + input.name + " meanwhile");
    return run("INSERT INTO inputs VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", static_cast<std::int64_t>(taken.ingest),
               input.name, input.format, as_signed(input.bytes), as_signed(input.hash_hi), as_signed(input.hash_lo),
               as_signed(input.head_hash), now, as_signed(rows), as_signed(weird));
  }

  // Catalogs that were made before mail reports were read have no table of them.
  Result<bool> have_reports() {
    if (!have_reports_) {
      SqliteStatement s(db_, "SELECT 1 FROM sqlite_master WHERE type='table' AND name='mail_reports'");
      have_reports_ = s.step();
      if (!s.ok()) return failed("cannot be read");
    }
    return have_reports_;
  }
  Result<void> need_reports() {
    RW_ASSIGN(const bool have, have_reports());
    return have ? Result<void>() : execute(kReportsSchema);
  }
  Result<std::uint64_t> report_rows(std::uint64_t hash_hi, std::uint64_t hash_lo,
                                    const std::vector<std::uint32_t>& not_by) {
    SqliteStatement s(db_, "SELECT row_count,ingest FROM mail_reports WHERE hash_hi=?1 AND hash_lo=?2");
    s.bind(as_signed(hash_hi)).bind(as_signed(hash_lo));
    std::uint64_t rows = 0;
    while (s.step())
      if (std::find(not_by.begin(), not_by.end(), static_cast<std::uint32_t>(s.integer(1))) == not_by.end())
        rows = std::max(rows, static_cast<std::uint64_t>(s.integer(0)));
    if (!s.ok()) return failed("cannot be read");
    return rows;
  }
  Result<void> add_reports(const TakenInput& input) {
    if (input.reports.empty()) return {};
    RW_TRY(need_reports());
    SqliteStatement s(db_, "INSERT OR REPLACE INTO mail_reports VALUES(?1,?2,?3,?4,?5)");
    for (const TakenReport& report : input.reports) {
      RW_ASSIGN(const std::uint64_t now, report_rows(report.hash_hi, report.hash_lo, {input.ingest}));
      if (now > report.before)
        return Failure(ErrorCode::kConflict,
                       "another process brought a mail report of " + input.identity.name + " meanwhile");
      s.again();
      s.bind(as_signed(report.hash_hi)).bind(as_signed(report.hash_lo)).bind(std::int64_t{input.ingest});
      s.bind(as_signed(report.rows)).bind(report.begins.us).step();
      if (!s.ok()) return failed("refused a change");
    }
    return {};
  }
  Result<void> forget_reports(const CatalogChange& change) {
    if (change.forget_ingests.empty() && !change.forget_reports) return {};
    RW_ASSIGN(const bool have, have_reports());
    if (!have) return {};
    for (const std::uint32_t ingest : change.forget_ingests)
      RW_TRY(run("DELETE FROM mail_reports WHERE ingest=?1", static_cast<std::int64_t>(ingest)));
    if (change.forget_reports) RW_TRY(run("DELETE FROM mail_reports WHERE begins<?1", change.forget_reports->us));
    return {};
  }

  Result<void> add_observed(const CatalogChange& change) {
    SqliteStatement s(db_, "INSERT OR IGNORE INTO observed VALUES(?1,?2)");
    for (const ObservedHour& seen : change.observed) {
      s.again();
      s.bind(seen.sensor).bind(seen.hour.us / kHour.us).step();
      if (!s.ok()) return failed("refused a change");
    }
    return {};
  }

  Result<std::vector<FileEntry>> read_files(SqliteStatement& s) {
    std::vector<FileEntry> found;
    while (s.step()) {
      found.push_back({s.integer(0),
                       s.text(1),
                       s.text(2),
                       {s.integer(3)},
                       {s.integer(4)},
                       {s.integer(5)},
                       static_cast<std::uint64_t>(s.integer(6)),
                       static_cast<std::uint64_t>(s.integer(7)),
                       static_cast<std::uint16_t>(s.integer(8)),
                       s.text(9),
                       {}});
      FileEntry& file = found.back();
      if (const TableSpec* table = find_lake_table(file.table); table != nullptr)
        file.shape = with_later_columns(*table, file.schema, std::move(file.shape));
    }
    if (!s.ok()) return failed("cannot be read");
    return found;
  }
  Result<void> read_ingests(FileEntry& file) {
    SqliteStatement s(db_, "SELECT ingest FROM file_ingests WHERE file=?1 ORDER BY ingest");
    s.bind(file.id);
    while (s.step()) file.ingests.push_back(static_cast<std::uint32_t>(s.integer(0)));
    if (!s.ok()) return failed("cannot be read");
    return {};
  }
  Result<std::vector<KnownInput>> read_inputs(SqliteStatement& s) {
    std::vector<KnownInput> known;
    while (s.step())
      known.push_back({static_cast<std::uint64_t>(s.integer(0)), static_cast<std::uint64_t>(s.integer(1)),
                       static_cast<std::uint64_t>(s.integer(2)), static_cast<std::uint32_t>(s.integer(3))});
    if (!s.ok()) return failed("cannot be read");
    return known;
  }

  std::string path_;
  SqliteDatabase db_;
  std::uint64_t hash_seed_ = 0;
  bool have_reports_ = false;
  int snapshots_ = 0;
  std::uint32_t next_ingest_ = 0;
  std::uint32_t ingest_end_ = 0;
};

}  // namespace

Snapshot::Snapshot(Catalog& catalog) : catalog_(catalog), status_(catalog.begin_snapshot()) {}
Snapshot::~Snapshot() { catalog_.end_snapshot(); }

Result<std::unique_ptr<Catalog>> Catalog::open(const std::string& path, bool create) {
  auto catalog = std::make_unique<SqliteCatalog>(path);
  RW_TRY(catalog->start(create));
  return std::unique_ptr<Catalog>(std::move(catalog));
}

}  // namespace rw
