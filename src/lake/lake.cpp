// The embedded store: catalog, writers and DuckDB put together.
#include "lake/lake.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "lake/answers.h"
#include "lake/care.h"
#include "lake/catalog.h"
#include "lake/damage.h"
#include "lake/engine.h"
#include "lake/files.h"
#include "lake/functions.h"
#include "lake/renderer.h"
#include "lake/scan.h"
#include "lake/slices.h"
#include "lake/time_zones.h"
#include "lake/writer.h"

namespace rw {
namespace {

constexpr std::uint64_t kWriterMemory = 512ULL << 20;  // for COPY; batches come on top
constexpr unsigned kWriterThreads = 2;
constexpr std::size_t kWriterQueue = 1;  // batches that wait; each may hold 64 MB
constexpr int kReplaceAttempts = 5;      // --again beside a compaction
constexpr std::uint64_t kMostMemory = 8ULL << 30;

constexpr std::size_t kSmallBatch = 65'536;  // rows: batches under this are put together before they are written

std::uint64_t default_memory() {
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
  return std::min(kMostMemory, pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / 2);
}

class EmbeddedLake;

Result<void> add_functions(duck::Connection& connection) {
  RW_TRY(connection.add_function(ip_text_function()));
  RW_TRY(connection.add_function(port_service_function()));
  return connection.add_distinct();
}

class LakeIngest : public IngestTransaction {
 public:
  LakeIngest(EmbeddedLake& lake, std::vector<std::uint32_t> replace, std::unique_ptr<Lease> staging)
      : lake_(lake), replace_(std::move(replace)), staging_(std::move(staging)) {}
  ~LakeIngest() override { wait(); }

  Result<void> take(Batch&& batch) override;
  Result<void> end_input(const InputIdentity& input, const Emitter::Counts& counts) override;
  Result<void> take_report(const TakenReport& report) override {
    reports_.push_back(report);
    return {};
  }
  Result<void> commit() override;

 private:
  // Small batches of one table, of one input or of several, on their way into one file.
  struct Pending {
    std::unique_ptr<Batch> batch;
    std::vector<std::uint32_t> ingests;
  };
  Result<void> number_input();
  Result<void> write(Batch&& batch, std::vector<std::uint32_t> ingests);
  Result<void> write(Pending& pending);
  void wait();

  EmbeddedLake& lake_;
  std::uint32_t ingest_ = 0;  // of the input that is being taken, 0 before its first row
  std::vector<TakenInput> inputs_;
  std::vector<TakenReport> reports_;  // of the input that is being taken
  std::map<const TableSpec*, Pending> pending_;
  std::vector<std::uint32_t> replace_;
  std::unique_ptr<Lease> staging_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t running_ = 0;
  std::size_t batches_ = 0;
  Result<void> status_;
  std::vector<StagedFile> files_;
  std::set<std::pair<std::string, std::int64_t>> observed_;
};

class EmbeddedLake : public Lake, private ScanContext {
 public:
  EmbeddedLake(std::string directory, LakeOptions options) : directory_(std::move(directory)), options_(options) {}

  Result<void> start();
  std::string absolute(const std::string& path) const { return directory_ + "/" + path; }
  Catalog& catalog() { return *catalog_; }
  Result<WriterPool*> writers();
  Result<std::unique_ptr<Care>> care();

  // Store
  Result<Answer> run(const Query& query) override;
  Result<std::vector<Answer>> run(std::span<const Query> queries) override;
  Result<void> stream(const Query& query, const std::function<bool(const Answer&)>& piece) override;
  Result<void> stream_text(const Query& query, const WritePiece& write,
                           const std::function<bool(std::string_view)>& out) override;
  Result<void> sql(std::string_view select, const std::function<bool(const Answer&)>& piece) override;
  Result<std::vector<ObservedHour>> observed_hours(TimeRange range) override { return catalog_->observed_hours(range); }
  Result<std::vector<ZoneOffset>> zone_offsets(std::string_view zone, TimeRange range) override;
  Result<TimeRange> extent(std::string_view table) override { return catalog_->extent(table); }
  bool synthetic() const override { return catalog_->synthetic(); }

  // Lake
  std::uint64_t hash_seed() const override { return catalog_->hash_seed(); }
  Result<std::vector<KnownInput>> known_inputs(std::uint64_t head, std::uint64_t bytes) override {
    return catalog_->known_inputs(head, bytes);
  }
  Result<std::vector<KnownInput>> known_small_inputs() override { return catalog_->known_small_inputs(); }
  Result<std::uint64_t> known_report_rows(std::uint64_t hash_hi, std::uint64_t hash_lo,
                                          const std::vector<std::uint32_t>& not_by) override {
    return catalog_->known_report_rows(hash_hi, hash_lo, not_by);
  }
  Result<std::unique_ptr<IngestTransaction>> begin_ingest(const std::vector<std::uint32_t>& replace) override;
  Result<LakeInfo> info() override;
  Result<CompactReport> compact() override;
  Result<CompactReport> merge_small_files(Duration at_most, const std::function<void()>& begins) override;
  Result<CompactReport> drop(Timestamp before) override;
  const std::string& directory() const override { return directory_; }

 private:
  Result<duck::Connection*> reader();
  Result<std::optional<Answer>> scan_directly(const Query& query);
  Result<void> stream_by_duckdb(const Query& query, const std::function<bool(const Answer&)>& piece);
  scan::ScanOptions scan_options() const { return {directory_, threads(), memory()}; }
  unsigned threads() const {
    return options_.threads > 0 ? options_.threads : std::max(1U, std::thread::hardware_concurrency());
  }
  std::uint64_t memory() const { return options_.memory_bytes > 0 ? options_.memory_bytes : default_memory(); }
  Result<Answer> collect(const Rendered& rendered);
  // Passes on what DuckDB made of `asked_`; a failure names the file that is damaged, if one is.
  Result<void> checked(Result<void> done);

  // ScanContext
  Result<std::vector<FileEntry>> files(const TableSpec& table, TimeRange range, bool by_end) override;
  std::string full_path(const FileEntry& file) override { return absolute(file.path); }
  Result<std::vector<ZoneChange>> zone(std::string_view name, TimeRange range) override;
  Result<std::string> label_function(const std::shared_ptr<const LabelSet>& set, bool at_time) override;
  Result<std::string> member_function(const std::vector<Prefix>& prefixes) override;
  Result<std::string> port_function() override { return std::string("port_service"); }

  std::string directory_;
  LakeOptions options_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Lease> spill_;
  std::unique_ptr<duck::Engine> engine_;
  std::unique_ptr<duck::Connection> connection_;
  std::unique_ptr<WriterPool> writers_;
  struct Asked {
    std::string_view table;
    TimeRange range;
    bool by_end;
  };
  std::vector<Asked> asked_;  // whose files the question that is being answered reads
  std::map<std::pair<const LabelSet*, bool>, std::pair<std::string, std::shared_ptr<const LabelSet>>> label_functions_;
  std::size_t functions_ = 0;
};

Result<void> EmbeddedLake::start() {
  std::error_code error;
  const std::string catalog = directory_ + "/catalog.sqlite";
  const bool exists = std::filesystem::exists(catalog, error);
  if (!exists && !options_.create)
    return Failure(ErrorCode::kNotFound, "there is no lake in " + directory_ +
                                             "; make one with: rangewatch ingest --lake " + directory_ + " PATH…");
  if (!exists) RW_TRY(make_folders(directory_));
  directory_ = std::filesystem::absolute(directory_, error).lexically_normal().string();
  if (directory_.size() > 1 && directory_.ends_with('/')) directory_.pop_back();
  RW_ASSIGN(catalog_, Catalog::open(directory_ + "/catalog.sqlite", options_.create));
  if (options_.synthetic) RW_TRY(catalog_->mark_synthetic());
  if (!options_.write) return {};
  for (const char* folder : {"/data", "/staging", "/tmp"}) RW_TRY(make_folders(directory_ + folder));
  RW_TRY(Care::clear_dead(*catalog_, directory_));
  RW_ASSIGN(const std::uint64_t unlinked, Care::unlink_old(*catalog_, directory_, options_.unlink_after));
  static_cast<void>(unlinked);
  return {};
}

Result<duck::Connection*> EmbeddedLake::reader() {
  if (connection_) return connection_.get();
  duck::EngineOptions options;
  options.memory_bytes = memory();
  options.threads = threads();
  options.readable_directories = {directory_ + "/data"};
  if (auto spill = Lease::take(directory_ + "/tmp")) {
    spill_ = std::move(*spill);
    options.temp_directory = spill_->folder() + "/spill";
  }
  RW_ASSIGN(engine_, duck::Engine::open(options));
  RW_ASSIGN(connection_, engine_->connect());
  RW_TRY(add_functions(*connection_));
  return connection_.get();
}

Result<WriterPool*> EmbeddedLake::writers() {
  if (!writers_) {
    RW_ASSIGN(writers_, WriterPool::start(kWriterThreads, kWriterQueue, kWriterMemory, directory_));
  }
  return writers_.get();
}

// ---- questions

Result<std::vector<FileEntry>> EmbeddedLake::files(const TableSpec& table, TimeRange range, bool by_end) {
  RW_ASSIGN(std::vector<FileEntry> files, catalog_->files(table.name, range, by_end));
  for (const FileEntry& file : files)
    if (file.schema > table.schema)
      return Failure(ErrorCode::kUnsupported,
                     "the table " + file.table + " holds files of a newer rangewatch (schema " +
                         std::to_string(file.schema) + ", this one knows " + std::to_string(table.schema) + ")");
  asked_.push_back({table.name, range, by_end});
  return files;
}

Result<std::vector<ZoneChange>> EmbeddedLake::zone(std::string_view name, TimeRange range) {
  RW_ASSIGN(duck::Connection * connection, reader());
  return zone_changes(*connection, name, range);
}

Result<std::vector<ZoneOffset>> EmbeddedLake::zone_offsets(std::string_view name, TimeRange range) {
  constexpr Duration kMostYears = Duration::seconds(50LL * 366 * 86'400);  // quarters of an hour are walked
  if (range.to - range.from > kMostYears)
    return Failure(ErrorCode::kLimit, "local time over more than 50 years is not computed");
  const auto changes = zone(name, range);
  if (!changes) return Failure(changes.error());
  std::vector<ZoneOffset> offsets;
  for (const ZoneChange& change : *changes) offsets.push_back({change.from, change.offset});
  return offsets;
}

Result<std::string> EmbeddedLake::label_function(const std::shared_ptr<const LabelSet>& set, bool at_time) {
  const auto known = label_functions_.find({set.get(), at_time});
  if (known != label_functions_.end()) return known->second.first;
  RW_ASSIGN(duck::Connection * connection, reader());
  const std::string name = "rw_label_" + std::to_string(functions_++);
  RW_TRY(connection->add_function(rw::label_function(name, set, at_time)));
  label_functions_[{set.get(), at_time}] = {name, set};
  return name;
}

Result<std::string> EmbeddedLake::member_function(const std::vector<Prefix>& prefixes) {
  RW_ASSIGN(duck::Connection * connection, reader());
  const std::string name = "rw_member_" + std::to_string(functions_++);
  RW_TRY(connection->add_function(rw::member_function(name, prefixes)));
  return name;
}

Result<void> EmbeddedLake::checked(Result<void> done) {
  if (done) return done;
  std::vector<FileEntry> files;
  for (const Asked& asked : asked_) {
    RW_ASSIGN(const std::vector<FileEntry> some, catalog_->files(asked.table, asked.range, asked.by_end));
    files.insert(files.end(), some.begin(), some.end());
  }
  return blame(done.error(), directory_, files);
}

Result<Answer> EmbeddedLake::collect(const Rendered& rendered) {
  RW_ASSIGN(duck::Connection * connection, reader());
  Answer answer = empty_answer(rendered);
  if (rendered.total) answer.total = 0;
  RW_TRY(checked(connection->query(rendered.sql, nullptr, [&](const duck::Chunk& chunk) {
    append_rows(rendered, chunk, answer);
    return true;
  })));
  return answer;
}

// Simple questions do not need DuckDB.
Result<std::optional<Answer>> EmbeddedLake::scan_directly(const Query& query) {
  const auto plan = options_.direct_scan ? scan::plan_of(query) : std::nullopt;
  if (!plan) return std::optional<Answer>();
  RW_ASSIGN(const std::vector<FileEntry> files, this->files(*plan->table, query.time, false));
  return scan::answer(query, *plan, files, scan_options());
}

Result<Answer> EmbeddedLake::run(const Query& query) {
  const Snapshot snapshot(*catalog_);
  RW_TRY(snapshot.status());
  RW_ASSIGN(const std::vector<Query> slices, slices_of(query, *this));
  std::vector<Answer> answers;
  for (const Query& slice : slices) {
    asked_.clear();
    RW_ASSIGN(std::optional<Answer> direct, scan_directly(slice));
    if (direct) {
      answers.push_back(std::move(*direct));
      continue;
    }
    RW_ASSIGN(const Rendered rendered, render_query(slice, *this));
    RW_ASSIGN(Answer answer, collect(rendered));
    answers.push_back(std::move(answer));
  }
  return join_slices(query, std::move(answers));
}

// Questions that share table, time and filter are answered from one scan.
Result<std::vector<Answer>> EmbeddedLake::run(std::span<const Query> queries) {
  const Snapshot snapshot(*catalog_);
  RW_TRY(snapshot.status());
  std::vector<Answer> answers(queries.size());
  std::vector<bool> answered(queries.size(), false);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (answered[i]) continue;
    std::vector<std::size_t> group{i};
    for (std::size_t k = i + 1; k < queries.size(); ++k)
      if (!answered[k] && mergeable(queries[i], queries[k])) group.push_back(k);
    RW_ASSIGN(const bool sliced, needs_slices(queries[i], *this));
    if (group.size() == 1 || sliced) {
      RW_ASSIGN(answers[i], run(queries[i]));
      continue;
    }
    std::vector<const Query*> together;
    for (const std::size_t k : group) together.push_back(&queries[k]);
    asked_.clear();
    RW_ASSIGN(const MergedRender merged, render_merged(together, *this));
    RW_ASSIGN(duck::Connection * connection, reader());
    RW_TRY(checked(connection->execute(merged.setup)));
    for (std::size_t k = 0; k < group.size(); ++k) {
      RW_ASSIGN(answers[group[k]], collect(merged.questions[k]));
      answered[group[k]] = true;
    }
    RW_TRY(connection->execute(merged.teardown));
  }
  return answers;
}

Result<void> EmbeddedLake::stream(const Query& query, const std::function<bool(const Answer&)>& piece) {
  asked_.clear();
  if (const auto plan = options_.direct_scan ? scan::plan_of(query) : std::nullopt) {
    RW_ASSIGN(const std::vector<FileEntry> files, this->files(*plan->table, query.time, false));
    RW_ASSIGN(const bool done, scan::stream_answer(query, *plan, files, scan_options(), piece));
    if (done) return {};
  }
  return stream_by_duckdb(query, piece);
}

Result<void> EmbeddedLake::stream_by_duckdb(const Query& query, const std::function<bool(const Answer&)>& piece) {
  RW_ASSIGN(const Rendered rendered, render_query(query, *this));
  RW_ASSIGN(duck::Connection * connection, reader());
  bool any = false;
  RW_TRY(checked(connection->query(rendered.sql, nullptr, [&](const duck::Chunk& chunk) {
    Answer answer = empty_answer(rendered);
    append_rows(rendered, chunk, answer);
    any = true;
    return piece(answer);
  })));
  if (!any) piece(empty_answer(rendered));
  return {};
}

// Columns of types that have no value of ours (intervals, lists) are shown as text, decimals as numbers. The rest stays
// as it is, and with it the place that a message points at.
std::string_view shown_as(duck::Type type) {
  if (type == duck::Type::kDecimal) return "DOUBLE";
  return type == duck::Type::kOther ? "VARCHAR" : "";
}

std::string shown_select(std::string_view select, const std::vector<duck::ResultColumn>& types) {
  if (std::none_of(types.begin(), types.end(), [](const auto& c) { return !shown_as(c.type).empty(); }))
    return std::string(select);
  std::string list;
  std::string names;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::string at = "c" + std::to_string(i);
    names += (i > 0 ? ", " : "") + at;
    const std::string as(shown_as(types[i].type));
    list += (i > 0 ? ", " : "") + (as.empty() ? at : "CAST(" + at + " AS " + as + ")") + " AS " +
            duck::quote_name(types[i].name);
  }
  std::string inner(select);
  while (!inner.empty() && (std::isspace(static_cast<unsigned char>(inner.back())) != 0 || inner.back() == ';'))
    inner.pop_back();
  return "SELECT " + list + " FROM (" + inner + "\n) AS t(" + names + ")";
}

Result<void> EmbeddedLake::stream_text(const Query& query, const WritePiece& write,
                                       const std::function<bool(std::string_view)>& out) {
  const auto plan = options_.direct_scan ? scan::plan_of(query) : std::nullopt;
  if (plan) {
    RW_ASSIGN(const std::vector<FileEntry> files, this->files(*plan->table, query.time, false));
    RW_ASSIGN(const bool done, scan::stream_text(query, *plan, files, scan_options(), write, out));
    if (done) return {};
    RW_ASSIGN(const bool grouped, scan::stream_groups(query, *plan, files, scan_options(), write, out));
    if (grouped) return {};
  }
  // Not through stream(): it would gather once more what did not fit the memory.
  asked_.clear();
  return as_text([this, &query](const PieceSink& piece) { return stream_by_duckdb(query, piece); }, write, out);
}

// People's SQL runs in a database of its own, which can read the files of this snapshot and nothing else.
Result<void> EmbeddedLake::sql(std::string_view select, const std::function<bool(const Answer&)>& piece) {
  duck::EngineOptions options;
  options.memory_bytes = memory();
  options.threads = threads();
  std::vector<const TableSpec*> specs(tables().begin(), tables().end());
  specs.push_back(&kSeenTable);
  std::vector<std::string> views;
  asked_.clear();
  {
    const Snapshot snapshot(*catalog_);
    RW_TRY(snapshot.status());
    for (const TableSpec* table : specs) {
      RW_ASSIGN(const std::vector<FileEntry> files, catalog_->files(table->name, kAllTime));
      for (const FileEntry& file : files) options.readable_files.push_back(absolute(file.path));
      RW_ASSIGN(const std::string view, view_sql(*table, *this));
      views.push_back("CREATE VIEW " + duck::quote_name(table->name) + " AS " + view);
    }
  }
  std::unique_ptr<Lease> spill;
  if (auto lease = Lease::take(directory_ + "/tmp")) {
    spill = std::move(*lease);
    options.temp_directory = spill->folder() + "/spill";
  }
  RW_ASSIGN(auto engine, duck::Engine::open(options));
  RW_ASSIGN(auto connection, engine->connect());
  RW_TRY(add_functions(*connection));
  for (const std::string& view : views) RW_TRY(checked(connection->execute(view)));
  const auto types = connection->check_one_select(select);
  if (!types) return checked(Failure(types.error()));
  const std::string shown = shown_select(select, *types);
  std::vector<duck::ResultColumn> columns;
  bool any = false;
  RW_TRY(checked(connection->query(
      shown,
      [&columns](std::span<const duck::ResultColumn> head) {
        columns.assign(head.begin(), head.end());
        return true;
      },
      [&](const duck::Chunk& chunk) {
        Answer answer = empty_answer(columns);
        append_rows(chunk, answer);
        any = true;
        return piece(answer);
      })));
  if (!any) piece(empty_answer(columns));
  return {};
}

// ---- ingest

Result<std::unique_ptr<IngestTransaction>> EmbeddedLake::begin_ingest(const std::vector<std::uint32_t>& replace) {
  if (!options_.write) return Failure(ErrorCode::kUsage, "the lake " + directory_ + " was opened for reading only");
  RW_ASSIGN(auto staging, Lease::take(directory_ + "/staging"));
  return std::unique_ptr<IngestTransaction>(std::make_unique<LakeIngest>(*this, replace, std::move(staging)));
}

Result<void> LakeIngest::number_input() {
  if (ingest_ != 0) return {};
  RW_ASSIGN(ingest_, lake_.catalog().next_ingest());
  return {};
}

Result<void> LakeIngest::take(Batch&& batch) {
  if (batch.rows() == 0) return {};
  RW_TRY(number_input());
  const int ingest_column = find_column(batch.table(), "ingest");
  if (ingest_column >= 0) batch.column(static_cast<std::size_t>(ingest_column)).fill_u32(ingest_);
  if (batch.rows() >= kSmallBatch) return write(std::move(batch), {ingest_});
  Pending& pending = pending_[&batch.table()];
  if (pending.batch)
    pending.batch->append(batch);
  else
    pending.batch = std::make_unique<Batch>(std::move(batch));
  if (pending.ingests.empty() || pending.ingests.back() != ingest_) pending.ingests.push_back(ingest_);
  const EmitterOptions full;
  if (pending.batch->rows() >= full.batch_rows || pending.batch->memory_bytes() >= full.batch_bytes)
    return write(pending);
  return {};
}

Result<void> LakeIngest::write(Pending& pending) {
  if (!pending.batch) return {};
  const std::unique_ptr<Batch> batch = std::move(pending.batch);
  return write(std::move(*batch), std::exchange(pending.ingests, {}));
}

Result<void> LakeIngest::write(Batch&& batch, std::vector<std::uint32_t> ingests) {
  RW_ASSIGN(WriterPool * pool, lake_.writers());
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    if (!status_) return status_;
    ++running_;
    name = staging_->token() + "-" + std::to_string(batches_++);
  }
  auto held = std::make_shared<const Batch>(std::move(batch));
  pool->submit([this, held = std::move(held), name, ingests = std::move(ingests)](duck::Connection& connection) {
    auto written = write_batch(connection, *held, staging_->folder(), name);
    const std::lock_guard lock(mutex_);
    --running_;
    if (!written) {
      if (status_) status_ = Failure(written.error());
    } else {
      for (StagedFile& file : written->files) {
        file.entry.ingests = ingests;
        files_.push_back(std::move(file));
      }
      observed_.merge(written->observed);
    }
    changed_.notify_all();
  });
  return {};
}

Result<void> LakeIngest::end_input(const InputIdentity& input, const Emitter::Counts& counts) {
  RW_TRY(number_input());
  inputs_.push_back({input, std::exchange(ingest_, 0), counts, std::exchange(reports_, {})});
  return {};
}

void LakeIngest::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return running_ == 0; });
}

Result<void> LakeIngest::commit() {
  for (auto& [table, pending] : pending_) RW_TRY(write(pending));
  wait();
  if (!status_) return status_;
  CatalogChange mine;
  RW_TRY(publish(lake_.directory(), files_, mine));
  for (const auto& [sensor, hour] : observed_) mine.observed.push_back({Timestamp{hour * kHour.us}, sensor});
  mine.inputs = inputs_;
  Result<void> done;
  for (int attempt = 0; attempt < kReplaceAttempts; ++attempt) {
    CatalogChange change = mine;
    std::unique_ptr<Care> care;
    if (!replace_.empty()) {
      RW_ASSIGN(care, lake_.care());
      RW_TRY(care->replace(replace_, change));
    }
    done = lake_.catalog().apply(change);
    if (done) return done;
    if (done.error().code != ErrorCode::kConflict || replace_.empty()) break;
    // A compaction replaced files that held rows of the ingests which go. Keep our files, look again.
    change.add.erase(change.add.begin(), change.add.begin() + static_cast<std::ptrdiff_t>(mine.add.size()));
    discard(lake_.directory(), done.error(), change);
  }
  discard(lake_.directory(), done.error(), mine);
  return done;
}

// ---- care

Result<std::unique_ptr<Care>> EmbeddedLake::care() {
  if (!options_.write) return Failure(ErrorCode::kUsage, "the lake " + directory_ + " was opened for reading only");
  CareOptions options;
  options.threads = threads();
  if (options_.memory_bytes > 0) options.memory_bytes = options_.memory_bytes;
  options.grace = options_.unlink_after;
  options.many_small_files = options_.compact_from_files;
  return Care::open(*catalog_, directory_, options);
}

Result<CompactReport> EmbeddedLake::compact() {
  RW_ASSIGN(const auto care, this->care());
  return care->compact();
}

Result<CompactReport> EmbeddedLake::merge_small_files(Duration at_most, const std::function<void()>& begins) {
  const Timestamp until = Timestamp::now() + at_most;
  RW_ASSIGN(const auto merges, Care::merges(*catalog_, options_.compact_from_files));
  if (merges.empty()) return CompactReport{};
  if (begins) begins();
  RW_ASSIGN(const auto care, this->care());
  return care->compact(merges, until);
}

Result<CompactReport> EmbeddedLake::drop(Timestamp before) {
  RW_ASSIGN(const auto care, this->care());
  return care->drop(before);
}

Result<LakeInfo> EmbeddedLake::info() {
  LakeInfo info;
  info.directory = directory_;
  info.schema = Catalog::kVersion;
  info.synthetic = catalog_->synthetic();
  RW_ASSIGN(info.inputs, catalog_->input_count());
  RW_ASSIGN(info.ingests, catalog_->ingest_count());
  RW_ASSIGN(info.tables, catalog_->table_infos());
  RW_ASSIGN(info.unreferenced_bytes, catalog_->trash_bytes());
  return info;
}

}  // namespace

Result<std::unique_ptr<Lake>> Lake::open(const std::string& directory, const LakeOptions& options) {
  auto lake = std::make_unique<EmbeddedLake>(directory, options);
  RW_TRY(lake->start());
  return std::unique_ptr<Lake>(std::move(lake));
}

}  // namespace rw
