// Findings are stored once, grow with what is seen later, and keep their review.
#include "lake/findings.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace rw {
namespace {

constexpr Timestamp kNow = Timestamp::from_seconds(1'700'000'000);
constexpr Duration kGap = kDay;

class Findings : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "rw-state-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<FindingStore> open(bool write = true) {
    auto store = FindingStore::open(folder_, write);
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }

  std::string folder_;
};

Finding window(int from_hour, int to_hour, std::int64_t bytes = 100, const std::string& address = "192.0.2.1") {
  Finding f;
  f.detector = "coin-port";
  f.title = "TCP to a coin port";
  f.first_seen = Timestamp::from_seconds(from_hour * 3600);
  f.last_seen = Timestamp::from_seconds(to_hour * 3600);
  f.entities = {{"watched_address", address}, {"coin", "bitcoin"}};
  f.severity = Severity::kLow;
  f.evidence = {EvidenceKind::kPort};
  f.technique = "T1496";
  f.summary = "s";
  f.may_be_wrong_because = "m";
  f.figures = {{"bytes", bytes}, {"rate", 1.5}, {"note", std::string("n")}, {"peers", FigureValue{}}};
  f.observations = {"rangewatch flows 'host 192.0.2.1'", 3};
  return f;
}

TEST_F(Findings, SurviveAsTheyWere) {
  auto store = open();
  const auto recorded = store->record({window(1, 2)}, kGap, kNow);
  ASSERT_TRUE(recorded) << recorded.error().message;
  ASSERT_EQ(recorded->created.size(), 1U);
  store.reset();
  const auto found = open(false)->find(recorded->created[0].id);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, recorded->created[0]);
  EXPECT_EQ(found->id, finding_identity("coin-port", {{"coin", "bitcoin"}, {"watched_address", "192.0.2.1"}}));
}

TEST_F(Findings, TheSameAgainChangesNothing) {
  auto store = open();
  ASSERT_TRUE(store->record({window(1, 2), window(1, 2, 100, "192.0.2.2")}, kGap, kNow));
  const auto again = store->record({window(1, 2), window(1, 2, 100, "192.0.2.2")}, kGap, kNow + kDay);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->created.empty());
  EXPECT_TRUE(again->extended.empty());
  EXPECT_EQ(again->known, 2U);
}

TEST_F(Findings, WindowsWithinTheQuietGapExtend) {
  auto store = open();
  const auto first = store->record({window(100, 110)}, kGap, kNow);
  ASSERT_TRUE(store->review(first->created[0].id, FindingStatus::kDismissed, "our own miner", "ann", kNow));
  const auto later = store->record({window(100, 133, 250)}, kGap, kNow);
  ASSERT_TRUE(later) << later.error().message;
  EXPECT_TRUE(later->created.empty());
  ASSERT_EQ(later->extended.size(), 1U);
  EXPECT_EQ(later->extended[0].id, first->created[0].id);
  EXPECT_EQ(later->extended[0].status, FindingStatus::kDismissed);
  EXPECT_EQ(later->extended[0].review_note, "our own miner");
  EXPECT_EQ(std::get<std::int64_t>(later->extended[0].figures[0].value), 250);
  EXPECT_EQ(later->extended[0].last_seen.us, 133 * kHour.us);
}

TEST_F(Findings, WindowsBeyondTheQuietGapAreNewEpisodes) {
  auto store = open();
  const auto first = store->record({window(100, 110)}, kGap, kNow);
  const auto second = store->record({window(134, 135)}, kGap, kNow);
  ASSERT_EQ(second->created.size(), 1U);
  EXPECT_EQ(second->created[0].id, first->created[0].id + "-2");
}

TEST_F(Findings, AWindowThatJoinsTwoEpisodesMakesThemOne) {
  auto store = open();
  const auto first = store->record({window(100, 110)}, kGap, kNow);
  const auto second = store->record({window(200, 210)}, kGap, kNow);
  ASSERT_TRUE(store->review(second->created[0].id, FindingStatus::kConfirmed, "seen", "ann", kNow));
  const auto joined = store->record({window(100, 210, 900)}, kGap, kNow);
  ASSERT_EQ(joined->extended.size(), 1U);
  EXPECT_EQ(joined->extended[0].id, first->created[0].id);
  EXPECT_EQ(joined->extended[0].status, FindingStatus::kConfirmed);
  EXPECT_EQ(store->list({})->total, 1U);
  EXPECT_EQ(store->reviews(first->created[0].id)->size(), 1U);
}

TEST_F(Findings, ANarrowLookIsToldToWiden) {
  auto store = open();
  ASSERT_TRUE(store->record({window(100, 200)}, kGap, kNow));
  const TimeRange narrow{Timestamp::from_seconds(190 * 3600), Timestamp::from_seconds(220 * 3600)};
  const auto wider = store->range_to_cover({window(190, 215)}, kGap, narrow);
  ASSERT_TRUE(wider);
  EXPECT_EQ(wider->from.us, 100 * kHour.us);
  EXPECT_EQ(wider->to, narrow.to);
  EXPECT_EQ(*store->range_to_cover({window(100, 215)}, kGap, *wider), *wider);
}

TEST_F(Findings, RowsThatRetentionDroppedDoNotShrinkAFinding) {
  auto store = open();
  ASSERT_TRUE(store->record({window(100, 200, 1000)}, kGap, kNow));
  const auto again = store->record({window(150, 200, 400)}, kGap, kNow);
  EXPECT_EQ(again->known, 1U);
  EXPECT_EQ(std::get<std::int64_t>(store->list({})->items[0].figures[0].value), 1000);
}

TEST_F(Findings, AreListedByDetectorStatusAndTime) {
  auto store = open();
  Finding irc = window(300, 310);
  irc.detector = "irc-port";
  ASSERT_TRUE(store->record({window(1, 2), window(100, 110, 1, "192.0.2.9")}, kGap, kNow));
  ASSERT_TRUE(store->record({irc}, kGap, kNow));
  EXPECT_EQ(store->list({})->total, 3U);
  EXPECT_EQ(store->list({.detectors = {"irc-port", "none"}})->total, 1U);
  EXPECT_EQ(store->list({.status = FindingStatus::kConfirmed})->total, 0U);
  EXPECT_EQ(store->list({.detectors = {"coin-port"}, .status = FindingStatus::kNew})->total, 2U);
  EXPECT_EQ(store->list({.range = {Timestamp::from_seconds(0), Timestamp::from_seconds(50 * 3600)}})->total, 1U);
  const auto page = store->list({.limit = 2});
  EXPECT_EQ(page->items.size(), 2U);
  EXPECT_EQ(page->total, 3U);
  EXPECT_EQ(page->items[0].detector, "irc-port");  // newest activity first
}

TEST_F(Findings, AreFoundByTheBeginningOfTheirId) {
  auto store = open();
  const auto made = store->record({window(1, 2)}, kGap, kNow);
  const std::string id = made->created[0].id;
  EXPECT_EQ(store->find(id.substr(0, 6))->id, id);
  EXPECT_EQ(store->find(id.substr(0, 3)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->find("%%%%").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->find("").error().code, ErrorCode::kNotFound);
}

TEST_F(Findings, ReadersLeaveALakeWithoutStateAlone) {
  EXPECT_EQ(open(false)->list({})->total, 0U);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/state.sqlite"));
  EXPECT_EQ(FindingStore::open(folder_ + "/none", false).error().code, ErrorCode::kNotFound);
}

TEST_F(Findings, AForeignFileIsRefused) {
  std::ofstream(folder_ + "/state.sqlite")
      << "this is not a database at all, but it is long enough to be looked at by SQLite";
  const auto store = FindingStore::open(folder_, true);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace rw
