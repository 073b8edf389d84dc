// One answer in every format: the same columns, exact values for programs, readable ones for people.
#include "report/answer_writer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rw {
namespace {

Answer sample() {
  Answer answer;
  answer.columns = {
      {"time", "", false}, {"src", "", false}, {"name", "", false}, {"bytes", "bytes", true}, {"share", "", true}};
  answer.rows = {
      {Timestamp{1'555'988'400'123'456}, Ip::v4(0xC0000201), std::string("a,\"b\""), std::int64_t{1'234'567'890}, 0.25},
      {Timestamp{1'555'988'400'000'000}, Ip::v4(0xC0000202), Null{}, Null{}, 3.0}};
  return answer;
}

std::string written(AnswerWriterOptions options, const Answer& answer,
                    std::optional<std::uint64_t> total = std::nullopt) {
  std::string out;
  AnswerWriter writer(options, [&](std::string_view text) { return out += text, true; });
  writer.begin(answer.columns);
  writer.add(answer);
  writer.finish(total);
  return out;
}

TEST(AnswerWriter, Csv) {
  EXPECT_EQ(written({ListingFormat::kCsv}, sample()),
            "time,src,name,bytes,share\n"
            "2019-04-23T03:00:00.123456Z,192.0.2.1,\"a,\"\"b\"\"\",1234567890,0.25\n"
            "2019-04-23T03:00:00Z,192.0.2.2,,,3\n");
}

TEST(AnswerWriter, JsonIsOneDocument) {
  EXPECT_EQ(
      written({ListingFormat::kJson}, sample(), 1204),
      "{\"items\": [\n"
      "{\"time\": \"2019-04-23T03:00:00.123456Z\", \"src\": \"192.0.2.1\", \"name\": \"a,\\\"b\\\"\", \"bytes\": "
      "1234567890, "
      "\"share\": 0.25},\n"
      "{\"time\": \"2019-04-23T03:00:00Z\", \"src\": \"192.0.2.2\", \"name\": null, \"bytes\": null, \"share\": 3}\n"
      "], \"total\": 1204}\n");
  Answer empty = sample();
  empty.rows.clear();
  EXPECT_EQ(written({ListingFormat::kJson}, empty), "{\"items\": [], \"total\": 0}\n");
}

TEST(AnswerWriter, Ndjson) {
  const std::string out = written({ListingFormat::kNdjson}, sample());
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
  EXPECT_TRUE(out.starts_with("{\"time\": "));
}

TEST(AnswerWriter, TableIsAlignedAndSaysWhenItIsCut) {
  EXPECT_EQ(written({ListingFormat::kTable}, sample(), 1204),
            "time                      src        name    bytes  share\n"
            "2019-04-23T03:00:00.123Z  192.0.2.1  a,\"b\"  1.2 GB   0.25\n"
            "2019-04-23T03:00:00Z      192.0.2.2  -           -      3\n"
            "2 of 1,204\n");
}

TEST(AnswerWriter, TableMeasuresWideCharacters) {
  Answer answer;
  answer.columns = {{"name", "", false}, {"n", "", true}};
  answer.rows = {{std::string("東京"), std::int64_t{1}}, {std::string("ab"), std::int64_t{10}}};
  EXPECT_EQ(written({ListingFormat::kTable}, answer), "name   n\n東京   1\nab    10\n");
}

TEST(AnswerWriter, TableFitsTheTerminal) {
  Answer answer;
  answer.columns = {{"name", "", false}, {"n", "", true}};
  answer.rows = {{std::string(100, 'x'), std::int64_t{1}}};
  const std::string out = written({ListingFormat::kTable, false, 30}, answer);
  EXPECT_EQ(out, "name                         n\n" + std::string(26, 'x') + "…  1\n");
}

TEST(AnswerWriter, NoControlCharacterReachesATerminal) {
  Answer answer;
  answer.columns = {{"name", "", false}};
  answer.rows = {{std::string("a\x1b[31mb\xC2\x9B")}, {std::string("\xFFx")}, {std::string("\xE2\x80\xAEx")}};
  EXPECT_EQ(written({ListingFormat::kTable}, answer), "name\na\\027[31mb\\194\\155\n\\255x\n\\226\\128\\174x\n");
  EXPECT_EQ(written({ListingFormat::kCsv}, answer), "name\na\\027[31mb\\194\\155\n\\255x\n\\226\\128\\174x\n");
  EXPECT_EQ(written({ListingFormat::kNdjson}, answer),
            "{\"name\": \"a\\u001b[31mb\\u009b\"}\n{\"name\": \"\xEF\xBF\xBDx\"}\n{\"name\": \"\\u202ex\"}\n");
}

TEST(AnswerWriter, StopsWhenNobodyReads) {
  int calls = 0;
  AnswerWriter writer({ListingFormat::kCsv}, [&](std::string_view) { return ++calls < 2; });
  writer.begin(sample().columns);
  int added = 0;
  while (added < 100'000 && writer.add(sample())) ++added;
  EXPECT_LT(added, 1000);  // lines are gathered, but not for long
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(writer.add(sample()));
  EXPECT_FALSE(writer.finish());
  EXPECT_EQ(calls, 2);
}

TEST(AnswerWriter, ManyRowsKeepTheirOrder) {
  Answer answer;
  answer.columns = {{"n", "", true}};
  for (std::int64_t i = 0; i < 3000; ++i) answer.rows.push_back({i});
  const std::string out = written({ListingFormat::kTable}, answer);
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 3001);
  EXPECT_TRUE(out.ends_with("\n2998\n2999\n"));
}

}  // namespace
}  // namespace rw
