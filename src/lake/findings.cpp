// The findings store in SQLite.
#include "lake/findings.h"

#include <algorithm>
#include <filesystem>

#include "lake/sqlite.h"

namespace rw {
namespace {

constexpr std::int64_t kApplicationId = 0x52575354;  // "RWST"
constexpr std::size_t kShortestIdBeginning = 4;      // 16 bits: shorter beginnings fit too much

constexpr const char* kSchema = R"sql(
CREATE TABLE findings(id TEXT PRIMARY KEY, identity TEXT NOT NULL, episode INTEGER NOT NULL, detector TEXT NOT NULL,
  title TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, severity TEXT NOT NULL, confidence TEXT NOT NULL,
  technique TEXT NOT NULL, summary TEXT NOT NULL, may_be_wrong_because TEXT NOT NULL, query TEXT NOT NULL,
  observations INTEGER NOT NULL, status TEXT NOT NULL, review_note TEXT NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX findings_by_identity ON findings(identity);
CREATE INDEX findings_by_time ON findings(last_seen);
CREATE TABLE finding_entities(finding TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(finding, position)) WITHOUT ROWID;
CREATE INDEX finding_entities_by_value ON finding_entities(value);
CREATE TABLE finding_evidence(finding TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
  PRIMARY KEY(finding, position)) WITHOUT ROWID;
CREATE TABLE finding_figures(finding TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, value,
  PRIMARY KEY(finding, position)) WITHOUT ROWID;
CREATE TABLE reviews(id INTEGER PRIMARY KEY AUTOINCREMENT, finding TEXT NOT NULL, time INTEGER NOT NULL, status TEXT NOT NULL,
  who TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX reviews_by_finding ON reviews(finding);
)sql";

constexpr const char* kColumns =
    "id,detector,title,first_seen,last_seen,severity,confidence,technique,summary,may_be_wrong_because,query,"
    "observations,status,"
    "review_note";

bool covers(const Finding& window, const Finding& stored) {
  return window.first_seen <= stored.first_seen && window.last_seen >= stored.last_seen;
}

class SqliteFindings : public FindingStore {
 public:
  Result<void> start(const std::string& lake, bool write);

  Result<TimeRange> range_to_cover(const std::vector<Finding>& findings, Duration quiet_gap, TimeRange range) override;
  Result<RecordedFindings> record(const std::vector<Finding>& findings, Duration quiet_gap, Timestamp now) override;
  Result<FindingPage> list(const FindingFilter& filter) override;
  Result<Finding> find(std::string_view id) override;
  Result<Finding> review(std::string_view id, FindingStatus status, std::string_view note, std::string_view who,
                         Timestamp now) override;
  Result<std::vector<Review>> reviews(std::string_view id) override;

 private:
  Result<std::int64_t> pragma(const char* sql);
  Result<void> make();
  Result<void> record_one(Finding window, Duration gap, Timestamp now, RecordedFindings& recorded);
  Result<void> create(Finding& finding, const std::string& identity, Timestamp now);
  Result<std::vector<Finding>> touched(const Finding& window, Duration gap);
  Result<void> write(const Finding& finding, Timestamp now);
  Result<void> write_parts(const Finding& finding);
  Result<void> erase(const std::string& id, const std::string& kept);
  Result<Finding> read(SqliteStatement& row);

  SqliteDatabase db_;
  bool empty_ = false;  // read-only and nothing there yet
};

Result<std::int64_t> SqliteFindings::pragma(const char* sql) {
  SqliteStatement s(db_, sql);
  if (!s.step()) return db_.failure("cannot be read");
  return s.integer(0);
}

Result<void> SqliteFindings::make() {
  RW_TRY(db_.execute("PRAGMA journal_mode=WAL"));
  return db_.transaction([&]() -> Result<void> {
    RW_ASSIGN(const std::int64_t version, pragma("PRAGMA user_version"));
    if (version != 0) return {};  // another process was faster
    RW_TRY(db_.execute(kSchema));
    RW_TRY(db_.execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str()));
    return db_.execute(("PRAGMA user_version=" + std::to_string(kVersion)).c_str());
  });
}

Result<void> SqliteFindings::start(const std::string& lake, bool write) {
  std::error_code error;
  if (!std::filesystem::is_directory(lake, error))
    return Failure(ErrorCode::kNotFound,
                   "there is no lake in " + lake + "; make one with: rangewatch ingest --lake " + lake + " PATH…");
  const std::string path = lake + "/state.sqlite";
  if (!write && !std::filesystem::exists(path, error)) {
    empty_ = true;
    return {};
  }
  // A reader needs write access as well when the log of a killed writer has to be replayed; fall back where it has
  // none.
  Result<void> opened = db_.open(path, write ? SqliteDatabase::Mode::kCreate : SqliteDatabase::Mode::kReadWrite);
  if (!opened) return opened;
  RW_ASSIGN(std::int64_t version, pragma("PRAGMA user_version"));
  RW_ASSIGN(const std::int64_t application, pragma("PRAGMA application_id"));
  if (version == 0 && application == 0) {
    if (!write) {
      empty_ = true;
      return {};
    }
    RW_TRY(make());
    version = kVersion;
  } else if (application != kApplicationId) {
    return Failure(ErrorCode::kCorrupt, path + " is not a rangewatch state file");
  }
  if (version > kVersion)
    return Failure(ErrorCode::kUnsupported, path + " was written by a newer rangewatch (version " +
                                                std::to_string(version) + ", this one knows " +
                                                std::to_string(kVersion) + "); use that one");
  return db_.execute("PRAGMA synchronous=FULL");
}

// ---- reading

Result<Finding> SqliteFindings::read(SqliteStatement& row) {
  Finding f;
  f.id = row.text(0);
  f.detector = row.text(1);
  f.title = row.text(2);
  f.first_seen.us = row.integer(3);
  f.last_seen.us = row.integer(4);
  RW_ASSIGN(f.severity, parse_severity(row.text(5)));
  RW_ASSIGN(f.confidence, parse_confidence(row.text(6)));
  f.technique = row.text(7);
  f.summary = row.text(8);
  f.may_be_wrong_because = row.text(9);
  f.observations = {row.text(10), row.integer(11)};
  RW_ASSIGN(f.status, parse_finding_status(row.text(12)));
  f.review_note = row.text(13);

  SqliteStatement entities(db_, "SELECT kind,value FROM finding_entities WHERE finding=?1 ORDER BY position");
  entities.bind(f.id);
  while (entities.step()) f.entities.push_back({entities.text(0), entities.text(1)});
  SqliteStatement evidence(db_, "SELECT kind FROM finding_evidence WHERE finding=?1 ORDER BY position");
  evidence.bind(f.id);
  while (evidence.step()) {
    RW_ASSIGN(const EvidenceKind kind, parse_evidence_kind(evidence.text(0)));
    f.evidence.push_back(kind);
  }
  SqliteStatement figures(db_, "SELECT name,value FROM finding_figures WHERE finding=?1 ORDER BY position");
  figures.bind(f.id);
  while (figures.step()) {
    FigureValue value;
    switch (figures.type(1)) {
      case SqliteStatement::Type::kInteger: value = figures.integer(1); break;
      case SqliteStatement::Type::kReal: value = figures.real(1); break;
      case SqliteStatement::Type::kText: value = figures.text(1); break;
      case SqliteStatement::Type::kNull: break;
    }
    f.figures.push_back({figures.text(0), std::move(value)});
  }
  if (!entities.ok() || !evidence.ok() || !figures.ok()) return db_.failure("cannot be read");
  return f;
}

// Stored episodes of the window's identity that it overlaps, or is closer to than `gap`; the oldest first.
Result<std::vector<Finding>> SqliteFindings::touched(const Finding& window, Duration gap) {
  const std::string sql = std::string("SELECT ") + kColumns +
                          " FROM findings WHERE identity=?1 AND first_seen<?2 AND last_seen>?3 ORDER BY episode";
  SqliteStatement s(db_, sql.c_str());
  s.bind(finding_identity(window.detector, window.entities))
      .bind((window.last_seen + gap).us)
      .bind((window.first_seen - gap).us);
  std::vector<Finding> found;
  while (s.step()) {
    RW_ASSIGN(Finding finding, read(s));
    found.push_back(std::move(finding));
  }
  if (!s.ok()) return db_.failure("cannot be read");
  return found;
}

Result<FindingPage> SqliteFindings::list(const FindingFilter& filter) {
  FindingPage page;
  if (empty_) return page;
  std::string where = " FROM findings WHERE first_seen<?1 AND last_seen>=?2";
  std::vector<std::string> texts;
  if (filter.status) {
    where += " AND status=?" + std::to_string(3 + texts.size());
    texts.emplace_back(to_string(*filter.status));
  }
  if (!filter.detectors.empty()) {
    where += " AND detector IN (";
    for (const std::string& detector : filter.detectors) {
      where += (texts.size() > (filter.status ? 1U : 0U) ? ",?" : "?") + std::to_string(3 + texts.size());
      texts.push_back(detector);
    }
    where += ")";
  }
  const auto bind = [&](SqliteStatement& s) {
    s.bind(filter.range.to.us).bind(filter.range.from.us);
    for (const std::string& text : texts) s.bind(text);
  };
  SqliteStatement count(db_, ("SELECT count(*)" + where).c_str());
  bind(count);
  if (!count.step()) return db_.failure("cannot be read");
  page.total = static_cast<std::uint64_t>(count.integer(0));
  std::string sql = std::string("SELECT ") + kColumns + where + " ORDER BY last_seen DESC, id";
  if (filter.limit > 0) sql += " LIMIT " + std::to_string(filter.limit);
  SqliteStatement s(db_, sql.c_str());
  bind(s);
  while (s.step()) {
    RW_ASSIGN(Finding finding, read(s));
    page.items.push_back(std::move(finding));
  }
  if (!s.ok()) return db_.failure("cannot be read");
  return page;
}

Result<Finding> SqliteFindings::find(std::string_view id) {
  const Failure none(ErrorCode::kNotFound,
                     "there is no finding '" + std::string(id) + "'; list them with: rangewatch findings");
  if (empty_) return none;
  const auto hex_or_dash = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; };
  if (!std::all_of(id.begin(), id.end(), hex_or_dash)) return none;  // also keeps % and _ out of LIKE
  const std::string sql = std::string("SELECT ") + kColumns +
                          " FROM findings WHERE id=?1 OR (length(?1)>=?2 AND id LIKE ?1||'%') "
                          "ORDER BY id<>?1, id LIMIT 2";
  SqliteStatement s(db_, sql.c_str());
  s.bind(id).bind(static_cast<std::int64_t>(kShortestIdBeginning));
  if (!s.step()) return s.ok() ? none : db_.failure("cannot be read");
  RW_ASSIGN(Finding found, read(s));
  if (found.id != id && s.step())
    return Failure(ErrorCode::kUsage,
                   "'" + std::string(id) + "' is the beginning of several findings; write more of it");
  return found;
}

Result<std::vector<FindingStore::Review>> SqliteFindings::reviews(std::string_view id) {
  std::vector<Review> found;
  if (empty_) return found;
  SqliteStatement s(db_, "SELECT time,status,who,note FROM reviews WHERE finding=?1 ORDER BY id");
  s.bind(id);
  while (s.step()) {
    RW_ASSIGN(const FindingStatus status, parse_finding_status(s.text(1)));
    found.push_back({Timestamp{s.integer(0)}, status, s.text(2), s.text(3)});
  }
  if (!s.ok()) return db_.failure("cannot be read");
  return found;
}

// ---- recording

Result<TimeRange> SqliteFindings::range_to_cover(const std::vector<Finding>& findings, Duration quiet_gap,
                                                 TimeRange range) {
  TimeRange wider = range;
  if (empty_) return wider;
  for (const Finding& window : findings) {
    RW_ASSIGN(const auto stored, touched(window, quiet_gap));
    for (const Finding& known : stored) {
      if (covers(window, known)) continue;
      wider.from = std::min(wider.from, known.first_seen);
      wider.to = std::max(wider.to, Timestamp{known.last_seen.us + 1});
    }
  }
  return wider;
}

Result<void> SqliteFindings::write_parts(const Finding& finding) {
  std::int64_t position = 0;
  for (const Entity& entity : finding.entities) {
    SqliteStatement s(db_, "INSERT INTO finding_entities VALUES(?1,?2,?3,?4)");
    RW_TRY(s.bind(finding.id).bind(position++).bind(entity.kind).bind(entity.value).run());
  }
  position = 0;
  for (const EvidenceKind kind : finding.evidence) {
    SqliteStatement s(db_, "INSERT INTO finding_evidence VALUES(?1,?2,?3)");
    RW_TRY(s.bind(finding.id).bind(position++).bind(to_string(kind)).run());
  }
  position = 0;
  for (const Figure& figure : finding.figures) {
    SqliteStatement s(db_, "INSERT INTO finding_figures VALUES(?1,?2,?3,?4)");
    s.bind(finding.id).bind(position++).bind(figure.name);
    if (const auto* i = std::get_if<std::int64_t>(&figure.value))
      s.bind(*i);
    else if (const auto* d = std::get_if<double>(&figure.value))
      s.bind(*d);
    else if (const auto* t = std::get_if<std::string>(&figure.value))
      s.bind(std::string_view(*t));
    else
      s.bind_null();
    RW_TRY(s.run());
  }
  return {};
}

// Replaces what a stored finding says, but not who it is, nor when it was created.
Result<void> SqliteFindings::write(const Finding& f, Timestamp now) {
  for (const char* sql :
       {"DELETE FROM finding_entities WHERE finding=?1", "DELETE FROM finding_evidence WHERE finding=?1",
        "DELETE FROM finding_figures WHERE finding=?1"}) {
    SqliteStatement s(db_, sql);
    RW_TRY(s.bind(f.id).run());
  }
  SqliteStatement s(
      db_,
      "UPDATE findings SET title=?2,first_seen=?3,last_seen=?4,severity=?5,confidence=?6,technique=?7,summary=?8,"
      "may_be_wrong_because=?9,query=?10,observations=?11,status=?12,review_note=?13,changed=?14 WHERE id=?1");
  RW_TRY(s.bind(f.id)
             .bind(f.title)
             .bind(f.first_seen.us)
             .bind(f.last_seen.us)
             .bind(to_string(f.severity))
             .bind(to_string(f.confidence))
             .bind(f.technique)
             .bind(f.summary)
             .bind(f.may_be_wrong_because)
             .bind(f.observations.query)
             .bind(f.observations.count)
             .bind(to_string(f.status))
             .bind(f.review_note)
             .bind(now.us)
             .run());
  return write_parts(f);
}

Result<void> SqliteFindings::create(Finding& f, const std::string& identity, Timestamp now) {
  SqliteStatement last(db_, "SELECT coalesce(max(episode),0) FROM findings WHERE identity=?1");
  last.bind(identity);
  if (!last.step()) return db_.failure("cannot be read");
  const std::int64_t episode = last.integer(0) + 1;
  f.id = episode == 1 ? identity : identity + "-" + std::to_string(episode);
  f.status = FindingStatus::kNew;
  SqliteStatement s(db_, "INSERT INTO findings VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,'',?16,?16)");
  RW_TRY(s.bind(f.id)
             .bind(identity)
             .bind(episode)
             .bind(f.detector)
             .bind(f.title)
             .bind(f.first_seen.us)
             .bind(f.last_seen.us)
             .bind(to_string(f.severity))
             .bind(to_string(f.confidence))
             .bind(f.technique)
             .bind(f.summary)
             .bind(f.may_be_wrong_because)
             .bind(f.observations.query)
             .bind(f.observations.count)
             .bind(to_string(f.status))
             .bind(now.us)
             .run());
  return write_parts(f);
}

// Episodes that a new window joins become one; the reviews move to the one that stays.
Result<void> SqliteFindings::erase(const std::string& id, const std::string& kept) {
  SqliteStatement move(db_, "UPDATE reviews SET finding=?2 WHERE finding=?1");
  RW_TRY(move.bind(id).bind(kept).run());
  for (const char* sql :
       {"DELETE FROM finding_entities WHERE finding=?1", "DELETE FROM finding_evidence WHERE finding=?1",
        "DELETE FROM finding_figures WHERE finding=?1", "DELETE FROM findings WHERE id=?1"}) {
    SqliteStatement s(db_, sql);
    RW_TRY(s.bind(id).run());
  }
  return {};
}

Result<void> SqliteFindings::record_one(Finding window, Duration gap, Timestamp now, RecordedFindings& recorded) {
  const std::string identity = finding_identity(window.detector, window.entities);
  RW_ASSIGN(const auto stored, touched(window, gap));
  if (stored.empty()) {
    RW_TRY(create(window, identity, now));
    recorded.created.push_back(std::move(window));
    return {};
  }
  const Finding& kept = stored.front();
  // A window that does not cover what is stored has lost rows to retention: the times stay, and so do the figures of
  // the longer look.
  const bool shorter = stored.size() == 1 && covers(kept, window) && !covers(window, kept);
  if (shorter) {
    ++recorded.known;
    return {};
  }
  Finding merged = std::move(window);
  merged.id = kept.id;
  merged.status = kept.status;
  merged.review_note = kept.review_note;
  for (const Finding& other : stored) {
    merged.first_seen = std::min(merged.first_seen, other.first_seen);
    merged.last_seen = std::max(merged.last_seen, other.last_seen);
    if (merged.status == FindingStatus::kNew && other.status != FindingStatus::kNew) {
      merged.status = other.status;
      merged.review_note = other.review_note;
    }
    if (&other != &kept) RW_TRY(erase(other.id, kept.id));
  }
  if (stored.size() == 1 && merged == kept) {
    ++recorded.known;
    return {};
  }
  const bool grew = merged.first_seen < kept.first_seen || merged.last_seen > kept.last_seen;
  RW_TRY(write(merged, now));
  if (grew)
    recorded.extended.push_back(std::move(merged));
  else
    ++recorded.known;
  return {};
}

Result<RecordedFindings> SqliteFindings::record(const std::vector<Finding>& findings, Duration quiet_gap,
                                                Timestamp now) {
  RecordedFindings recorded;
  const Result<void> done = db_.transaction([&]() -> Result<void> {
    for (const Finding& finding : findings) RW_TRY(record_one(finding, quiet_gap, now, recorded));
    return {};
  });
  if (!done) return Failure(done.error());
  return recorded;
}

Result<Finding> SqliteFindings::review(std::string_view id, FindingStatus status, std::string_view note,
                                       std::string_view who, Timestamp now) {
  RW_ASSIGN(Finding finding, find(id));
  const Result<void> done = db_.transaction([&]() -> Result<void> {
    SqliteStatement change(db_, "UPDATE findings SET status=?2,review_note=?3,changed=?4 WHERE id=?1");
    RW_TRY(change.bind(finding.id).bind(to_string(status)).bind(note).bind(now.us).run());
    SqliteStatement audit(db_, "INSERT INTO reviews(finding,time,status,who,note) VALUES(?1,?2,?3,?4,?5)");
    return audit.bind(finding.id).bind(now.us).bind(to_string(status)).bind(who).bind(note).run();
  });
  if (!done) return Failure(done.error());
  finding.status = status;
  finding.review_note = note;
  return finding;
}

}  // namespace

Result<std::unique_ptr<FindingStore>> FindingStore::open(const std::string& lake, bool write) {
  auto store = std::make_unique<SqliteFindings>();
  RW_TRY(store->start(lake, write));
  return std::unique_ptr<FindingStore>(std::move(store));
}

}  // namespace rw
