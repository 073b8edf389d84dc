// Validity times of prefixes in questions, and the commands that repeat them.
#include "store/watched.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

Subject subject_of(std::vector<WatchedPrefix> prefixes) {
  Subject subject;
  subject.id = "s";
  subject.prefixes = std::move(prefixes);
  return subject;
}

constexpr TimeRange kPeriod{Timestamp::from_seconds(1'000'000), Timestamp::from_seconds(2'000'000)};

TEST(Watched, APrefixThatIsValidThroughoutNeedsNoTime) {
  const auto condition =
      watched_condition(subject_of({{*Prefix::parse("192.0.2.0/24"), "", kAllTime}}), kPeriod, "src");
  EXPECT_EQ(condition->kind, Expr::Kind::kInPrefixes);
}

TEST(Watched, APrefixThatBeginsWithinThePeriodLooksAtTheTime) {
  WatchedPrefix late{*Prefix::parse("192.0.2.0/24"), "", {Timestamp::from_seconds(1'500'000), kAllTime.to}};
  const auto condition = watched_condition(subject_of({late}), kPeriod, "src");
  ASSERT_EQ(condition->kind, Expr::Kind::kAnd);
  EXPECT_EQ(condition->args.at(0)->kind, Expr::Kind::kInPrefixes);
  EXPECT_EQ(std::get<Timestamp>(condition->args.at(1)->args.at(0)->args.at(1)->literal), late.valid.from);
}

TEST(Watched, APrefixOfAnotherTimeIsNobodys) {
  const WatchedPrefix old{*Prefix::parse("192.0.2.0/24"), "", {kAllTime.from, Timestamp::from_seconds(1'000'000)}};
  const auto condition = watched_condition(subject_of({old}), kPeriod, "src");
  EXPECT_EQ(condition->kind, Expr::Kind::kLiteral);
  EXPECT_EQ(std::get<bool>(condition->literal), false);
}

TEST(Watched, CommandsCanBeRepeated) {
  const Subject subject =
      subject_of({{*Prefix::parse("192.0.2.0/24"), "", kAllTime}, {*Prefix::parse("2001:db8::/32"), "", kAllTime}});
  EXPECT_EQ(flows_command(filter_text(subject, kPeriod), kPeriod, "--by src"),
            "rangewatch flows 'net 192.0.2.0/24 or net 2001:db8::/32' --from 1970-01-12T13:46:40Z --to "
            "1970-01-24T03:33:20Z --by src");
  EXPECT_EQ(flows_command("host 192.0.2.1", kAllTime), "rangewatch flows 'host 192.0.2.1'");
}

}  // namespace
}  // namespace rw
