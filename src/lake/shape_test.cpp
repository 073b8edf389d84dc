// What files leave out, and the words that say so in the catalog.
#include "lake/shape.h"

#include <gtest/gtest.h>

#include "lake/lake_testing.h"

namespace rw {
namespace {

using Form = StoredColumn::Form;

const TableSpec& flows_table() { return *find_table("flows"); }

StoredColumn stored(const Shape& shape, std::string_view column) {
  return shape.at(static_cast<std::size_t>(find_column(flows_table(), column)));
}

Shape shape_of_flows(const std::vector<Flow>& all) { return shape_of(batch_of<Flow>(all)); }

bool has_word(const std::string& text, const std::string& word) {
  return (" " + text + " ").find(" " + word + " ") != std::string::npos;
}

TEST(Shape, LeavesOutWhatAllRowsShare) {
  const Shape shape = shape_of_flows(flows(10));
  EXPECT_EQ(stored(shape, "src_hi").form, Form::kV4High);
  EXPECT_EQ(stored(shape, "src_lo").form, Form::kV4Low);
  EXPECT_EQ(stored(shape, "bytes").form, Form::kNarrow);
  EXPECT_EQ(stored(shape, "end_time").form, Form::kSpan);
  EXPECT_EQ(stored(shape, "sampling").form, Form::kConstant);
  EXPECT_EQ(stored(shape, "sampling").constant, 1U);
  EXPECT_EQ(stored(shape, "rev_bytes").form, Form::kNull);
  EXPECT_EQ(stored(shape, "app").form, Form::kNull);
  EXPECT_EQ(stored(shape, "start_time").form, Form::kPlain);
  EXPECT_EQ(stored(shape, "src_port").form, Form::kPlain);
}

// One row that does not fit is enough.
TEST(Shape, KeepsColumnsWithOneExceptionWhole) {
  std::vector<Flow> all = flows(10);
  all[3].src = *Ip::parse("2001:db8::1");
  all[4].bytes = std::int64_t{UINT32_MAX} + 1;
  all[5].end_time = all[5].start_time + std::int64_t{UINT32_MAX} + 1;
  all[6].sampling = 2;
  all[7].app = "irc";
  const Shape shape = shape_of_flows(all);
  for (const char* column : {"src_hi", "src_lo", "bytes", "end_time", "sampling", "app"})
    EXPECT_EQ(stored(shape, column).form, Form::kPlain) << column;
  EXPECT_EQ(stored(shape, "dst_lo").form, Form::kV4Low);
}

TEST(Shape, LimitsAreInside) {
  std::vector<Flow> all = flows(2);
  all[0].bytes = UINT32_MAX;
  all[1].end_time = all[1].start_time + UINT32_MAX;
  all[0].dst = Ip::v4(0);
  all[1].dst = Ip::v4(UINT32_MAX);
  const Shape shape = shape_of_flows(all);
  EXPECT_EQ(stored(shape, "bytes").form, Form::kNarrow);
  EXPECT_EQ(stored(shape, "end_time").form, Form::kSpan);
  EXPECT_EQ(stored(shape, "dst_lo").form, Form::kV4Low);
}

TEST(Shape, TextAndBack) {
  std::vector<Flow> all = flows(10);
  for (Flow& flow : all) flow.sampling = 4'000'000'000;
  all[0].dst = *Ip::parse("::1");
  const Shape shape = shape_of_flows(all);
  const std::string text = shape_text(flows_table(), shape);
  for (const char* word : {"src=4", "bytes=u32", "end_time=span", "sampling=4000000000", "-app"})
    EXPECT_TRUE(has_word(text, word)) << word << " in " << text;
  EXPECT_FALSE(has_word(text, "dst=4")) << text;
  const Shape back = parse_shape(flows_table(), text);
  ASSERT_EQ(back.size(), shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    EXPECT_EQ(back[i].form, shape[i].form) << flows_table().columns[i].name;
    EXPECT_EQ(back[i].constant, shape[i].constant) << flows_table().columns[i].name;
  }
}

TEST(Shape, WordsOfOtherVersionsAreIgnored) {
  const Shape shape = parse_shape(flows_table(), "-no_such_column  nothing=4 = - src=4 word bytes=u32 ");
  EXPECT_EQ(stored(shape, "src_lo").form, Form::kV4Low);
  EXPECT_EQ(stored(shape, "src_hi").form, Form::kV4High);
  EXPECT_EQ(stored(shape, "bytes").form, Form::kNarrow);
  std::size_t plain = 0;
  for (const StoredColumn& column : shape) plain += column.form == Form::kPlain ? 1 : 0;
  EXPECT_EQ(plain, shape.size() - 3);
}

TEST(Shape, NamesInFiles) {
  const auto low = static_cast<std::size_t>(find_column(flows_table(), "src_lo"));
  EXPECT_EQ(stored_name(flows_table(), low, {Form::kPlain, 0}), "src_lo");
  EXPECT_EQ(stored_name(flows_table(), low, {Form::kV4Low, 0}), "src_v4");
  EXPECT_EQ(stored_name(flows_table(), low - 1, {Form::kV4High, 0}), "");
  EXPECT_EQ(stored_name(flows_table(), low, {Form::kNull, 0}), "");
  const auto end = static_cast<std::size_t>(find_column(flows_table(), "end_time"));
  EXPECT_EQ(stored_name(flows_table(), end, {Form::kSpan, 0}), "duration_us");
  EXPECT_EQ(address_name(flows_table(), low), "src");
  EXPECT_EQ(address_name(flows_table(), low - 1), "");
  EXPECT_EQ(address_name(flows_table(), 0), "");
}

}  // namespace
}  // namespace rw
