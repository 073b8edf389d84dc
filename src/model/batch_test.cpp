// Columns keep what was put into them, whatever mix of values and nulls comes and however it comes.
#include "model/batch.h"

#include <gtest/gtest.h>

#include <random>

namespace rw {
namespace {

constexpr Column kNumber{"n", ColumnType::kU32, true, "", ""};
constexpr Column kWords{"w", ColumnType::kText, true, "", ""};

TEST(ColumnBuffer, IsZeroWhereItIsNullThroughout) {
  ColumnBuffer column(kNumber);
  for (int i = 0; i < 5'000; ++i) column.put_null();
  EXPECT_EQ(column.null_count(), 5'000u);
  EXPECT_EQ(column.memory_bytes(), 0u);
  EXPECT_TRUE(column.is_null(4'999));
  for (int i = 0; i < 5'000; ++i) ASSERT_EQ(column.values<std::uint32_t>()[i], 0u);
  column.put<std::uint32_t>(7);  // reading the zeros must not have spoilt the nulls
  EXPECT_TRUE(column.is_null(4'999));
  EXPECT_FALSE(column.is_null(5'000));
  EXPECT_EQ(column.values<std::uint32_t>()[5'000], 7u);
}

// The same random rows one by one, in runs, and as remembered.
TEST(ColumnBuffer, RemembersAnyMixOfValuesAndNulls) {
  std::mt19937 random(1);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::optional<std::uint32_t>> rows(1 + random() % 5'000);
    const unsigned density = random() % 3;  // mostly null, mixed, mostly there
    for (auto& row : rows)
      if (random() % 100 < (density == 0 ? 1u : density == 1 ? 50u : 99u)) row = random();
    const std::size_t quiet = random() % (rows.size() + 1);  // nothing, or nothing but values, at first
    for (std::size_t i = 0; i < quiet; ++i) rows[i] = round % 2 ? std::optional<std::uint32_t>(i) : std::nullopt;

    ColumnBuffer single(kNumber), runs(kNumber);
    for (const auto& row : rows) row ? single.put(*row) : single.put_null();
    for (std::size_t at = 0; at < rows.size();) {
      const std::size_t count = std::min<std::size_t>(1 + random() % 64, rows.size() - at);
      runs.put_all_nullable<std::uint32_t>(
          count, [&](std::size_t i) -> const auto& { return rows[at + i]; });
      at += count;
    }
    ASSERT_EQ(single.rows(), rows.size());
    ASSERT_EQ(runs.rows(), rows.size());
    ASSERT_EQ(single.null_count(), runs.null_count());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(single.is_null(i), !rows[i].has_value()) << i << " in round " << round;
      ASSERT_EQ(runs.is_null(i), !rows[i].has_value()) << i << " in round " << round;
      ASSERT_EQ(single.values<std::uint32_t>()[i], rows[i].value_or(0));
      ASSERT_EQ(runs.values<std::uint32_t>()[i], rows[i].value_or(0));
    }
  }
}

TEST(ColumnBuffer, KeepsTextApartFromNulls) {
  ColumnBuffer column(kWords);
  column.put_null();
  column.put_text("one");
  column.put_null();
  column.put_text("");
  column.put_text("two");
  column.put_null();
  EXPECT_TRUE(column.is_null(0));
  EXPECT_EQ(column.text(1), "one");
  EXPECT_TRUE(column.is_null(2));
  EXPECT_FALSE(column.is_null(3));
  EXPECT_EQ(column.text(3), "");
  EXPECT_EQ(column.text(4), "two");
  EXPECT_TRUE(column.is_null(5));
  EXPECT_EQ(column.null_count(), 3u);
}

TEST(Batch, AppendsManyRowsAsOneByOne) {
  std::vector<Flow> rows(3'000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].start_time = static_cast<std::int64_t>(i);
    rows[i].src = Ip::v4(static_cast<std::uint32_t>(i));
    rows[i].bytes = static_cast<std::int64_t>(i * 3);
    rows[i].sensor = i % 7 ? "a" : "b";
    if (i % 5 == 0) rows[i].rev_bytes = static_cast<std::int64_t>(i);
    if (i % 11 == 0) rows[i].server_name = "example.org";
  }
  Batch at_once(kFlowTable), single(kFlowTable);
  at_once.reserve(10'000);
  at_once.append(rows);
  for (const Flow& row : rows) single.append(row);
  ASSERT_EQ(at_once.rows(), rows.size());
  ASSERT_EQ(single.rows(), rows.size());
  EXPECT_EQ(at_once.memory_bytes(), single.memory_bytes());
  for (std::size_t c = 0; c < single.column_count(); ++c) {
    const ColumnBuffer &a = at_once.column(c), &b = single.column(c);
    ASSERT_EQ(a.null_count(), b.null_count()) << a.column().name;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(a.is_null(i), b.is_null(i)) << a.column().name;
      const ColumnType type = a.column().type;
      if (type == ColumnType::kSymbol || type == ColumnType::kText) {
        ASSERT_EQ(a.text(i), b.text(i));
      } else if (type == ColumnType::kTime || type == ColumnType::kI64) {
        ASSERT_EQ(a.values<std::int64_t>()[i], b.values<std::int64_t>()[i]) << a.column().name;
      }
    }
  }
  const int rev_bytes = find_column(kFlowTable, "rev_bytes");
  EXPECT_EQ(single.column(static_cast<std::size_t>(rev_bytes)).null_count(), 2'400u);
}

}  // namespace
}  // namespace rw
