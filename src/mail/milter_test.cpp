// The milter's parts; tests/mail/run drives the whole of it through miltertest and Postfix.
#include "mail/milter.h"

#include <gtest/gtest.h>

#include "mail/milter_policy.h"

namespace rw {
namespace {

TEST(Milter, SocketsAreStrict) {
  EXPECT_EQ(*milter_socket("inet:8891@127.0.0.1"), "inet:8891@127.0.0.1");
  EXPECT_EQ(*milter_socket("unix:/run/x.sock"), "unix:/run/x.sock");
  EXPECT_EQ(*milter_socket("local:/run/x.sock"), "unix:/run/x.sock");
  for (const char* bad : {"", "8891", "inet:8891", "inet:8891@", "inet:0@127.0.0.1", "inet:70000@127.0.0.1", "inet:x@y",
                          "unix:relative", "unix:", "tcp:1@2"}) {
    const auto socket = milter_socket(bad);
    ASSERT_FALSE(socket) << bad;
    EXPECT_EQ(socket.error().code, ErrorCode::kUsage);
  }
  EXPECT_FALSE(milter_socket("unix:/" + std::string(200, 'a')));
}

TEST(Milter, FieldsAreAsTheyWere) {
  std::string bytes;
  append_header_field(bytes, "Subject", "  two\n\tlines", true);
  append_header_field(bytes, "To", "x", false);
  append_header_field(bytes, "X", "", true);
  EXPECT_EQ(bytes, "Subject:  two\r\n\tlines\r\nTo: x\r\nX:\r\n");
}

TEST(Milter, RepliesHoldNothingThatALineMustNot) {
  EXPECT_EQ(reply_text("a\r\nb%s\xc3\xa4"), "a??b?s??");
  EXPECT_EQ(reply_text(std::string(999, 'a')).size(), 200U);
  EXPECT_FALSE(reply_text("").empty());
}

MessageCheck check_with(MailVerdict verdict) {
  MessageCheck check;
  check.verdict = verdict;
  check.author.domain = "example.org";
  return check;
}

TEST(MilterPolicy, NothingIsDoneUnlessAsked) {
  for (const MailVerdict verdict :
       {MailVerdict::kFailReject, MailVerdict::kFailQuarantine, MailVerdict::kFailDelivered})
    EXPECT_EQ(answer_to(check_with(verdict), {.authserv_id = "mx"}).action, MilterAction::kAccept);
}

TEST(MilterPolicy, AsThePolicyAsks) {
  const MilterPolicy both{.authserv_id = "mx", .quarantine = true, .reject = true};
  const MilterPolicy quarantine{.authserv_id = "mx", .quarantine = true};
  const MilterPolicy reject{.authserv_id = "mx", .reject = true};
  EXPECT_EQ(answer_to(check_with(MailVerdict::kFailReject), both).action, MilterAction::kReject);
  EXPECT_EQ(answer_to(check_with(MailVerdict::kFailQuarantine), both).action, MilterAction::kQuarantine);
  EXPECT_EQ(answer_to(check_with(MailVerdict::kFailReject), quarantine).action, MilterAction::kQuarantine);
  EXPECT_EQ(answer_to(check_with(MailVerdict::kFailQuarantine), reject).action, MilterAction::kAccept);
  for (const MailVerdict verdict :
       {MailVerdict::kPass, MailVerdict::kPassNoPolicy, MailVerdict::kFailDelivered, MailVerdict::kAmbiguousAuthor,
        MailVerdict::kNoAuthor, MailVerdict::kPermerror, MailVerdict::kTemperror})
    EXPECT_EQ(answer_to(check_with(verdict), both).action, MilterAction::kAccept) << to_string(verdict);
}

TEST(MilterPolicy, ACutMessageIsNeverAFailure) {
  MessageCheck check = check_with(MailVerdict::kFailReject);
  check.dmarc.result = check.dmarc_7489.result = DmarcResult::kFail;
  check.dkim.push_back({.result = DkimResult::kFail});
  soften_cut_message(check);
  EXPECT_EQ(check.dkim[0].result, DkimResult::kNeutral);
  EXPECT_EQ(check.verdict, MailVerdict::kTemperror);
  EXPECT_EQ(check.dmarc.result, DmarcResult::kTemperror);
  // Without a signature nothing could have saved it.
  MessageCheck bare = check_with(MailVerdict::kFailReject);
  bare.dmarc.result = DmarcResult::kFail;
  soften_cut_message(bare);
  EXPECT_EQ(bare.verdict, MailVerdict::kFailReject);
}

}  // namespace
}  // namespace rw
