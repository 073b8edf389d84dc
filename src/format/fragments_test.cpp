// Tests of joining IP fragments.
#include "format/fragments.h"

#include <gtest/gtest.h>

#include <deque>

#include "format/capture_testing.h"

namespace rw {
namespace {

using testing::eth4;
using testing::udp;

class Joining : public ::testing::Test {
 protected:
  // The fragment [from, to) of `payload`.
  std::optional<FragmentJoiner::Joined> add(std::size_t from, std::size_t to, std::uint16_t id = 1, double at = 0,
                                            std::size_t cut = 0) {
    const bool more = to < payload.size();
    const auto field = static_cast<std::uint16_t>((more ? 0x2000 : 0) | from / 8);
    frames_.push_back(eth4({.id = id, .fragment = field}, payload.substr(from, to - from)));
    return add_frame(frames_.back(), at, cut);
  }
  std::optional<FragmentJoiner::Joined> add_frame(const std::string& frame, double at = 0, std::size_t cut = 0) {
    Packet packet;
    const Bytes bytes = as_bytes(frame);
    EXPECT_EQ(decode_packet(link_type::kEthernet, bytes.first(bytes.size() - cut),
                            static_cast<std::uint32_t>(bytes.size()), packet),
              Decoded::kFragment);
    return joiner.add(Timestamp{static_cast<std::int64_t>(at * 1e6)}, packet);
  }
  std::uint64_t weird(const std::string& code) {
    const auto counts = emitter.counts();
    const auto it = counts.weird.find(code);
    return it == counts.weird.end() ? 0 : it->second;
  }

  std::string payload =
      udp(1111, 53, std::string(200, 'a') + std::string(200, 'b') + std::string(192, 'c'));  // 600 bytes
  testing::RowSink sink;
  Emitter emitter{sink, "test", "pcap", Timestamp::from_seconds(1)};
  FragmentJoiner joiner{emitter};

 private:
  std::deque<std::string> frames_;
};

TEST_F(Joining, JoinsInAnyOrder) {
  const std::vector<std::vector<int>> orders = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}};
  std::uint16_t id = 1;
  for (const auto& order : orders) {
    std::optional<FragmentJoiner::Joined> joined;
    for (const int i : order) {
      EXPECT_FALSE(joined);
      const auto from = static_cast<std::size_t>(i) * 200;
      joined = add(from, from + 200, id, i);
    }
    ASSERT_TRUE(joined);
    EXPECT_TRUE(joined->complete);
    EXPECT_EQ(as_text(joined->payload), payload);
    EXPECT_EQ(joined->packets, 3);
    EXPECT_EQ(joined->bytes, 3 * 20 + 600);
    EXPECT_EQ(joined->packet.dst_port, 53);
    EXPECT_EQ(joined->first.us, 0);
    EXPECT_EQ(joined->last.us, 2'000'000);
    ++id;
  }
  EXPECT_TRUE(joiner.empty());
  EXPECT_EQ(emitter.counts().weird.size(), 0U);
}

TEST_F(Joining, KeepsWhatCameFirstWhereFragmentsOverlap) {
  add(0, 200);
  add(400, 600);
  const std::string truth = payload;
  std::fill(payload.begin() + 100, payload.begin() + 500, 'X');  // an attack: other bytes over those that were seen
  const auto joined = add(96, 496);
  ASSERT_TRUE(joined);
  EXPECT_EQ(as_text(joined->payload).substr(0, 200), truth.substr(0, 200));
  EXPECT_EQ(as_text(joined->payload).substr(200, 200), std::string(200, 'X'));
  EXPECT_EQ(as_text(joined->payload).substr(400), truth.substr(400));
  EXPECT_EQ(weird("fragment-overlap"), 1U);
}

TEST_F(Joining, ForgivesFragmentsThatAreSeenTwice) {
  add(0, 200);
  add(0, 200);
  add(200, 400);
  const auto joined = add(400, 600);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->packets, 4);
  EXPECT_EQ(weird("fragment-overlap"), 0U);
}

TEST_F(Joining, GivesUpWhatStaysIncomplete) {
  add(0, 200, 1, 0);
  add(200, 400, 2, 20);
  EXPECT_FALSE(joiner.expired(Timestamp::from_seconds(30)));
  auto late = joiner.expired(Timestamp::from_seconds(31));
  ASSERT_TRUE(late);
  EXPECT_FALSE(late->complete);
  EXPECT_EQ(late->packet.dst_port, 53);
  EXPECT_EQ(late->bytes, 220);
  EXPECT_FALSE(joiner.expired(Timestamp::from_seconds(31)));
  late = joiner.expired(Timestamp::from_seconds(31), true);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->packet.dst_port, 0);  // its first fragment never came
  EXPECT_TRUE(joiner.empty());
  EXPECT_EQ(weird("fragment-missing"), 2U);
}

TEST_F(Joining, KnowsWhatTheCaptureCut) {
  add(0, 200, 1, 0, 100);
  add(200, 400);
  const auto joined = add(400, 600);
  ASSERT_TRUE(joined);
  EXPECT_TRUE(joined->complete);
  EXPECT_EQ(joined->payload_bytes, 600U);
  EXPECT_EQ(joined->payload.size(), 100U);
}

TEST_F(Joining, TellsLengthsThatCannotBe) {
  add(400, 600);  // the end is at 600
  payload += std::string(200, 'd');
  add(600, 800);  // and again at 800
  EXPECT_EQ(weird("fragment-length"), 1U);
  const std::string odd = eth4({.id = 9, .fragment = 0x2000}, std::string(13, 'x'));
  add_frame(odd);
  EXPECT_EQ(weird("fragment-length"), 2U);
  const std::string far = eth4({.id = 10, .fragment = 0x1FFF}, std::string(100, 'x'));  // the "ping of death"
  add_frame(far);
  EXPECT_EQ(weird("fragment-too-long"), 1U);
}

TEST_F(Joining, BoundsItsMemory) {
  std::size_t given_up = 0;
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    const std::string frame =
        eth4({.src = i < 65536 ? "10.0.0.1" : "10.0.0.2", .id = static_cast<std::uint16_t>(i), .fragment = 0x2000},
             std::string(8, 'x'));
    add_frame(frame);
    while (joiner.evicted()) ++given_up;
  }
  EXPECT_EQ(given_up, 70'000 - FragmentJoiner::kMaxDatagrams);
  // Few datagrams that claim much.
  FragmentJoiner large(emitter);
  std::size_t held = 0;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    const std::string frame = eth4({.id = i, .fragment = 0x1F00}, std::string(8, 'x'));
    Packet packet;
    decode_packet(link_type::kEthernet, as_bytes(frame), 0, packet);
    large.add(Timestamp{}, packet);
    ++held;
    while (large.evicted()) --held;
  }
  EXPECT_LE(held * 63488, FragmentJoiner::kMaxMemoryBytes);
  EXPECT_GE(held * 63488 * 2, FragmentJoiner::kMaxMemoryBytes);
}

}  // namespace
}  // namespace rw
