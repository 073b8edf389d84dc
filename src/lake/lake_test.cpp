// The lake end to end: rows in, questions out.
#include "lake/lake.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lake/lake_testing.h"
#include "lake/sqlite.h"

namespace rw {
namespace {

TEST(Lake, MissingLakeSaysHowToMakeOne) {
  const TemporaryFolder folder;
  const auto lake = Lake::open(folder.path());
  ASSERT_FALSE(lake);
  EXPECT_EQ(lake.error().code, ErrorCode::kNotFound);
  EXPECT_NE(lake.error().message.find("rangewatch ingest"), std::string::npos);
}

TEST(Lake, TopTalkers) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(10)));
  Query q;
  q.table = "flows";
  q.group_by = {{"src", expr::column("src")}};
  q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}, {"flows", Measure::Kind::kCount, nullptr}};
  q.order_by = {{"bytes", true}};
  q.limit = 2;
  q.want_total = true;
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 2U);
  EXPECT_EQ(answer.total, 4U);
  EXPECT_EQ(std::get<Ip>(answer.rows[0][0]).to_string(), "192.0.2.1");  // n = 1, 5, 9
  EXPECT_EQ(as_int(answer.rows[0][1]), 101 + 105 + 109);
  EXPECT_EQ(as_int(answer.rows[0][2]), 3);
  EXPECT_EQ(answer.columns[1].unit, "bytes");
}

// A range without files, and columns that are one constant in every file: the types must fit all the same.
TEST(Lake, SuggestsServicesWhereThereIsNothing) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  Query q;
  q.table = "flows";
  q.select = {{"app", expr::app()}};
  EXPECT_TRUE(ask(*lake, q).rows.empty());
  ASSERT_TRUE(ingest(*lake, flows(3)));
  EXPECT_EQ(as_string(ask(*lake, q).rows.at(0).at(0)), "https");
  q.time = {kStart + kYear, kAllTime.to};
  EXPECT_TRUE(ask(*lake, q).rows.empty());
}

// By host: each flow once with its source and once with its destination as key.
TEST(Lake, NestedQuestionsAddUp) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(10)));
  Query ends;
  ends.table = "flows";
  ends.select = {{"host", expr::column("src")}, {"volume", expr::volume_bytes()}};
  Query others = ends;
  others.select[0].expr = expr::column("dst");
  Query q;
  q.from = std::make_shared<const Query>(ends);
  q.from_also = {std::make_shared<const Query>(others)};
  q.group_by = {{"host", expr::column("host")}};
  q.measures = {{"bytes", Measure::Kind::kSum, expr::column("volume")}, {"flows", Measure::Kind::kCount, nullptr}};
  q.order_by = {{"bytes", true}};
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 5U);
  EXPECT_EQ(std::get<Ip>(answer.rows[0][0]).to_string(), "175.45.176.1");  // the destination of all
  EXPECT_EQ(as_int(answer.rows[0][1]), 10 * 100 + 45);
  EXPECT_EQ(as_int(answer.rows[0][2]), 10);
  EXPECT_EQ(as_int(answer.rows[1][1]), 101 + 105 + 109);
}

// Rows that are equal in what they are ordered by came in a different order from one run to the next.
TEST(Lake, RowsThatTieInTheOrderComeInOneOrder) {
  const TemporaryFolder folder;
  auto lake = open_lake(folder);
  ASSERT_NE(lake, nullptr);
  for (int file = 0; file < 3; ++file) {
    std::vector<Flow> some = flows(40);
    for (std::size_t i = 0; i < some.size(); ++i) {
      some[i].start_time = some[i].end_time = kStart.us;
      some[i].src_port = static_cast<std::uint16_t>(1000 + (i * 7 + static_cast<std::size_t>(file) * 13) % 100);
    }
    ASSERT_TRUE(ingest(*lake, some, "input-" + std::to_string(file)));
  }
  Query query;
  query.table = "flows";
  query.select = {{"start_time", expr::column("start_time")}, {"src_port", expr::column("src_port")}};
  query.order_by = {{"start_time", false}};
  const Answer answer = ask(*lake, query);
  ASSERT_EQ(answer.rows.size(), 120U);
  for (std::size_t i = 1; i < answer.rows.size(); ++i)
    EXPECT_LE(as_int(answer.rows[i - 1][1]), as_int(answer.rows[i][1])) << i;
}

// Files from before a column existed hold null for it, on both paths and after compaction. The direct path called them
// damaged.
TEST(Lake, ReadsFilesOfAnOlderSchema) {
  const TemporaryFolder folder;
  {
    auto lake = open_lake(folder);
    ASSERT_TRUE(ingest(*lake, flows(10), "a"));
    ASSERT_TRUE(ingest(*lake, flows(20), "b"));
  }
  {
    SqliteDatabase catalog;
    ASSERT_TRUE(catalog.open(folder.path() + "/catalog.sqlite", SqliteDatabase::Mode::kReadWrite));
    ASSERT_TRUE(
        catalog.execute("UPDATE files SET schema=1,"
                        "shape=replace(replace(replace(shape,' -dpi_category',''),' -dpi_risks',''),' -dpi','')"));
  }
  Query q;
  q.table = "flows";
  q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()},
                {"named", Measure::Kind::kSum, expr::column("dpi_risks")}};
  for (const bool direct : {true, false, true, false}) {
    LakeOptions options;
    options.direct_scan = direct;
    options.write = true;
    auto lake = Lake::open(folder.path(), options);
    ASSERT_TRUE(lake);
    const Answer answer = ask(**lake, q);
    ASSERT_EQ(answer.rows.size(), 1U);
    EXPECT_EQ(as_int(answer.rows[0][0]), 10 * 100 + 45 + 20 * 100 + 190);
    EXPECT_TRUE(is_null(answer.rows[0][1]));
    if (!direct) {
      ASSERT_TRUE((*lake)->compact());
    }
  }
}

// Three processes that read one file at the same time kept its rows three times.
TEST(Lake, SameContentFromTwoIngestsAtOnceIsKeptOnce) {
  const TemporaryFolder folder;
  auto lake = open_lake(folder);
  ASSERT_NE(lake, nullptr);
  InputIdentity input;
  input.name = "conn.log";
  input.bytes = 10;
  input.hash_hi = input.hash_lo = input.head_hash = 7;
  std::vector<std::unique_ptr<IngestTransaction>> both;
  for (int i = 0; i < 2; ++i) {
    auto transaction = lake->begin_ingest();
    ASSERT_TRUE(transaction);
    Emitter emitter(**transaction, input.name, "test", kStart);
    for (const Flow& flow : flows(10)) emitter.add(flow);
    ASSERT_TRUE(emitter.finish());
    both.push_back(std::move(*transaction));
  }
  EXPECT_TRUE(both[0]->commit(input, {}));
  const auto second = both[1]->commit(input, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  Query query;
  query.table = "flows";
  query.measures = {{"flows", Measure::Kind::kCount, nullptr}};
  EXPECT_EQ(as_int(ask(*lake, query).rows.at(0).at(0)), 10);
}

TEST(Lake, EmptyLakeAnswersWithNothing) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  Query q;
  q.table = "flows";
  q.measures = {{"flows", Measure::Kind::kCount, nullptr}};
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_EQ(as_int(answer.rows[0][0], -1), 0);
  q.group_by = {{"src", expr::column("src")}};
  EXPECT_TRUE(ask(*lake, q).rows.empty());
}

TEST(Lake, MixedShapesAnswerAsOne) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(10), "a"));
  std::vector<Flow> more = flows(4);
  for (Flow& flow : more) {
    flow.src = *Ip::parse("2001:db8::1");
    flow.rev_bytes = 1000;
    flow.sampling = 10;
    flow.app = "dns";
  }
  ASSERT_TRUE(ingest(*lake, more, "b"));
  Query q;
  q.table = "flows";
  q.group_by = {{"src", expr::column("src")}};
  q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  q.order_by = {{"bytes", true}};
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 5U);
  EXPECT_EQ(std::get<Ip>(answer.rows[0][0]).to_string(), "2001:db8::1");
  EXPECT_EQ(as_int(answer.rows[0][1]), 10 * (4 * 1000 + 100 + 101 + 102 + 103));
  EXPECT_EQ(std::get<Ip>(answer.rows[1][0]).to_string(), "192.0.2.1");
}

TEST(Lake, SqlRunsOneSelectAndNothingElse) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(10)));
  std::vector<std::vector<Value>> rows;
  const auto keep = [&rows](const Answer& piece) {
    rows.insert(rows.end(), piece.rows.begin(), piece.rows.end());
    return true;
  };
  const auto done = lake->sql("select src, count(*) from flows group by all order by src", keep);
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(as_string(rows[0][0]), "192.0.2.0");
  rows.clear();
  ASSERT_TRUE(lake->sql(
      "select end_time - start_time as d, [1, 2] as l, src_port from flows order by src_port limit 1;", keep));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(as_string(rows[0][0]), "00:00:30");
  EXPECT_EQ(as_string(rows[0][1]), "[1, 2]");
  EXPECT_EQ(as_int(rows[0][2]), 40'000);
  const auto wrong = lake->sql("select\n  nosuch from flows", keep);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("LINE 2"), std::string::npos);
  EXPECT_NE(wrong.error().message.find('^'), std::string::npos);
  EXPECT_TRUE(lake->sql("select source, format, code, count(*) from weird group by all", keep));
  for (const char* refused : {"",
                              "select 1; select 2",
                              "COPY (select 1) TO '/tmp/x'",
                              "attach '/tmp/x.db'",
                              "set threads=1",
                              "create table x(a int)",
                              "select * from read_csv('/etc/passwd')",
                              "select * from read_text('/etc/passwd')",
                              "install httpfs",
                              "select * from glob('/*')",
                              "drop view flows",
                              "explain select 1",
                              "selec 1",
                              "pragma version",
                              "call pragma_version()",
                              "select * from arrow_scan(1::UBIGINT, 2::UBIGINT, 3::UBIGINT)",
                              "select * from enable_logging(storage := 'file')",
                              "select * from '/etc/passwd'",
                              "select * from rw_feed(1)",
                              "with x as (select * from duckdb_settings()) select * from x",
                              "select * from parquet_metadata('/tmp/x.parquet')",
                              "select (select count(*) from query('select 1'))",
                              "select getenv('HOME')",
                              "select ?",
                              "use memory",
                              "checkpoint",
                              "insert into flows select * from flows",
                              "load 'x'",
                              "export database '/tmp/x'",
                              "vacuum"}) {
    const auto result = lake->sql(refused, keep);
    EXPECT_FALSE(result) << refused;
  }
}

TEST(Lake, DistinctIsExactWhileSmall) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(30'000)));
  Query q;
  q.table = "flows";
  Measure pairs{"pairs", Measure::Kind::kDistinct, nullptr};
  pairs.tuple = {expr::column("src"), expr::column("dst_port")};
  Measure exact{"exact", Measure::Kind::kDistinct, expr::column("src_port")};
  exact.exact = true;
  q.measures = {{"sources", Measure::Kind::kDistinct, expr::column("src")},
                pairs,
                exact,
                {"ports", Measure::Kind::kDistinct, expr::column("src_port")},
                {"apps", Measure::Kind::kDistinct, expr::column("app")}};
  const Answer answer = ask(*lake, q);
  EXPECT_EQ(as_int(answer.rows[0][0]), 4);
  EXPECT_EQ(as_int(answer.rows[0][1]), 4);  // the parity of n decides the port
  EXPECT_EQ(as_int(answer.rows[0][2]), 30'000);
  EXPECT_NEAR(as_double(answer.rows[0][3]), 30'000, 900);
  EXPECT_EQ(as_int(answer.rows[0][4]), 0);
}

TEST(Lake, SeveralNestedQuestionsAddUp) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(8)));
  const auto end_of = [](const char* column) {
    Query q;
    q.table = "flows";
    q.group_by = {{"address", expr::column(column)}};
    q.measures = {{"n", Measure::Kind::kCount, nullptr}};
    return std::make_shared<const Query>(q);
  };
  Query both;
  both.from = end_of("src");
  both.from_also = {end_of("dst")};
  both.group_by = {{"address", expr::column("address")}};
  both.measures = {{"n", Measure::Kind::kSum, expr::column("n")}};
  both.order_by = {{"n", true}};
  const Answer answer = ask(*lake, both);
  ASSERT_EQ(answer.rows.size(), 5U);
  EXPECT_EQ(std::get<Ip>(answer.rows[0][0]).to_string(), "175.45.176.1");
  EXPECT_EQ(as_int(answer.rows[0][1]), 8);
}

TEST(Lake, RowsBecomeVisibleAtCommitOnly) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  {
    auto transaction = lake->begin_ingest();
    ASSERT_TRUE(transaction);
    Emitter emitter(**transaction, "x", "test", kStart);
    for (const Flow& flow : flows(10)) emitter.add(flow);
    ASSERT_TRUE(emitter.finish());
    Query q;
    q.table = "flows";
    q.measures = {{"flows", Measure::Kind::kCount, nullptr}};
    EXPECT_EQ(as_int(ask(*lake, q).rows[0][0]), 0);
  }
  const auto info = lake->info();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->inputs, 0U);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/data"));
}

std::int64_t count_rows(Lake& lake, const std::string& table = "flows", const std::string& column = "") {
  Query q;
  q.table = table;
  q.measures = {{"n", column.empty() ? Measure::Kind::kCount : Measure::Kind::kSum,
                 column.empty() ? nullptr : expr::column(column)}};
  const Answer answer = ask(lake, q);
  return answer.rows.empty() ? -1 : as_int(answer.rows[0][0], 0);
}

TEST(Lake, CompactionKeepsEveryRowAndFoldsFiles) {
  const TemporaryFolder folder;
  LakeOptions options;
  options.create = options.write = true;
  options.unlink_after = Duration{0};
  const auto lake = std::move(*Lake::open(folder.path(), options));
  std::int64_t bytes = 0;
  for (int i = 0; i < 70; ++i) {
    std::vector<Flow> some = flows(5);
    if (i == 3) some[0].src = *Ip::parse("2001:db8::7");
    if (i == 4) some[0].sampling = 100;
    if (i == 5) some[0].app = "irc";
    for (Flow& flow : some) bytes += flow.bytes;
    ASSERT_TRUE(ingest(*lake, some, std::to_string(i)));
  }
  const auto report = lake->compact();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->files_before, 70U);
  EXPECT_EQ(report->files_after, 1U);
  EXPECT_EQ(report->rows, 350U);
  EXPECT_EQ(report->unlinked, 70U);
  EXPECT_EQ(count_rows(*lake), 350);
  EXPECT_EQ(count_rows(*lake, "flows", "bytes"), bytes);
  Query q;
  q.table = "flows";
  q.where = expr::eq(expr::column("src"), expr::literal(*Ip::parse("2001:db8::7")));
  q.select = {{"src", expr::column("src")}, {"app", expr::column("app")}, {"sampling", expr::column("sampling")}};
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_TRUE(is_null(answer.rows[0][1]));
  EXPECT_EQ(as_int(answer.rows[0][2]), 1);
  q.where = expr::eq(expr::column("app"), expr::text("irc"));
  EXPECT_EQ(ask(*lake, q).rows.size(), 1U);
}

TEST(Lake, SmallFilesAreMergedOnceThereAreMany) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  int begun = 0;
  const auto begins = [&begun] { ++begun; };
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(ingest(*lake, flows(5), std::to_string(i)));
  auto report = lake->merge_small_files(kHour, begins);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->files_before, 0U);
  EXPECT_EQ(begun, 0);
  ASSERT_TRUE(ingest(*lake, flows(5), "64"));
  report = lake->merge_small_files(Duration{0}, begins);  // no time
  ASSERT_TRUE(report);
  EXPECT_EQ(report->files_before, 0U);
  report = lake->merge_small_files(kHour, begins);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->files_before, 65U);
  EXPECT_EQ(report->files_after, 1U);
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(count_rows(*lake), 65 * 5);
  EXPECT_EQ(lake->info()->tables.at(0).files, 1U);
}

TEST(Lake, DamagedFilesDoNotKeepOthersFromBeingMerged) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  for (int i = 0; i < 65; ++i) ASSERT_TRUE(ingest(*lake, flows(5), std::to_string(i)));
  const std::string damaged = folder.path() + "/data/flows/2019-04-23";
  const std::string path = std::filesystem::directory_iterator(damaged)->path().string();
  std::filesystem::resize_file(path, 100);
  std::vector<Flow> later = flows(5);
  for (Flow& flow : later) flow.start_time = flow.end_time = flow.start_time + 2 * kDay.us;
  for (int i = 0; i < 65; ++i) ASSERT_TRUE(ingest(*lake, later, "later-" + std::to_string(i)));
  const auto report = lake->merge_small_files(kHour, nullptr);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(report.error().message.find(path), std::string::npos) << report.error().message;
  EXPECT_EQ(lake->info()->tables.at(0).files, 65U + 1U);
}

TEST(Lake, AgainReplacesRowsInCompactedFilesToo) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  for (int i = 0; i < 66; ++i) ASSERT_TRUE(ingest(*lake, flows(5), std::to_string(i)));
  ASSERT_TRUE(lake->compact());
  const auto known = lake->known_inputs(std::hash<std::string>{}("7"), 100);
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), 1U);
  ASSERT_TRUE(ingest(*lake, flows(2), "7", {known->front().ingest}));
  EXPECT_EQ(count_rows(*lake), 65 * 5 + 2);
  const auto again = lake->known_inputs(std::hash<std::string>{}("7"), 100);
  ASSERT_EQ(again->size(), 1U);
  EXPECT_NE(again->front().ingest, known->front().ingest);
}

TEST(Lake, ReplacedRowsNoLongerObserveTheirHours) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  std::vector<Flow> wrong = flows(1);
  wrong[0].start_time += kDay.us;
  wrong[0].end_time += kDay.us;
  ASSERT_TRUE(ingest(*lake, wrong, "clock"));
  ASSERT_TRUE(ingest(*lake, flows(1), "fine"));
  EXPECT_EQ(lake->observed_hours(kAllTime)->size(), 2U);
  ASSERT_TRUE(
      ingest(*lake, flows(1), "clock", {lake->known_inputs(std::hash<std::string>{}("clock"), 9)->front().ingest}));
  const auto hours = lake->observed_hours(kAllTime);
  ASSERT_EQ(hours->size(), 1U);
  EXPECT_EQ(hours->front().hour.to_string(), "2019-04-23T06:00:00Z");
  EXPECT_EQ(hours->front().sensor, "border-1");
}

TEST(Lake, DropKeepsFirstSightings) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(100), "a"));
  std::vector<Flow> later = flows(4);
  for (Flow& flow : later) {
    flow.start_time += 2 * kDay.us;
    flow.end_time += 2 * kDay.us;
  }
  ASSERT_TRUE(ingest(*lake, later, "b"));
  const auto first = lake->drop(kStart + Duration::seconds(50));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->rows, 50U);
  EXPECT_EQ(count_rows(*lake), 54);
  const auto second = lake->drop(kStart + kDay);
  ASSERT_TRUE(second);
  EXPECT_EQ(count_rows(*lake), 4);
  Query q;
  q.table = "seen";
  q.select = {{"kind", expr::column("kind")},
              {"entity", expr::column("entity")},
              {"first", expr::column("first_time")},
              {"last", expr::column("last_time")}};
  q.order_by = {{"entity", false}};
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 4U);
  EXPECT_EQ(as_string(answer.rows[0][0]), "sent");
  EXPECT_EQ(std::get<Ip>(answer.rows[0][1]).to_string(), "192.0.2.0");
  EXPECT_EQ(std::get<Timestamp>(answer.rows[1][2]).us, kStart.us + 1'000'000);
  EXPECT_EQ(std::get<Timestamp>(answer.rows[1][3]).us, kStart.us + 97'000'000);
  EXPECT_EQ(lake->observed_hours(kAllTime)->size(), 1U);
}

TEST(Lake, SpreadIsExact) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  std::vector<Flow> two = flows(2);
  two[0].start_time = kStart.us + 5'000'000;
  two[0].end_time = kStart.us + 45'000'000;
  two[0].bytes = 4000;
  two[1].start_time = two[1].end_time = kStart.us + 12'000'000;
  two[1].bytes = 7;
  ASSERT_TRUE(ingest(*lake, two));
  Query q;
  q.table = "flows";
  q.spread = Spread{};
  q.spread->value = expr::volume_bytes();
  q.order_by = {{"bucket", false}};
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 5U);
  const double expected[] = {500, 1007, 1000, 1000, 500};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(as_double(answer.rows[i][1]), expected[i], 1e-6) << i;
  EXPECT_EQ(std::get<Timestamp>(answer.rows[2][0]).us, kStart.us + 20'000'000);
}

}  // namespace
}  // namespace rw
