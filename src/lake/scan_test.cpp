// Questions about part of a row group, and about the first of many groups: the direct path against DuckDB's.
#include "lake/scan.h"

#include <gtest/gtest.h>

#include <thread>

#include "lake/lake_testing.h"
#include "lake/pages.h"

namespace rw {
namespace {

constexpr std::uint32_t kRows = 120'000;    // more than two row groups
constexpr std::int64_t kStep_us = 350'000;  // eleven and a half hours of them
constexpr std::int64_t kSpan_us = kRows * kStep_us;

// Values that lie in every encoding: few different ones, many, runs of one, and some that are not there.
Flow varied(std::uint32_t n) {
  Flow flow = flow_of(n);
  flow.start_time = kStart.us + n * kStep_us;
  flow.end_time = flow.start_time + n % 7 * 1'000'000;
  flow.src = Ip::v4(0xC0000000 + n * 2'654'435'761U % 90'000);
  flow.dst = n % 5 == 0 ? Ip{0x2001'0DB8'0000'0000ULL, n} : Ip::v4(0xAF2DB000 + n % 9);
  flow.dst_port = static_cast<std::uint16_t>(n / 30'000);
  flow.bytes = 40 + n * 7'919LL % 100'003;
  if (n % 3 == 0) flow.rev_bytes = n % 11, flow.rev_packets = 1;
  return flow;
}

class ScanRanges : public testing::Test {
 protected:
  void SetUp() override {
    lake_ = open_lake(folder_);
    std::vector<Flow> all;
    for (std::uint32_t n = 0; n < kRows; ++n) all.push_back(varied(n));
    ASSERT_TRUE(ingest(*lake_, all));
    LakeOptions options;
    options.direct_scan = false;
    auto other = Lake::open(folder_.path(), options);
    ASSERT_TRUE(other);
    duckdb_ = std::move(*other);
  }
  void same(const Query& query) {
    const Answer mine = ask(*lake_, query);
    const Answer theirs = ask(*duckdb_, query);
    ASSERT_EQ(mine.rows.size(), theirs.rows.size());
    for (std::size_t i = 0; i < mine.rows.size(); ++i) EXPECT_EQ(mine.rows[i], theirs.rows[i]) << "row " << i;
  }
  static Query talkers(std::int64_t from_us, std::int64_t to_us) {
    Query q;
    q.table = "flows";
    q.time = {{kStart.us + from_us}, {kStart.us + to_us}};
    q.group_by = {{"src", expr::column("src")}};
    q.measures = {{"flows", Measure::Kind::kCount},
                  {"bytes", Measure::Kind::kSum, expr::volume_bytes()},
                  {"back", Measure::Kind::kSum, expr::column("rev_bytes")}};
    q.order_by = {{"bytes", true}};
    q.limit = 10;
    return q;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<Lake> duckdb_;
};

TEST_F(ScanRanges, EveryPartOfARowGroup) {
  // Within an hour, around the ends of hours, of row groups and of blocks; one row, none, and all.
  for (const std::int64_t from : {-5L, 0L, 1L, 715'000'001L, 2 * kHour.us - 1, 6 * kHour.us, kSpan_us - 1})
    for (const std::int64_t length : {1L, kStep_us, 60'000'000L, kHour.us, kHour.us + 1, 5 * kHour.us, 2 * kSpan_us})
      same(talkers(from, from + length));
}

TEST_F(ScanRanges, WithAFilterAndKeysOfSeveralWords) {
  Query q = talkers(3 * kHour.us + 17, 4 * kHour.us + 30'000'000);
  q.where = expr::eq(expr::column("proto"), expr::number(6));
  q.group_by = {{"dst", expr::column("dst")}, {"dst_port", expr::column("dst_port")}};
  same(q);
  q.limit = 0;
  same(q);
}

// Only candidates are put in order where few of many groups are asked for: ties and groups without a value included.
TEST_F(ScanRanges, TheFirstOfManyGroups) {
  for (const char* by : {"bytes", "flows", "back"})
    for (const bool descending : {true, false})
      for (const std::uint64_t limit : {1, 10, 3000}) {
        Query q = talkers(0, kSpan_us);
        q.order_by = {{by, descending}};
        q.limit = limit;
        same(q);
      }
}

TEST(Pages, PiecesDoNotOverlapAndAreUsedAgain) {
  struct Piece {
    unsigned char* at;
    std::size_t size;
  };
  const auto use = [](unsigned char mark) {
    std::vector<Piece> pieces;
    for (int round = 0; round < 200; ++round) {
      const std::size_t size = (64U << 10) * (1 + round % 40) + static_cast<std::size_t>(round % 3);
      auto* const at = static_cast<unsigned char*>(take_pages(size));
      ASSERT_NE(at, nullptr);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(at) % 64, 0U);
      at[0] = at[size / 2] = at[size - 1] = mark;
      pieces.push_back({at, size});
      if (round % 4 != 3) continue;
      const Piece gone = pieces[static_cast<std::size_t>(round / 8)];
      EXPECT_EQ(gone.at[0], mark);
      EXPECT_EQ(gone.at[gone.size / 2], mark);
      EXPECT_EQ(gone.at[gone.size - 1], mark);
      pieces.erase(pieces.begin() + round / 8);
      give_pages(gone.at, gone.size);
    }
    for (const Piece& piece : pieces) give_pages(piece.at, piece.size);
  };
  std::vector<std::thread> threads;
  for (unsigned char mark = 1; mark <= 4; ++mark) threads.emplace_back(use, mark);
  for (std::thread& thread : threads) thread.join();
  void* const first = take_pages(128 << 10);
  give_pages(first, 128 << 10);
  void* const again = take_pages(128 << 10);
  EXPECT_EQ(first, again);
  give_pages(again, 128 << 10);
}

}  // namespace
}  // namespace rw
