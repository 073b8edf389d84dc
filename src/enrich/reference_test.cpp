// Lists and scans as of a time, over a lake.
#include "enrich/reference.h"

#include <gtest/gtest.h>

#include "lake/lake_testing.h"
#include "model/indicator_text.h"

namespace rw {
namespace {

Timestamp at(std::string_view text) { return *Timestamp::parse(text); }

// Rows with the list, kind and validity that a test needs.
Indicator entry(std::string_view list, std::string_view purpose, std::string_view kind, std::string_view text,
                std::string_view snapshot) {
  Indicator row;
  row.time = at(snapshot).us;
  row.purpose = purpose;
  row.kind = kind;
  row.indicator = text;
  row.source_list = list;
  if (kind == "address" || kind == "prefix") {
    AddressSpan span;
    EXPECT_TRUE(read_address_span(text, span));
    row.first = span.first;
    row.last = span.last;
  }
  return row;
}

template <typename Row>
Result<void> put(Lake& lake, const std::vector<Row>& rows) {
  RW_ASSIGN(auto transaction, lake.begin_ingest({}));
  Emitter emitter(*transaction, "list", "test", kStart);
  for (const Row& row : rows) emitter.add(row);
  RW_TRY(emitter.finish());
  InputIdentity input;
  input.name = "list";
  return transaction->commit(input, emitter.counts());
}

std::shared_ptr<const Reference> load(Store& store, TimeRange range = kAllTime) {
  auto loaded = Reference::load(store, range);
  EXPECT_TRUE(loaded) << loaded.error().message;
  return loaded ? *loaded : nullptr;
}

TEST(Reference, IsEmptyWithoutLists) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(3)));
  const auto reference = load(*lake);
  EXPECT_TRUE(reference->empty());
  EXPECT_EQ(reference->addresses("tor"), nullptr);
  EXPECT_EQ(reference->on_list("tor", "dst", "start_time"), nullptr);
  EXPECT_TRUE(reference->address(Ip::v4(1), kStart).empty());
  EXPECT_FALSE(reference->scan(Ip::v4(1), kStart));
}

TEST(Reference, ASnapshotHoldsUntilTheNextAndTheFirstBeforeItself) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(put<Indicator>(*lake, {entry("relays", "tor", "address", "192.0.2.1", "2019-02-01"),
                                     entry("relays", "tor", "address", "192.0.2.2", "2019-02-01"),
                                     entry("relays", "tor", "address", "192.0.2.2", "2019-03-01"),
                                     entry("relays", "tor", "address", "192.0.2.3", "2019-03-01")}));
  const auto reference = load(*lake);
  const auto matches = [&](const char* ip, const char* time) {
    return reference->address(*Ip::parse(ip), at(time), "tor");
  };
  EXPECT_EQ(matches("192.0.2.1", "2019-02-15").size(), 1U);
  EXPECT_FALSE(matches("192.0.2.1", "2019-02-15")[0].before_first_snapshot);
  EXPECT_TRUE(matches("192.0.2.1", "2019-03-01").empty());
  ASSERT_EQ(matches("192.0.2.1", "2018-01-01").size(), 1U);
  EXPECT_TRUE(matches("192.0.2.1", "2018-01-01")[0].before_first_snapshot);
  EXPECT_EQ(matches("192.0.2.2", "2019-02-28").size(), 1U);
  EXPECT_EQ(matches("192.0.2.2", "2026-01-01").size(), 1U);
  EXPECT_TRUE(matches("192.0.2.3", "2019-02-15").empty());
  EXPECT_EQ(matches("192.0.2.3", "2019-03-02").size(), 1U);
  EXPECT_TRUE(reference->address(*Ip::parse("192.0.2.2"), at("2019-02-28"), "threat").empty());
}

TEST(Reference, AnEntryWithDatesOfItsOwnIsValidBetweenThem) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  Indicator row = entry("feed", "threat", "domain", "evil.example", "2020-01-01");
  row.valid_from = at("2019-05-01").us;
  row.valid_until = at("2019-06-01").us;
  row.confidence = 80;
  row.label = "malware";
  ASSERT_TRUE(put<Indicator>(*lake, {row}));
  const auto reference = load(*lake);
  ASSERT_EQ(reference->domain("www.evil.example", at("2019-05-10")).size(), 1U);
  const ReferenceMatch match = reference->domain("www.evil.example", at("2019-05-10"))[0];
  EXPECT_EQ(match.indicator, "evil.example");
  EXPECT_EQ(match.label, "malware");
  EXPECT_EQ(match.confidence, 80);
  EXPECT_FALSE(match.before_first_snapshot);
  EXPECT_TRUE(reference->domain("evil.example", at("2019-06-01")).empty());
  EXPECT_TRUE(reference->domain("evil.example", at("2019-04-30")).empty());
  EXPECT_TRUE(reference->domain("notevil.example", at("2019-05-10")).empty());
  EXPECT_TRUE(reference->domain(R"(a\.evil.example)", at("2019-05-10")).empty());  // the label "a.evil" of example
  EXPECT_TRUE(load(*lake, {at("2019-07-01"), at("2019-08-01")})->domain("evil.example", at("2019-07-02")).empty());
}

TEST(Reference, AddressSetsAnswerQuestionsAsOfTheTime) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(ingest(*lake, flows(8)));  // all to 175.45.176.1, in 2019-04
  Indicator row = entry("clouds", "hosting", "prefix", "175.45.176.0/22", "2019-01-01");
  row.label = "Example Cloud";
  Indicator later = entry("later", "vpn", "address", "175.45.176.1", "2019-01-01");
  later.valid_from = at("2019-05-01").us;
  ASSERT_TRUE(put<Indicator>(*lake, {row, later}));
  const auto reference = load(*lake);
  Query q;
  q.table = "flows";
  q.where = reference->on_list("hosting", "dst", "start_time");
  q.group_by = {{"provider", expr::label(reference->addresses("hosting", Reference::LabelBy::kEntryLabel),
                                         expr::column("dst"), expr::column("start_time"))}};
  q.measures = {{"flows", Measure::Kind::kCount, nullptr}};
  const Answer answer = ask(*lake, q);
  ASSERT_EQ(answer.rows.size(), 1U);
  EXPECT_EQ(as_string(answer.rows[0][0]), "Example Cloud");
  EXPECT_EQ(as_int(answer.rows[0][1]), 8);
  q.where = reference->on_list("vpn", "dst", "start_time");
  ASSERT_NE(q.where, nullptr);
  EXPECT_TRUE(ask(*lake, q).rows.empty());
}

TEST(Reference, RangesOfAddressesAreFoundByTheirPrefixes) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  ASSERT_TRUE(put<Indicator>(*lake, {entry("bad", "threat", "prefix", "192.0.2.5-192.0.2.20", "2019-01-01"),
                                     entry("bad", "threat", "prefix", "2001:db8::/32", "2019-01-01")}));
  const auto reference = load(*lake);
  EXPECT_TRUE(reference->address(*Ip::parse("192.0.2.4"), kStart).empty());
  EXPECT_EQ(reference->address(*Ip::parse("192.0.2.5"), kStart).size(), 1U);
  EXPECT_EQ(reference->address(*Ip::parse("192.0.2.20"), kStart).size(), 1U);
  EXPECT_TRUE(reference->address(*Ip::parse("192.0.2.21"), kStart).empty());
  EXPECT_EQ(reference->address(*Ip::parse("2001:db8::1"), kStart)[0].indicator, "2001:db8::/32");
}

TEST(Reference, ScansTellWhatAnAddressWas) {
  const TemporaryFolder folder;
  const auto lake = open_lake(folder);
  const auto look = [](const char* time, std::uint16_t port, std::uint8_t proto, std::string_view service,
                       std::string_view product) {
    Scan row;
    row.time = at(time).us;
    row.address = Ip::v4(0xC0000201);
    row.port = port;
    row.proto = proto;
    row.service = service;
    row.product = product;
    row.scanner = "shodan";
    return row;
  };
  ASSERT_TRUE(put<Scan>(*lake, {look("2019-01-01", 80, 6, "http", "nginx"),
                                look("2019-07-01", 1723, 6, "pptp", "MikroTik"), look("2019-07-02", 53, 17, "", "")}));
  const auto reference = load(*lake);
  const auto early = reference->scan(Ip::v4(0xC0000201), at("2019-02-01"));
  ASSERT_TRUE(early);
  EXPECT_FALSE(early->vpn_endpoint());
  EXPECT_FALSE(early->mikrotik);
  const auto then = reference->scan(Ip::v4(0xC0000201), at("2019-08-01"));
  ASSERT_TRUE(then);
  EXPECT_EQ(then->vpn, std::vector<std::string>{"pptp"});
  EXPECT_TRUE(then->mikrotik);
  EXPECT_FALSE(then->after_the_fact);
  EXPECT_EQ(then->services.size(), 2U);
  EXPECT_EQ(then->summary(), "VPN endpoint (pptp), MikroTik; shodan 2019-07-02");
  const auto before = reference->scan(Ip::v4(0xC0000201), at("2018-01-01"));
  ASSERT_TRUE(before);
  EXPECT_TRUE(before->after_the_fact);
  EXPECT_FALSE(reference->scan(Ip::v4(0xC0000202), at("2019-08-01")));
  const std::vector<Reference::ScanQuestion> questions{{Ip::v4(0xC0000201), at("2019-08-01")}};
  const auto asked = Reference::scans(*lake, questions);
  ASSERT_TRUE(asked);
  ASSERT_TRUE((*asked)[0]);
  EXPECT_EQ((*asked)[0]->summary(), then->summary());
}

}  // namespace
}  // namespace rw
