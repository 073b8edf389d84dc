// What the cache keeps, for how long, and what it never mixes up.
#include <gtest/gtest.h>

#include "resolver/resolver.h"

namespace rw {
namespace {

std::int64_t now_us = 0;
std::int64_t turned_clock() { return now_us; }
void pass(std::int64_t seconds) { now_us += seconds * 1'000'000; }

struct Cache : testing::Test {
  std::shared_ptr<ZoneResolver> zone = std::make_shared<ZoneResolver>();
  std::unique_ptr<Resolver> cached;
  void SetUp() override {
    ASSERT_TRUE(
        zone->parse("$ORIGIN example.org.\n@ 7200 SOA ns h 1 2 3 4 3600\nx 60 A 192.0.2.1\nzero 0 A 192.0.2.2\n"
                    ";! fail down\n",
                    "zone"));
    cached = make_caching_resolver(zone, 3, turned_clock);
  }
};

TEST_F(Cache, KeepsForTheTimeToLiveAndCountsItDown) {
  EXPECT_EQ(cached->lookup("x.example.org", DnsType::kA).ttl, 60u);
  pass(20);
  EXPECT_EQ(cached->lookup("X.Example.org.", DnsType::kA).ttl, 40u);
  EXPECT_EQ(zone->asked(), 1u);
  EXPECT_EQ(cached->lookup("x.example.org", DnsType::kTxt).state, DnsState::kAbsent);  // another type
  EXPECT_EQ(zone->asked(), 2u);
  pass(41);
  (void)cached->lookup("x.example.org", DnsType::kA);
  EXPECT_EQ(zone->asked(), 3u);
  (void)cached->lookup("zero.example.org", DnsType::kA);
  (void)cached->lookup("zero.example.org", DnsType::kA);
  EXPECT_EQ(zone->asked(), 5u);
}

TEST_F(Cache, AbsenceAndFailureAreKeptForLess) {
  (void)cached->lookup("no.example.org", DnsType::kA);  // the SOA says an hour
  (void)cached->lookup("down.example.org", DnsType::kA);
  pass(9);
  EXPECT_EQ(cached->lookup("down.example.org", DnsType::kA).state, DnsState::kFailed);
  EXPECT_EQ(zone->asked(), 2u);
  pass(2);
  (void)cached->lookup("down.example.org", DnsType::kA);
  EXPECT_EQ(zone->asked(), 3u);
  pass(900);
  EXPECT_EQ(cached->lookup("no.example.org", DnsType::kA).state, DnsState::kAbsent);
  EXPECT_EQ(zone->asked(), 4u);
}

TEST_F(Cache, ManyAtOnceAskEachQuestionOnceInOrder) {
  const DnsQuestion questions[] = {{"x.example.org", DnsType::kA},
                                   {"no.example.org", DnsType::kA},
                                   {"X.example.org", DnsType::kA},
                                   {"a..b", DnsType::kA},
                                   {"down.example.org", DnsType::kA}};
  const auto replies = cached->lookup(questions);
  ASSERT_EQ(replies.size(), 5u);
  EXPECT_EQ(replies[0].state, DnsState::kPresent);
  EXPECT_EQ(replies[1].state, DnsState::kAbsent);
  EXPECT_EQ(replies[2].state, DnsState::kPresent);
  EXPECT_EQ(replies[3].state, DnsState::kAbsent);
  EXPECT_EQ(replies[4].state, DnsState::kFailed);
  EXPECT_EQ(zone->asked(), 4u);
}

TEST_F(Cache, IsBoundedOldestFirst) {
  for (const char* name : {"a", "b", "c", "d"}) (void)cached->lookup(std::string(name) + ".example.org", DnsType::kA);
  (void)cached->lookup("d.example.org", DnsType::kA);
  EXPECT_EQ(zone->asked(), 4u);
  (void)cached->lookup("a.example.org", DnsType::kA);
  EXPECT_EQ(zone->asked(), 5u);
}

}  // namespace
}  // namespace rw
