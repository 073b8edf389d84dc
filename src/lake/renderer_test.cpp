// The algebra against answers worked out by hand, over files of different shapes, with and without DuckDB.
#include "lake/renderer.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "lake/lake.h"
#include "lake/slices.h"

namespace rw {
namespace {

constexpr Timestamp kMonday = Timestamp::from_seconds(1'555'891'200);  // 2019-04-22T00:00:00Z

// Three files: IPv4 one way, IPv4 both ways with names, and IPv6 with sampling.
class Algebra : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "rw-algebra-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    LakeOptions options;
    options.create = options.write = true;
    options.direct_scan = GetParam();
    lake_ = std::move(*Lake::open(root_ + "/lake", options));
    Flow one = flow("192.0.2.1", "198.51.100.7", 443, 6, 1000);
    Flow two = flow("192.0.2.2", "198.51.100.7", 53, 17, 100);
    two.start_time += 3 * kHour.us, two.end_time += 3 * kHour.us;
    add({one, two});
    Flow three = flow("192.0.2.1", "203.0.113.9", 443, 6, 10);
    three.rev_bytes = 5'000;
    three.rev_packets = 5;
    three.app = "tls";
    three.server_name = "www.Example.org";
    three.start_time += kDay.us, three.end_time += kDay.us + 500;
    add({three});
    Flow four = flow("2001:db8::1", "2001:db8:1::2", 3333, 6, 7);
    four.sampling = 100;
    Flow five = flow("2001:db8::1", "192.0.2.1", 6667, 6, 1);
    five.sampling = 2;
    add({four, five});
    Dns dns;
    dns.time = kMonday.us;
    dns.client = *Ip::parse("192.0.2.1");
    dns.server = *Ip::parse("192.0.2.53");
    dns.transport = "udp";
    dns.name = "a_b.example.org";
    dns.sensor = "s";
    auto transaction = std::move(*lake_->begin_ingest());
    Emitter emitter(*transaction, "dns", "test", kMonday);
    emitter.add(dns);
    dns.name = {};
    emitter.add(dns);
    ASSERT_TRUE(emitter.finish());
    ASSERT_TRUE(transaction->commit({}, emitter.counts()));
  }
  void TearDown() override {
    lake_.reset();
    std::filesystem::remove_all(root_);
  }

  static Flow flow(const char* src, const char* dst, std::uint16_t port, std::uint8_t proto, std::int64_t bytes) {
    Flow f;
    f.start_time = f.end_time = kMonday.us;
    f.src = *Ip::parse(src);
    f.dst = *Ip::parse(dst);
    f.src_port = 50'000;
    f.dst_port = port;
    f.proto = proto;
    f.bytes = bytes;
    f.packets = 1;
    f.sampling = 1;
    f.sensor = "s";
    return f;
  }
  void add(std::initializer_list<Flow> flows) {
    auto transaction = std::move(*lake_->begin_ingest());
    Emitter emitter(*transaction, "flows", "test", kMonday);
    for (const Flow& f : flows) emitter.add(f);
    ASSERT_TRUE(emitter.finish());
    ASSERT_TRUE(transaction->commit({}, emitter.counts()));
  }

  Answer ask(const Query& query) {
    auto answer = lake_->run(query);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : Answer{};
  }
  // How many flows a filter lets through.
  std::int64_t count(ExprPtr where) {
    Query q;
    q.table = "flows";
    q.where = std::move(where);
    q.measures = {{"n", Measure::Kind::kCount, nullptr}};
    const Answer answer = ask(q);
    return answer.rows.empty() ? -1 : as_int(answer.rows[0][0]);
  }
  // "key=sum key=sum …", ordered by key.
  std::string volumes(ExprPtr key) {
    Query q;
    q.table = "flows";
    q.group_by = {{"key", std::move(key)}};
    q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
    q.order_by = {{"key", false}};
    std::string text;
    for (const auto& row : ask(q).rows) text += (text.empty() ? "" : " ") + show(row[0]) + "=" + show(row[1]);
    return text;
  }
  static std::string show(const Value& v) {
    if (is_null(v)) return "null";
    if (const auto* ip = std::get_if<Ip>(&v)) return ip->to_string();
    if (const auto* prefix = std::get_if<Prefix>(&v)) return prefix->to_string();
    if (const auto* text = std::get_if<std::string>(&v)) return *text;
    if (const auto* time = std::get_if<Timestamp>(&v)) return time->to_string();
    if (const auto* number = std::get_if<double>(&v)) return std::to_string(*number);
    return std::to_string(as_int(v));
  }
  static ExprPtr net(const char* column, std::vector<const char*> prefixes) {
    std::vector<Prefix> list;
    for (const char* text : prefixes) list.push_back(*Prefix::parse(text));
    return expr::in_prefixes(column, list);
  }
  static ExprPtr address(const char* text) { return expr::literal(*Ip::parse(text)); }

  std::string root_;
  std::unique_ptr<Lake> lake_;
};

using Kind = Expr::Kind;

TEST_P(Algebra, GroupsByAddress) {
  EXPECT_EQ(volumes(expr::column("src")), "192.0.2.1=6010 192.0.2.2=100 2001:db8::1=702");
}
TEST_P(Algebra, GroupsByNetwork) {
  EXPECT_EQ(volumes(expr::prefix_of(expr::column("src"), 24, 32)), "192.0.2.0/24=6110 2001:db8::/32=702");
  EXPECT_EQ(volumes(expr::prefix_of(expr::column("dst"), 0, 0)), "::/0=700 0.0.0.0/0=6112");
  EXPECT_EQ(volumes(expr::prefix_of(expr::column("dst"), 32, 128)),
            "192.0.2.1/32=2 198.51.100.7/32=1100 203.0.113.9/32=5010 2001:db8:1::2/128=700");
}
TEST_P(Algebra, GroupsByText) { EXPECT_EQ(volumes(expr::app()), "dns=100 https=1000 irc=2 stratum=700 tls=5010"); }
TEST_P(Algebra, GroupsByTime) {
  EXPECT_EQ(volumes(expr::time_bucket(expr::column("start_time"), kDay)),
            "2019-04-22T00:00:00Z=1802 2019-04-23T00:00:00Z=5010");
}
TEST_P(Algebra, LocalTime) {
  // Pyongyang is nine hours ahead; Monday 00:00 UTC is Monday 09:00 there.
  EXPECT_EQ(volumes(expr::local_hour(expr::column("start_time"), "Asia/Pyongyang")), "9=6712 12=100");
  EXPECT_EQ(volumes(expr::local_weekday(expr::column("start_time"), "Asia/Pyongyang")), "0=1802 1=5010");
  // New York was four hours behind: still Sunday there.
  EXPECT_EQ(volumes(expr::local_weekday(expr::column("start_time"), "America/New_York")), "0=5010 6=1802");
  EXPECT_EQ(volumes(expr::local_date(expr::column("start_time"), "America/New_York")), "18007=1802 18008=5010");
  Query q;
  q.table = "flows";
  q.group_by = {{"hour", expr::local_hour(expr::column("start_time"), "Mars/Olympus")}};
  const auto wrong = lake_->run(q);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kUsage);
}
TEST_P(Algebra, ZonesChangeWithinARange) {
  const auto offsets =
      lake_->zone_offsets("Europe/Berlin", {*Timestamp::parse("2019-03-01"), *Timestamp::parse("2019-12-01")});
  ASSERT_TRUE(offsets);
  ASSERT_EQ(offsets->size(), 3U);
  EXPECT_EQ((*offsets)[1].from.to_string(), "2019-03-31T01:00:00Z");
  EXPECT_EQ((*offsets)[1].offset.us, 2 * kHour.us);
}

TEST_P(Algebra, FiltersByNetwork) {
  EXPECT_EQ(count(net("src", {"192.0.2.0/24"})), 3);
  EXPECT_EQ(count(net("src", {"2001:db8::/32"})), 2);
  EXPECT_EQ(count(net("dst", {"2001:db8:1::2/128"})), 1);
  EXPECT_EQ(count(net("src", {"2001:db8::/97"})), 2);
  EXPECT_EQ(count(net("src", {"::/0"})), 5);
  EXPECT_EQ(count(net("src", {"0.0.0.0/0"})), 3);
  EXPECT_EQ(count(net("src", {})), 0);
  EXPECT_EQ(count(expr::any_of({net("src", {"192.0.2.2/32"}), net("dst", {"192.0.2.0/24"})})), 2);
  std::vector<Prefix> many;  // more than go inline
  for (std::uint32_t i = 0; i < 100; ++i) many.push_back(Prefix::of(Ip::v4(0x0A00'0000 + i * 512), 120));
  many.push_back(*Prefix::parse("192.0.2.2/32"));
  many.push_back(*Prefix::parse("2001:db8::/64"));
  EXPECT_EQ(count(expr::in_prefixes("src", many)), 3);
  EXPECT_EQ(count(expr::not_(expr::in_prefixes("src", many))), 2);
}
TEST_P(Algebra, ComparesAddresses) {
  EXPECT_EQ(count(expr::eq(expr::column("src"), address("2001:db8::1"))), 2);
  EXPECT_EQ(count(expr::eq(expr::column("dst"), address("192.0.2.1"))), 1);
  EXPECT_EQ(count(expr::binary(Kind::kNe, expr::column("src"), address("192.0.2.1"))), 3);
  EXPECT_EQ(count(expr::binary(Kind::kLt, expr::column("dst"), expr::column("src"))),
            1);  // ::ffff:192.0.2.1 < 2001:db8::1
  EXPECT_EQ(count(expr::binary(Kind::kGe, expr::column("src"), address("192.0.2.2"))), 3);
  EXPECT_EQ(
      count(expr::in(expr::column("dst"), {Value(*Ip::parse("203.0.113.9")), Value(*Ip::parse("2001:db8:1::2"))})), 2);
}
TEST_P(Algebra, NullsAreFalse) {
  EXPECT_EQ(count(expr::eq(expr::column("app"), expr::text("tls"))), 1);
  EXPECT_EQ(count(expr::not_(expr::eq(expr::column("app"), expr::text("tls")))), 4);
  EXPECT_EQ(count(expr::is_null(expr::column("rev_bytes"))), 4);
  EXPECT_EQ(count(expr::binary(Kind::kGt, expr::column("rev_bytes"), expr::number(1))), 1);
  EXPECT_EQ(count(expr::is_null(expr::column("vlan"))), 5);
  EXPECT_EQ(count(expr::eq(expr::column("vlan"), expr::number(7))), 0);
}
TEST_P(Algebra, ListsAndTuples) {
  EXPECT_EQ(count(expr::in(expr::column("dst_port"), {Value(std::int64_t{443}), Value(std::int64_t{70'000})})), 2);
  EXPECT_EQ(count(expr::in(expr::column("app"), {Value(std::string("tls")), Value(std::string("x'y"))})), 1);
  const std::vector<Value> known{Value(*Ip::parse("192.0.2.1")), Value(std::int64_t{443})};
  std::vector<std::vector<Value>> tuples{known, {Value(*Ip::parse("2001:db8::1")), Value(std::int64_t{3333})}};
  const auto args = [] { return std::vector<ExprPtr>{expr::column("src"), expr::column("dst_port")}; };
  EXPECT_EQ(count(expr::tuple_in(args(), tuples)), 3);
  for (std::int64_t i = 0; i < 40; ++i) tuples.push_back({Value(Ip::v4(static_cast<std::uint32_t>(i))), Value(i)});
  EXPECT_EQ(count(expr::tuple_in(args(), tuples)), 3);
  EXPECT_EQ(count(expr::tuple_in(args(), {})), 0);
}
TEST_P(Algebra, Patterns) {
  EXPECT_EQ(count(expr::matches(expr::column("server_name"), "*.example.ORG")), 1);
  EXPECT_EQ(count(expr::matches(expr::column("server_name"), "example.org")), 0);
  EXPECT_EQ(count(expr::matches(expr::column("server_name"), "www?example*")), 1);
  Query q;
  q.table = "dns";
  q.measures = {{"n", Measure::Kind::kCount, nullptr}};
  q.where = expr::matches(expr::column("name"), "a_b.*");
  EXPECT_EQ(as_int(ask(q).rows[0][0]), 1);
  q.where = expr::matches(expr::column("name"), "a%b*");  // a percent sign stands for itself
  EXPECT_EQ(as_int(ask(q).rows[0][0]), 0);
}
TEST_P(Algebra, Arithmetic) {
  EXPECT_EQ(count(expr::binary(Kind::kGt, expr::volume_bytes(), expr::number(699))), 3);
  EXPECT_EQ(count(expr::eq(expr::duration_us(), expr::number(500))), 1);
  EXPECT_EQ(
      count(expr::eq(expr::binary(Kind::kAdd, expr::column("dst_port"), expr::number(65'535)), expr::number(65'978))),
      2);
  EXPECT_EQ(count(expr::eq(expr::binary(Kind::kSub, expr::column("dst_port"), expr::number(444)), expr::number(-1))),
            2);
  EXPECT_EQ(count(expr::is_null(expr::binary(Kind::kDiv, expr::column("bytes"), expr::number(0)))), 5);
}
TEST_P(Algebra, Classifies) {
  const ExprPtr kind = expr::classify({{expr::eq(expr::column("proto"), expr::number(17)), expr::text("datagrams")},
                                       {expr::eq(expr::column("app"), expr::text("tls")), expr::text("secured")}},
                                      expr::text("other"));
  EXPECT_EQ(volumes(kind), "datagrams=100 other=1702 secured=5010");
}
TEST_P(Algebra, LabelsAreTheNarrowestValidRange) {
  auto set = std::make_shared<LabelSet>();
  const auto range = [&set](const char* text, const char* label, TimeRange valid = kAllTime) {
    const Prefix prefix = *Prefix::parse(text);
    set->ranges.push_back({prefix.first(), prefix.last(), valid, label});
  };
  range("192.0.2.0/24", "wide");
  range("192.0.2.2/32", "host with a long name");
  range("2001:db8::/32", "six");
  range("192.0.2.1/32", "later", {kMonday + kHour, kAllTime.to});
  EXPECT_EQ(volumes(expr::label(set, expr::column("src"), expr::column("start_time"))),
            "host with a long name=100 later=5010 six=702 wide=1000");
  EXPECT_EQ(volumes(expr::label(set, expr::column("dst"))), "later=2 six=700 null=6110");
}

TEST_P(Algebra, MeasuresOfAddressesAndFilters) {
  Query q;
  q.table = "flows";
  q.measures = {{"first", Measure::Kind::kMin, expr::column("src")},
                {"last", Measure::Kind::kMax, expr::column("src")},
                {"any", Measure::Kind::kAny, expr::column("app")},
                {"quic", Measure::Kind::kSum, expr::column("bytes"), expr::eq(expr::column("proto"), expr::number(99))},
                {"tcp", Measure::Kind::kCount, nullptr, expr::eq(expr::column("proto"), expr::number(6))},
                {"median", Measure::Kind::kQuantile, expr::column("bytes")},
                {"latest", Measure::Kind::kMax, expr::column("start_time")}};
  const auto rows = ask(q).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(show(rows[0][0]), "192.0.2.1");
  EXPECT_EQ(show(rows[0][1]), "2001:db8::1");
  EXPECT_EQ(show(rows[0][2]), "tls");
  EXPECT_TRUE(is_null(rows[0][3]));
  EXPECT_EQ(show(rows[0][4]), "4");
  EXPECT_NEAR(as_double(rows[0][5]), 10, 5);
  EXPECT_EQ(show(rows[0][6]), "2019-04-23T00:00:00Z");
}
TEST_P(Algebra, HavingOrderLimitTotal) {
  Query q;
  q.table = "flows";
  q.group_by = {{"dst", expr::column("dst")}};
  q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  q.having = expr::binary(Kind::kGt, expr::column("bytes"), expr::number(10));
  q.order_by = {{"bytes", true}};
  q.limit = 1;
  q.want_total = true;
  const Answer answer = ask(q);
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_EQ(show(answer.rows[0][0]), "203.0.113.9");
  EXPECT_EQ(answer.total, 3U);
  q.order_by = {{"nothing", true}};
  EXPECT_FALSE(lake_->run(q));
}
TEST_P(Algebra, TimePrunes) {
  Query q;
  q.table = "flows";
  q.measures = {{"n", Measure::Kind::kCount, nullptr}};
  q.time = {kMonday, kMonday + kHour};
  EXPECT_EQ(as_int(ask(q).rows[0][0]), 3);
  q.time = {kMonday + kHour, kMonday + kDay};
  EXPECT_EQ(as_int(ask(q).rows[0][0]), 1);
  q.time = {kMonday + kDay + Duration{1}, kAllTime.to};
  EXPECT_EQ(as_int(ask(q).rows[0][0]), 0);
}
TEST_P(Algebra, NestedQuestions) {
  auto inner = std::make_shared<Query>();
  inner->table = "flows";
  inner->group_by = {{"src", expr::column("src")}, {"dst", expr::column("dst")}};
  inner->measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  Query q;
  q.from = inner;
  q.where = expr::binary(Kind::kGe, expr::column("bytes"), expr::number(100));
  q.group_by = {{"network", expr::prefix_of(expr::column("src"), 24, 48)}};
  q.measures = {{"peers", Measure::Kind::kCount, nullptr}};
  q.order_by = {{"network", false}};
  const Answer answer = ask(q);
  ASSERT_EQ(answer.rows.size(), 2U);
  EXPECT_EQ(show(answer.rows[0][0]) + " " + show(answer.rows[0][1]), "192.0.2.0/24 3");
  EXPECT_EQ(show(answer.rows[1][0]) + " " + show(answer.rows[1][1]), "2001:db8::/48 1");
}
TEST_P(Algebra, RowsHaveEveryColumnWhenNoneIsNamed) {
  Query q;
  q.table = "flows";
  q.order_by = {{"bytes", true}};
  q.limit = 1;
  const Answer answer = ask(q);
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_EQ(show(answer.rows[0][static_cast<std::size_t>(answer.column("src"))]), "192.0.2.1");
  EXPECT_EQ(answer.column("src_hi"), -1);
  EXPECT_EQ(show(answer.rows[0][static_cast<std::size_t>(answer.column("sampling"))]), "1");
}

TEST_P(Algebra, SharedScansAnswerAsSeparateOnes) {
  std::vector<Query> queries(4);
  for (Query& q : queries) {
    q.table = "flows";
    q.where = expr::binary(Kind::kGt, expr::column("bytes"), expr::number(1));
    q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  }
  queries[0].group_by = {{"who", expr::column("src")}};
  queries[1].group_by = {{"dst", expr::column("dst")}, {"src", expr::column("src")}};
  queries[1].measures.push_back({"n", Measure::Kind::kCount, nullptr});
  queries[2].group_by = {{"app", expr::app()}};
  queries[2].having = expr::binary(Kind::kGt, expr::column("bytes"), expr::number(500));
  queries[2].limit = 2;
  queries[2].want_total = true;
  for (std::size_t i = 0; i < 3; ++i) queries[i].order_by = {{"bytes", true}};
  const auto together = lake_->run(queries);
  ASSERT_TRUE(together) << together.error().message;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const Answer alone = ask(queries[i]);
    EXPECT_EQ((*together)[i].rows, alone.rows) << i;
    EXPECT_EQ((*together)[i].total, alone.total) << i;
    EXPECT_FALSE(alone.rows.empty());
    for (std::size_t c = 0; c < alone.columns.size(); ++c)
      EXPECT_EQ((*together)[i].columns[c].name, alone.columns[c].name);
  }
}

TEST_P(Algebra, NamesAndTextsCannotBreakOut) {
  Query q;
  q.table = "flows";
  q.select = {{"x\"; drop table flows; --", expr::text("it's \\ here'); --")}};
  q.limit = 1;
  EXPECT_EQ(show(ask(q).rows[0][0]), "it's \\ here'); --");
  q.table = "flows\"; --";
  EXPECT_FALSE(lake_->run(q));
  q.table = "flows";
  q.select = {{"a", expr::column("no_such\"column")}};
  const auto wrong = lake_->run(q);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kUsage);
  q.select = {{"a", expr::binary(Kind::kAdd, expr::column("app"), expr::number(1))}};
  EXPECT_FALSE(lake_->run(q));
}

TEST_P(Algebra, SumsBeyond64BitsStayRight) {
  std::vector<Flow> huge;
  auto transaction = std::move(*lake_->begin_ingest());
  Emitter emitter(*transaction, "huge", "test", kMonday);
  Flow f = flow("192.0.2.200", "192.0.2.201", 1, 6, 1LL << 52);
  for (int i = 0; i < 4096; ++i) emitter.add(f);
  ASSERT_TRUE(emitter.finish());
  ASSERT_TRUE(transaction->commit({}, emitter.counts()));
  Query q;
  q.table = "flows";
  q.where = expr::eq(expr::column("src"), address("192.0.2.200"));
  q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
  EXPECT_DOUBLE_EQ(as_double(ask(q).rows[0][0]), 4096.0 * 4503599627370496.0);
}

INSTANTIATE_TEST_SUITE_P(Engines, Algebra, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "Direct" : "DuckDb"; });

TEST(Slices, CutAtBucketsAndJoinInOrder) {
  Answer a;
  a.columns = {{"day", "", false}, {"n", "", true}};
  a.rows = {{Timestamp{0}, std::int64_t{5}}, {Timestamp{1}, Null{}}};
  a.total = 7;
  Answer b = a;
  b.rows = {{Timestamp{2}, std::int64_t{9}}};
  b.total = 1;
  Query q;
  q.group_by = {{"day", expr::column("day")}};
  q.order_by = {{"n", true}};
  q.limit = 2;
  const Answer all = join_slices(q, {a, b});
  ASSERT_EQ(all.rows.size(), 2U);
  EXPECT_EQ(as_int(all.rows[0][1]), 9);
  EXPECT_EQ(as_int(all.rows[1][1]), 5);
  EXPECT_EQ(all.total, 8U);
}

}  // namespace
}  // namespace rw
