// Compaction, retention and replacement: new files first, then one transaction that swaps them for the old.
#include "lake/care.h"

#include <algorithm>
#include <map>
#include <set>

#include "lake/damage.h"
#include "lake/renderer.h"
#include "lake/shape.h"

namespace rw {
namespace {

constexpr std::uint64_t kSmallFile = 16ULL << 20;
constexpr std::uint64_t kMergedFile = 128ULL << 20;  // where merging stops: about four million flows
// Merged once, read often: the thorough level.
constexpr const char* kMergeOptions =
    "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 3, DICTIONARY_SIZE_LIMIT 1000, "
    "ROW_GROUP_SIZE 49152";

// What all of the files leave out.
Shape common_shape(const TableSpec& table, const std::vector<FileEntry>& files) {
  using Form = StoredColumn::Form;
  Shape common = parse_shape(table, files.front().shape);
  for (const FileEntry& file : files) {
    const Shape shape = parse_shape(table, file.shape);
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (shape[i].form != common[i].form || shape[i].constant != common[i].constant) common[i] = {Form::kPlain, 0};
  }
  return common;
}

std::string sql_null_of(ColumnType type) {
  switch (type) {
    case ColumnType::kTime: return "NULL::TIMESTAMP";
    case ColumnType::kI64: return "NULL::BIGINT";
    case ColumnType::kU64: return "NULL::UBIGINT";
    case ColumnType::kU32: return "NULL::UINTEGER";
    case ColumnType::kU16: return "NULL::USMALLINT";
    case ColumnType::kU8: return "NULL::UTINYINT";
    case ColumnType::kF64: return "NULL::DOUBLE";
    default: return "NULL::VARCHAR";
  }
}

// A column as the table defines it, from a file of another form.
std::string widened(const TableSpec& table, std::size_t i, const StoredColumn& own) {
  using Form = StoredColumn::Form;
  const auto stem_of_high = i + 1 < table.columns.size() ? address_name(table, i + 1) : std::string_view{};
  std::string stored = duck::quote_name(stored_name(table, i, own));
  switch (own.form) {
    case Form::kPlain: return stored;
    case Form::kConstant: return std::to_string(own.constant) + "::UINTEGER";
    case Form::kNull: return sql_null_of(table.columns[i].type);
    case Form::kNarrow: return stored + "::BIGINT";
    case Form::kV4Low: return "(" + stored + "::UBIGINT + " + std::to_string(Ip::kV4Marker) + "::UBIGINT)";
    case Form::kV4High: return "(" + duck::quote_name(std::string(stem_of_high) + "_v4") + "::UBIGINT & 0::UBIGINT)";
    case Form::kSpan:
      return "make_timestamp(epoch_us(" + duck::quote_name(table.columns[table.time_column].name) + ") + " + stored +
             ")";
  }
  return {};
}

// The columns of one file in the form that `target` asks for, which all files share or which is the table's own.
std::string select_list(const TableSpec& table, const Shape& own, const Shape& target) {
  std::string list;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name = duck::quote_name(stored_name(table, i, target[i]));
    if (name == "\"\"") continue;
    const bool same = own[i].form == target[i].form;
    list += (list.empty() ? "" : ", ") + (same ? name : widened(table, i, own[i]) + " AS " + name);
  }
  return list;
}

std::string order_by(const TableSpec& table, const Shape& shape) {
  std::string order = "epoch_us(" + duck::quote_name(table.columns[table.time_column].name) + ") // 3600000000";
  for (const std::uint8_t column : table.sort_columns)
    if (const std::string name = stored_name(table, column, shape[column]); !name.empty())
      order += ", " + duck::quote_name(name);
  return order;
}

// The largest groups of small files of one day, month or year that are worth merging; no file twice.
std::vector<std::vector<FileEntry>> merge_groups(std::vector<FileEntry> files, std::size_t many) {
  std::erase_if(files, [](const FileEntry& f) { return f.bytes >= kSmallFile; });
  std::vector<std::vector<FileEntry>> groups;
  for (const std::size_t date_length : {10U, 7U, 4U}) {  // 2019-04-23, 2019-04, 2019
    std::map<std::string, std::vector<FileEntry>> periods;
    for (FileEntry& file : files) {
      std::string period = file.min_time.date().substr(0, date_length);
      periods[std::move(period)].push_back(std::move(file));
    }
    files.clear();
    for (auto& [period, members] : periods) {
      if (members.size() <= many) {
        files.insert(files.end(), std::make_move_iterator(members.begin()), std::make_move_iterator(members.end()));
        continue;
      }
      std::uint64_t bytes = kMergedFile;
      for (FileEntry& file : members) {
        if (bytes + file.bytes > kMergedFile) {
          groups.emplace_back();
          bytes = 0;
        }
        bytes += file.bytes;
        groups.back().push_back(std::move(file));
      }
    }
  }
  std::erase_if(groups, [](const std::vector<FileEntry>& group) { return group.size() < 2; });
  return groups;
}

std::string ingest_list(const std::vector<std::uint32_t>& ingests) {
  std::string list;
  for (const std::uint32_t ingest : ingests) list += (list.empty() ? "" : ", ") + std::to_string(ingest);
  return list;
}

}  // namespace

Result<void> publish(const std::string& directory, std::vector<StagedFile>& files, CatalogChange& change) {
  std::set<std::string> folders;
  for (StagedFile& file : files) {
    const std::string target = directory + "/" + file.entry.path;
    const std::string folder = target.substr(0, target.rfind('/'));
    if (folders.insert(folder).second) RW_TRY(make_folders(folder));
    RW_TRY(rename_file(file.staged_path, target));
    change.add.push_back(std::move(file.entry));
  }
  for (const std::string& folder : folders) {
    RW_TRY(sync_folder(folder));
    RW_TRY(sync_folder(folder.substr(0, folder.rfind('/'))));  // the day's own name
  }
  return {};
}

void discard(const std::string& directory, const Error& why, const CatalogChange& change) {
  if (why.code != ErrorCode::kConflict) return;
  for (const FileEntry& file : change.add) remove_file(directory + "/" + file.path);
}

Result<std::unique_ptr<Care>> Care::open(Catalog& catalog, std::string directory, const CareOptions& options) {
  std::unique_ptr<Care> care(new Care(catalog, std::move(directory), options));
  RW_ASSIGN(care->staging_, Lease::take(care->directory_ + "/staging"));
  RW_ASSIGN(care->spill_, Lease::take(care->directory_ + "/tmp"));
  duck::EngineOptions engine;
  engine.memory_bytes = options.memory_bytes;
  engine.threads = options.threads;
  engine.temp_directory = care->spill_->folder() + "/spill";
  engine.readable_directories = {care->directory_};
  RW_ASSIGN(care->engine_, duck::Engine::open(engine));
  RW_ASSIGN(care->connection_, care->engine_->connect());
  return care;
}

Result<void> Care::rewrite(const TableSpec& table, const std::vector<FileEntry>& files, const std::string& where,
                           CatalogChange& change) {
  const Shape target = common_shape(table, files);
  std::map<std::string, std::vector<const FileEntry*>> by_shape;
  for (const FileEntry& file : files) by_shape[file.shape].push_back(&file);
  std::string rows;
  for (const auto& [shape, members] : by_shape) {
    std::string list;
    for (const FileEntry* file : members)
      list += (list.empty() ? "" : ", ") + duck::quote_text(directory_ + "/" + file->path);
    rows += (rows.empty() ? "SELECT " : " UNION ALL SELECT ") + select_list(table, parse_shape(table, shape), target) +
            " FROM read_parquet([" + list + "], hive_partitioning=false)" + (where.empty() ? "" : " WHERE " + where);
  }
  const std::string staged = staging_->folder() + "/" + std::to_string(written_) + ".parquet";
  const auto copied = connection_->execute("COPY (SELECT * FROM (" + rows + ") ORDER BY " + order_by(table, target) +
                                           ") TO " + duck::quote_text(staged) + " (" + kMergeOptions + ")");
  if (!copied) return blame(copied.error(), directory_, files);
  for (const FileEntry& file : files) change.remove.push_back(file.id);
  return adopt(table, staged, shape_text(table, target), change);
}

Result<void> Care::adopt(const TableSpec& table, const std::string& staged, const std::string& shape,
                         CatalogChange& change) {
  const std::string time = duck::quote_name(table.columns[table.time_column].name);
  const int end_column = find_column(table, "end_time");
  const auto end_index = static_cast<std::size_t>(std::max(end_column, 0));
  const std::string end = end_column < 0 ? time : widened(table, end_index, parse_shape(table, shape)[end_index]);
  StagedFile file;
  file.staged_path = staged;
  FileEntry& entry = file.entry;
  const std::string source = " FROM read_parquet(" + duck::quote_text(staged) + ", hive_partitioning=false)";
  RW_TRY(connection_->query("SELECT count(*), min(" + time + "), max(" + time + "), max(" + end + ")" + source, nullptr,
                            [&entry](const duck::Chunk& chunk) {
                              entry.rows = static_cast<std::uint64_t>(chunk.columns[0].values<std::int64_t>()[0]);
                              if (entry.rows == 0) return false;
                              entry.min_time = {chunk.columns[1].values<std::int64_t>()[0]};
                              entry.max_time = {chunk.columns[2].values<std::int64_t>()[0]};
                              entry.max_end = {chunk.columns[3].values<std::int64_t>()[0]};
                              return false;
                            }));
  if (entry.rows == 0) return {};
  if (find_column(table, "ingest") >= 0)
    RW_TRY(connection_->query("SELECT DISTINCT ingest" + source, nullptr, [&entry](const duck::Chunk& chunk) {
      const auto* values = chunk.columns[0].values<std::uint32_t>();
      entry.ingests.insert(entry.ingests.end(), values, values + chunk.rows);
      return true;
    }));
  entry.table = table.name;
  entry.schema = table.schema;
  entry.shape = shape;
  RW_TRY(sync_file(staged));
  RW_ASSIGN(entry.bytes, file_size(staged));
  entry.path = "data/" + entry.table + "/" + entry.min_time.date() + "/" + staging_->token() + "-" +
               std::to_string(written_++) + ".parquet";
  std::vector<StagedFile> one;
  one.push_back(std::move(file));
  return publish(directory_, one, change);
}

Result<void> Care::merge(const Merge& merge, CompactReport& report) {
  CatalogChange change;
  RW_TRY(rewrite(*merge.table, merge.files, "", change));
  auto done = catalog_.apply(change);
  if (!done) {
    discard(directory_, done.error(), change);
    // Somebody else replaced some of them meanwhile; what they made is theirs to judge.
    if (done.error().code == ErrorCode::kConflict) return {};
    return done;
  }
  report.files_before += merge.files.size();
  report.files_after += change.add.size();
  for (const FileEntry& file : change.add) report.rows += file.rows;
  return {};
}

Result<std::vector<Care::Merge>> Care::merges(Catalog& catalog, std::size_t many_small_files) {
  std::vector<Merge> merges;
  for (const TableSpec* table : tables()) {
    RW_ASSIGN(std::vector<FileEntry> files, catalog.files(table->name, kAllTime));
    for (std::vector<FileEntry>& group : merge_groups(std::move(files), many_small_files))
      merges.push_back({table, std::move(group)});
  }
  return merges;
}

Result<CompactReport> Care::compact(const std::vector<Merge>& merges, Timestamp until) {
  CompactReport report;
  Result<void> status;
  for (const Merge& next : merges) {
    if (Timestamp::now() >= until) break;
    const auto done = merge(next, report);
    if (done) continue;
    if (status) status = Failure(done.error());
    if (done.error().code != ErrorCode::kCorrupt) break;
  }
  RW_TRY(status);
  return report;
}

Result<CompactReport> Care::compact() {
  RW_ASSIGN(const std::vector<Merge> all, merges(catalog_, options_.many_small_files));
  RW_ASSIGN(CompactReport report, compact(all, kAllTime.to));
  RW_ASSIGN(report.unlinked, unlink_old(catalog_, directory_, options_.grace));
  RW_TRY(sweep());
  return report;
}

// First and last sightings of what goes, joined with those of what went before.
Result<void> Care::keep_seen(const std::vector<std::pair<const TableSpec*, std::vector<FileEntry>>>& dropped,
                             Timestamp before, CatalogChange& change) {
  std::string sightings;
  const auto add = [&sightings](const std::string& select) {
    sightings += (sightings.empty() ? "" : " UNION ALL ") + select;
  };
  const std::string until = sql_time(before);
  for (const auto& [table, files] : dropped) {
    if (table->name != "flows" && table->name != "dns_answers") continue;
    Shape plain(table->columns.size());
    for (const FileEntry& file : files) {
      const std::string source = "(SELECT " + select_list(*table, parse_shape(*table, file.shape), plain) +
                                 " FROM read_parquet(" + duck::quote_text(directory_ + "/" + file.path) +
                                 ", hive_partitioning=false))";
      if (table->name == "flows") {
        add("SELECT 'sent' AS kind, src_hi AS hi, src_lo AS lo, start_time AS f, start_time AS l FROM " + source +
            " WHERE start_time < " + until);
        add("SELECT 'sent', dst_hi, dst_lo, start_time, start_time FROM " + source +
            " WHERE rev_packets > 0 AND start_time < " + until);
      } else {
        add("SELECT 'resolved' AS kind, address_hi AS hi, address_lo AS lo, time AS f, time AS l FROM " + source +
            " WHERE address_lo IS NOT NULL AND time < " + until);
      }
    }
  }
  if (sightings.empty()) return {};
  RW_ASSIGN(const std::vector<FileEntry> earlier, catalog_.files(kSeenTable.name, kAllTime));
  for (const FileEntry& file : earlier) {
    add("SELECT kind, entity_hi AS hi, entity_lo AS lo, first_time AS f, last_time AS l FROM read_parquet(" +
        duck::quote_text(directory_ + "/" + file.path) + ", hive_partitioning=false)");
    change.remove.push_back(file.id);
  }
  const std::string staged = staging_->folder() + "/" + std::to_string(written_) + ".parquet";
  RW_TRY(connection_->execute(
      "COPY (SELECT kind, hi AS entity_hi, lo AS entity_lo, min(f) AS first_time, max(l) AS last_time FROM (" +
      sightings + ") GROUP BY kind, hi, lo ORDER BY hi, lo, kind) TO " + duck::quote_text(staged) + " (" +
      kMergeOptions + ")"));
  return adopt(kSeenTable, staged, "", change);
}

Result<CompactReport> Care::drop(Timestamp before) {
  CompactReport report;
  CatalogChange change;
  std::vector<std::pair<const TableSpec*, std::vector<FileEntry>>> dropped;
  for (const TableSpec* table : tables()) {
    RW_ASSIGN(std::vector<FileEntry> files, catalog_.files(table->name, TimeRange{kAllTime.from, before}));
    if (files.empty()) continue;
    report.files_before += files.size();
    for (const FileEntry& file : files) report.rows += file.rows;
    dropped.emplace_back(table, std::move(files));
  }
  if (dropped.empty()) return report;
  RW_TRY(keep_seen(dropped, before, change));
  for (const auto& [table, files] : dropped) {
    const std::string kept = duck::quote_name(table->columns[table->time_column].name) + " >= " + sql_time(before);
    for (const FileEntry& file : files) {
      if (file.max_time < before) {
        change.remove.push_back(file.id);
        continue;
      }
      const std::size_t added = change.add.size();
      RW_TRY(rewrite(*table, {file}, kept, change));
      if (change.add.size() > added) report.rows -= change.add.back().rows;
    }
  }
  change.unobserve = TimeRange{kAllTime.from, {before.us / kHour.us * kHour.us}};
  change.forget_reports = before;
  auto done = catalog_.apply(change);
  if (!done) {
    discard(directory_, done.error(), change);
    return Failure(done.error());
  }
  report.files_after = change.add.size();
  RW_ASSIGN(report.unlinked, unlink_old(catalog_, directory_, options_.grace));
  return report;
}

Result<void> Care::replace(const std::vector<std::uint32_t>& ingests, CatalogChange& change) {
  RW_ASSIGN(const std::vector<FileEntry> files, catalog_.files_of_ingests(ingests));
  const auto goes = [&ingests](std::uint32_t n) {
    return std::find(ingests.begin(), ingests.end(), n) != ingests.end();
  };
  for (const FileEntry& file : files) {
    if (std::all_of(file.ingests.begin(), file.ingests.end(), goes)) {
      change.remove.push_back(file.id);
      continue;
    }
    const TableSpec* table = find_lake_table(file.table);
    if (table == nullptr) continue;
    const auto kept = rewrite(*table, {file}, "ingest NOT IN (" + ingest_list(ingests) + ")", change);
    if (!kept && kept.error().code == ErrorCode::kCorrupt)
      return Failure(ErrorCode::kCorrupt, directory_ + "/" + file.path +
                                              " is damaged and holds rows of other inputs too; restore it from a "
                                              "backup, or read all inputs into a new lake");
    RW_TRY(kept);
  }
  change.forget_ingests.insert(change.forget_ingests.end(), ingests.begin(), ingests.end());
  TimeRange range{{INT64_MAX}, {INT64_MIN}};
  for (const FileEntry& file : files)
    range = {std::min(range.from, file.min_time), std::max(range.to, file.max_end + Duration{1})};
  return files.empty() ? Result<void>() : observe_again(range, change);
}

// Which hours of the range are observed by what stays: the replaced rows may have been their only witness.
Result<void> Care::observe_again(TimeRange range, CatalogChange& change) {
  const std::int64_t from = range.from.us / kHour.us;
  const std::int64_t to = (range.to.us + kHour.us - 1) / kHour.us;
  change.unobserve = TimeRange{{from * kHour.us}, {to * kHour.us}};
  for (const TableSpec* table : tables()) {
    if (find_column(*table, "sensor") < 0) continue;
    std::string sql;
    const auto add = [&](const FileEntry& file) {
      const Shape own = parse_shape(*table, file.shape);
      for (const std::string_view column : {table->columns[table->time_column].name, std::string_view("end_time")}) {
        const int at = find_column(*table, column);
        if (at < 0) continue;
        const auto index = static_cast<std::size_t>(at);
        sql += (sql.empty() ? "" : " UNION ") +
               ("SELECT DISTINCT sensor, epoch_us(" + widened(*table, index, own[index]) +
                ") // 3600000000 AS h FROM read_parquet(" + duck::quote_text(directory_ + "/" + file.path) +
                ", hive_partitioning=false)");
      }
    };
    RW_ASSIGN(const std::vector<FileEntry> files, catalog_.files(table->name, *change.unobserve, true));
    for (const FileEntry& file : files)
      if (std::find(change.remove.begin(), change.remove.end(), file.id) == change.remove.end()) add(file);
    for (const FileEntry& file : change.add)
      if (file.table == table->name) add(file);
    if (sql.empty()) continue;
    RW_TRY(connection_->query(
        "SELECT * FROM (" + sql + ") WHERE h >= " + std::to_string(from) + " AND h < " + std::to_string(to), nullptr,
        [&change](const duck::Chunk& chunk) {
          const auto* hours = chunk.columns[1].values<std::int64_t>();
          for (std::size_t i = 0; i < chunk.rows; ++i)
            change.observed.push_back({Timestamp{hours[i] * kHour.us}, std::string(chunk.columns[0].text(i))});
          return true;
        }));
  }
  return {};
}

// Files that no catalog entry names and that are too old to be on their way in: left by a failed commit or a lost disk
// cache.
Result<void> Care::sweep() {
  RW_ASSIGN(const std::vector<std::string> paths, catalog_.all_paths());
  const std::set<std::string> live(paths.begin(), paths.end());
  for (const std::string& file : list_files(directory_ + "/data")) {
    const std::string path = directory_ + "/data/" + file;
    if (!live.contains("data/" + file) && changed_before(path, Timestamp::now() - std::max(options_.grace, kHour)))
      remove_file(path);
  }
  return {};
}

Result<std::uint64_t> Care::unlink_old(Catalog& catalog, const std::string& directory, Duration grace) {
  RW_ASSIGN(const std::vector<TrashEntry> trash, catalog.trash(Timestamp::now() - grace));
  std::vector<std::int64_t> ids;
  for (const TrashEntry& entry : trash) {
    remove_file(directory + "/" + entry.path);
    ids.push_back(entry.id);
  }
  RW_TRY(catalog.forget_trash(ids));
  return ids.size();
}

// A writer that died after its renames and before its commit left files in data/ that carry its token and that the
// catalog does not know.
Result<void> Care::clear_dead(Catalog& catalog, const std::string& directory) {
  Lease::clear_dead(directory + "/tmp", nullptr);
  Result<void> status;
  Lease::clear_dead(directory + "/staging", [&](const std::string& token) {
    if (!status) return;
    const auto paths = catalog.all_paths();
    if (!paths) {
      status = Failure(paths.error());
      return;
    }
    const std::set<std::string> live(paths->begin(), paths->end());
    for (const std::string& file : list_files(directory + "/data")) {
      const std::string name = file.substr(file.rfind('/') + 1);
      if (name.starts_with(token + "-") && !live.contains("data/" + file)) remove_file(directory + "/data/" + file);
    }
  });
  return status;
}

}  // namespace rw
