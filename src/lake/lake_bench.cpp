// What the store costs: writing a batch, questions over a day, and planning over many files. Answers are checked, so
// that a fast wrong one does not pass.
#include "lake/lake.h"

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "lake/catalog.h"
#include "model/emitter.h"

namespace {

using namespace rw;

constexpr Timestamp kStart = Timestamp::from_seconds(1'556'064'000);  // 2019-04-24T00:00:00Z
constexpr std::uint32_t kBatchRows = 500'000;
constexpr std::uint32_t kBatches = 8;  // of the lake that is asked

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rw-lake-bench-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string lake() const { return path_ + "/lake"; }

 private:
  std::string path_;
};

// A day of traffic: 4,096 inside addresses to 65,536 outside ones. The same rows in every run.
Flow flow_of(std::uint64_t n) {
  const std::uint64_t mixed = n * 0x9E37'79B9'7F4A'7C15 >> 20;
  Flow flow;
  flow.start_time = kStart.us + static_cast<std::int64_t>(mixed % 86'400'000) * 1'000;
  flow.end_time = flow.start_time + static_cast<std::int64_t>(mixed % 60'000'000);
  flow.src = Ip::v4(static_cast<std::uint32_t>(0xC000'0000 + mixed % 4'096));
  flow.dst = Ip::v4(static_cast<std::uint32_t>(0xAF2D'0000 + mixed / 4'096 % 65'536));
  flow.src_port = static_cast<std::uint16_t>(1'024 + mixed % 60'000);
  flow.dst_port = mixed % 3 == 0 ? 443 : 53;
  flow.proto = mixed % 3 == 0 ? 6 : 17;
  flow.bytes = static_cast<std::int64_t>(64 + mixed % 1'400);
  flow.packets = 1 + static_cast<std::int64_t>(mixed % 10);
  flow.sampling = 1;
  flow.sensor = "border-1";
  return flow;
}

std::unique_ptr<Lake> open(const TemporaryFolder& folder) {
  LakeOptions options;
  options.create = options.write = true;
  auto lake = Lake::open(folder.lake(), options);
  return lake ? std::move(*lake) : nullptr;
}

bool ingest(Lake& lake, std::uint64_t number, std::uint32_t rows) {
  auto transaction = lake.begin_ingest();
  if (!transaction) return false;
  Emitter emitter(**transaction, "input", "bench", kStart);
  for (std::uint64_t i = 0; i < rows; ++i) emitter.add(flow_of(number * rows + i));
  if (!emitter.finish()) return false;
  InputIdentity input;
  input.name = std::to_string(number);
  input.head_hash = input.hash_lo = number + 1;
  return (*transaction)->commit(input, emitter.counts()).has_value();
}

// Emitting, sorting, writing and committing half a million flows: one Parquet file, durable at the end.
void write_batch(benchmark::State& state) {
  const TemporaryFolder folder;
  const auto lake = open(folder);
  std::uint64_t number = 0;
  for (auto _ : state)
    if (!lake || !ingest(*lake, number++, kBatchRows)) return state.SkipWithError("the batch was not written");
  state.SetItemsProcessed(state.iterations() * kBatchRows);
}
BENCHMARK(write_batch)->Unit(benchmark::kMillisecond)->UseRealTime();

// Four million flows, made once for all questions.
Lake* asked_lake() {
  static const TemporaryFolder folder;
  static const std::unique_ptr<Lake> lake = [] {
    auto made = open(folder);
    for (std::uint64_t n = 0; made && n < kBatches; ++n)
      if (!ingest(*made, n, kBatchRows)) made.reset();
    return made;
  }();
  return lake.get();
}

void ask(benchmark::State& state, const Query& query, std::size_t least_rows) {
  Lake* lake = asked_lake();
  if (lake == nullptr) return state.SkipWithError("no lake could be made");
  for (auto _ : state) {
    const auto answer = lake->run(query);
    if (!answer || answer->rows.size() < least_rows) return state.SkipWithError("a wrong answer");
    benchmark::DoNotOptimize(answer->rows.data());
  }
  state.SetItemsProcessed(state.iterations() * kBatchRows * kBatches);
}

Query sums() {
  Query query;
  query.table = "flows";
  query.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}, {"flows", Measure::Kind::kCount, nullptr}};
  return query;
}

// One address among all: whole row groups are ruled out, since files are sorted by address within the hour.
void pruned_scan(benchmark::State& state) {
  Query query = sums();
  query.where = expr::eq(expr::column("src"), expr::literal(Ip::v4(0xC000'0123)));
  ask(state, query, 1);
}
BENCHMARK(pruned_scan)->Unit(benchmark::kMillisecond)->UseRealTime();

void group_by(benchmark::State& state) {
  Query query = sums();
  query.group_by = {{"src", expr::column("src")}};
  query.order_by = {{"bytes", true}};
  query.limit = 20;
  ask(state, query, 20);
}
BENCHMARK(group_by)->Unit(benchmark::kMillisecond)->UseRealTime();

// The same through DuckDB: a number of distinct addresses has no plan of our own.
void group_by_with_distinct(benchmark::State& state) {
  Query query = sums();
  query.group_by = {{"src", expr::column("src")}};
  query.measures.push_back({"peers", Measure::Kind::kDistinct, expr::column("dst")});
  query.order_by = {{"peers", true}};
  query.limit = 20;
  ask(state, query, 20);
}
BENCHMARK(group_by_with_distinct)->Unit(benchmark::kMillisecond)->UseRealTime();

void one_hour(benchmark::State& state) {
  Query query = sums();
  query.time = {kStart + kHour, kStart + kHour + kHour};
  query.group_by = {{"dst_port", expr::column("dst_port")}};
  ask(state, query, 2);
}
BENCHMARK(one_hour)->Unit(benchmark::kMillisecond)->UseRealTime();

// Which of 5,000 files a question needs, from the catalog: an hour's, and all of them.
void plan(benchmark::State& state, TimeRange range, std::size_t expected) {
  constexpr std::int64_t kFiles = 5'000;
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.lake());
  auto catalog = Catalog::open(folder.lake() + "/catalog.sqlite", true);
  if (!catalog) return state.SkipWithError("no catalog could be made");
  CatalogChange change;
  for (std::int64_t i = 0; i < kFiles; ++i) {
    FileEntry file;
    file.path = "data/flows/day/" + std::to_string(i) + ".parquet";
    file.table = "flows";
    file.min_time = kStart + Duration{i * kHour.us};
    file.max_time = file.max_end = file.min_time + Duration{kHour.us - 1};
    file.rows = 1;
    file.bytes = 1'000;
    file.shape = "end_time=span src=4 dst=4 bytes=u32 packets=u32 sampling=1 -app -server_name";
    change.add.push_back(std::move(file));
  }
  if (!(*catalog)->apply(change)) return state.SkipWithError("the catalog was not filled");
  for (auto _ : state) {
    const auto files = (*catalog)->files("flows", range);
    if (!files || files->size() != expected) return state.SkipWithError("a wrong plan");
    benchmark::DoNotOptimize(files->data());
  }
}
BENCHMARK_CAPTURE(plan, an_hour_of_5000_files, TimeRange{kStart + kDay, kStart + kDay + kHour}, 1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(plan, all_of_5000_files, kAllTime, 5'000)->Unit(benchmark::kMillisecond);

}  // namespace
