// Lake files cut off at every byte and with bits turned over: the right answer or a failure that names the file, and
// nothing else.
#include "lake/damage.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "lake/files.h"
#include "lake/lake_testing.h"

// DuckDB's own copy of Brotli keeps its memory when a page that never was Brotli fails to decompress.
extern "C" const char* __lsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions() { return "leak:duckdb_brotli"; }

namespace rw {
namespace {

constexpr std::uint32_t kRows = 60;

std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A new file each time (to overwrite one waits for the disk), of another time each time: DuckDB keeps what it read.
void put(const std::string& path, std::string_view contents) {
  static std::filesystem::file_time_type time = std::filesystem::file_time_type::clock::now();
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << contents;
  std::filesystem::last_write_time(path, time += std::chrono::seconds(1));
}

// Rows with everything that has a form of its own in a file: both families of addresses, nulls, narrow counters, spans.
std::vector<Flow> varied_flows() {
  std::vector<Flow> all = flows(kRows);
  for (std::size_t i = 0; i < all.size(); i += 3) {
    all[i].dst = *Ip::parse("2001:db8::" + std::to_string(i + 1));
    all[i].rev_bytes = 1'000'000 * static_cast<std::int64_t>(i + 1);
    all[i].rev_packets = 3;
    all[i].app = "dns";
  }
  return all;
}

// One lake with one file of flows, which the tests damage in place.
class Damage : public testing::Test {
 protected:
  void SetUp() override {
    lake_ = open_lake(folder_);
    ASSERT_NE(lake_, nullptr);
    ASSERT_TRUE(ingest(*lake_, varied_flows()));
    const std::vector<std::string> files = list_files(folder_.path() + "/data");
    ASSERT_EQ(files.size(), 1U);
    path_ = folder_.path() + "/data/" + files.front();
    whole_ = contents_of(path_);
    ASSERT_GT(whole_.size(), 500U);
    // Two ways to the rows: filters, keys and sums over every kind of column, and rows one by one.
    grouped_.table = "flows";
    grouped_.where = expr::eq(expr::column("sampling"), expr::literal(std::int64_t{1}));
    grouped_.group_by = {{"dst", expr::column("dst")}, {"port", expr::column("dst_port")}};
    grouped_.measures = {{"flows", Measure::Kind::kCount, nullptr},
                         {"bytes", Measure::Kind::kSum, expr::volume_bytes()},
                         {"last", Measure::Kind::kMax, expr::column("end_time")}};
    grouped_.order_by = {{"dst", false}, {"port", false}};
    const Answer answer = ask(*lake_, grouped_);
    right_ = answer.rows;
    ASSERT_GT(right_.size(), 20U);
  }

  // A failure must say which file and what to do, and be no failure of the person who asked.
  void expect_clean(const Error& error, std::size_t at) const {
    EXPECT_EQ(error.code, ErrorCode::kCorrupt) << "byte " << at << ": " << error.message;
    EXPECT_NE(error.message.find(path_), std::string::npos) << "byte " << at << ": " << error.message;
    EXPECT_NE(error.message.find("rangewatch ingest --again"), std::string::npos) << error.message;
  }

  const TemporaryFolder folder_;
  std::unique_ptr<Lake> lake_;
  std::string path_;
  std::string whole_;
  Query grouped_;
  std::vector<std::vector<Value>> right_;
};

TEST_F(Damage, CutOffAtEveryByte) {
  for (std::size_t length = 0; length < whole_.size(); ++length) {
    put(path_, std::string_view(whole_).substr(0, length));
    const auto answer = lake_->run(grouped_);
    ASSERT_FALSE(answer) << length;
    expect_clean(answer.error(), length);
    if (HasFailure()) break;
  }
  put(path_, whole_);
  EXPECT_EQ(ask(*lake_, grouped_).rows, right_);
}

// Pages carry no checksums, so that a value may change unnoticed; but no row is lost or made, and nothing else breaks.
TEST_F(Damage, EveryByteTurnedOver) {
  std::size_t noticed = 0;
  std::size_t right = 0;
  for (std::size_t at = 0; at < whole_.size(); ++at) {
    for (const unsigned bits : {0xFFU, 1U << (at % 8), 0x80U >> (at % 7)}) {
      std::string damaged = whole_;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ bits);
      put(path_, damaged);
      const auto answer = lake_->run(grouped_);
      if (!answer) {
        expect_clean(answer.error(), at);
        ++noticed;
      } else if (answer->rows == right_) {
        ++right;
      } else {
        std::int64_t rows = 0;
        for (const auto& row : answer->rows) rows += as_int(row[2]);
        EXPECT_LE(rows, kRows) << at;
      }
    }
    if (HasFailure()) break;
  }
  RecordProperty("noticed", static_cast<int>(noticed));
  RecordProperty("right", static_cast<int>(right));
  RecordProperty("all", static_cast<int>(3 * whole_.size()));
  EXPECT_GT(noticed, whole_.size() / 4);
  EXPECT_GT(right, whole_.size() / 4);  // of columns that the question does not read
}

TEST_F(Damage, RowsOneByOneFromDamagedFiles) {
  Query query;
  query.table = "flows";
  for (const char* column : {"start_time", "end_time", "src", "dst", "src_port", "bytes", "rev_bytes", "tcp_flags"})
    query.select.push_back({column, expr::column(column)});
  const auto write = [](const Piece& piece, std::string& text) { text += std::to_string(piece.rows) + "\n"; };
  for (std::size_t at = 0; at < whole_.size(); ++at) {
    std::string damaged = whole_;
    damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (0x10U | 1U << (at % 8)));
    put(path_, damaged);
    std::string text;
    const auto done = lake_->stream_text(query, write, [&text](std::string_view piece) {
      text += piece;
      return true;
    });
    if (!done)
      expect_clean(done.error(), at);
    else
      EXPECT_EQ(text, std::to_string(kRows) + "\n") << at;
    if (HasFailure()) break;
  }
}

// The same through DuckDB, whose own messages name no file and look like bugs.
TEST_F(Damage, FailuresOfDuckDbNameTheFileToo) {
  LakeOptions options;
  options.direct_scan = false;
  Query names;
  names.table = "flows";
  names.group_by = {{"app", expr::column("app")}};
  names.measures = {{"flows", Measure::Kind::kCount, nullptr}};
  const auto try_all = [&](std::size_t at) {
    auto lake = Lake::open(folder_.path(), options);  // its engine keeps what it read of a file
    ASSERT_TRUE(lake);
    for (const Query* query : {&grouped_, &names})
      if (const auto answer = (*lake)->run(*query); !answer) expect_clean(answer.error(), at);
    if (const auto done =
            (*lake)->sql("select app, sum(bytes) from flows group by all", [](const Answer&) { return true; });
        !done)
      expect_clean(done.error(), at);
  };
  for (std::size_t at = 0; at < whole_.size() && !HasFailure(); at += whole_.size() / 40) {
    put(path_, std::string_view(whole_).substr(0, at));
    try_all(at);
    std::string damaged = whole_;
    damaged[at] = static_cast<char>(~damaged[at]);
    put(path_, damaged);
    try_all(at);
  }
  std::filesystem::remove(path_);
  try_all(0);
  const auto answer = (*Lake::open(folder_.path(), options))->run(names);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("it is gone"), std::string::npos) << answer.error().message;
}

// What the messages say to do: it helps where the file holds rows of no other input.
TEST_F(Damage, TakingTheInputAnewMends) {
  put(path_, std::string_view(whole_).substr(0, whole_.size() / 2));
  const auto known = lake_->known_inputs(std::hash<std::string>{}("input"), kRows);
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), 1U);
  const auto done = ingest(*lake_, varied_flows(), "input", {known->front().ingest});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(ask(*lake_, grouped_).rows, right_);
}

TEST_F(Damage, WrongQuestionsAreNotBlamedOnFiles) {
  const auto wrong =
      lake_->sql("select cast(app as integer) from flows where app is not null", [](const Answer&) { return true; });
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kUsage) << wrong.error().message;
}

}  // namespace
}  // namespace rw
