// The IMAP client against a server of a few lines: literals, hostile answers, filing, and connections that end.
#include "mail/imap.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rw {
namespace {

// Answers each command with the next of its texts; "TAG" in them is the command's. Sends a few bytes at a time.
class Server : public ImapTransport {
 public:
  Server(std::vector<std::string> answers, std::size_t step = 7) : answers_(std::move(answers)), step_(step) {
    out_ = answers_.front();
  }
  Result<void> send(std::string_view bytes) override {
    sent.emplace_back(bytes);
    const std::string tag(bytes.substr(0, bytes.find(' ')));
    if (++at_ >= answers_.size()) return {};
    std::string text = answers_[at_];
    for (std::size_t i = 0; (i = text.find("TAG", i)) != std::string::npos;) text.replace(i, 3, tag);
    out_ += text;
    return {};
  }
  Result<std::size_t> receive(std::span<char> buffer) override {
    if (out_.empty()) return Failure(ErrorCode::kIo, "the connection ended");
    const std::size_t count = std::min({step_, buffer.size(), out_.size()});
    std::copy_n(out_.begin(), count, buffer.begin());
    out_.erase(0, count);
    return count;
  }
  std::vector<std::string> sent;

 private:
  std::vector<std::string> answers_;
  std::string out_;
  std::size_t at_ = 0, step_;
};

const std::string kGreeting = "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\r\n";
const std::string kLogin = "TAG OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE] in\r\n";
const std::string kSelect = "* 3 EXISTS\r\n* OK [UIDVALIDITY 77] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK done\r\n";

struct Session {
  Server* server = nullptr;
  std::unique_ptr<ImapMailbox> mailbox;
};
Session session(std::vector<std::string> more, bool change = false, const std::string& login = kLogin) {
  std::vector<std::string> answers = {kGreeting, login, kSelect};
  answers.insert(answers.end(), more.begin(), more.end());
  auto server = std::make_unique<Server>(std::move(answers));
  Session out;
  out.server = server.get();
  auto mailbox = ImapMailbox::open(std::move(server), {"me", "secret", "INBOX", change});
  EXPECT_TRUE(mailbox) << mailbox.error().message;
  if (mailbox) out.mailbox = std::move(*mailbox);
  return out;
}

TEST(Imap, OpensForReadingOnlyUnlessItFiles) {
  Session reading = session({});
  EXPECT_EQ(reading.mailbox->uid_validity(), 77U);
  EXPECT_EQ(reading.mailbox->messages(), 3U);
  EXPECT_EQ(reading.server->sent[0], "rw1 AUTHENTICATE PLAIN AG1lAHNlY3JldA==\r\n");
  EXPECT_EQ(reading.server->sent[1], "rw2 EXAMINE \"INBOX\"\r\n");
  EXPECT_EQ(session({}, true).server->sent[1], "rw2 SELECT \"INBOX\"\r\n");
}

TEST(Imap, FetchesMessagesWhateverTheyHold) {
  const std::string trap = "rw4 OK done\r\n* 9 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n";
  Session s = session(
      {"* SEARCH 4 2 3 900\r\nTAG OK\r\n", "* 1 FETCH (UID 2 BODY[] {" + std::to_string(trap.size()) + "}\r\n" + trap +
                                               ")\r\n* 2 EXPUNGE\r\n* 2 FETCH (FLAGS (\\Seen) UID 4 BODY[] {0}\r\n)\r\n"
                                               "* 5 FETCH (UID 5000 BODY[] {4}\r\nevil)\r\nTAG OK\r\n"});
  const auto uids = s.mailbox->uids_from(2);
  ASSERT_TRUE(uids);
  EXPECT_EQ(*uids, (std::vector<std::uint32_t>{2, 3, 4, 900}));
  std::vector<std::pair<std::uint32_t, std::string>> got;
  ImapMailbox::Visitor visitor;
  visitor.message = [&](std::uint32_t uid, std::string&& bytes) -> Result<void> {
    got.emplace_back(uid, std::move(bytes));
    return {};
  };
  ASSERT_TRUE(s.mailbox->fetch(*uids, visitor));
  EXPECT_EQ(s.server->sent.back(), "rw4 UID FETCH 2:4,900 (UID BODY.PEEK[])\r\n");
  ASSERT_EQ(got.size(), 2U);  // nobody asked for message 5000
  EXPECT_EQ(got[0], (std::pair<std::uint32_t, std::string>(2, trap)));
  EXPECT_EQ(got[1].first, 4U);
}

TEST(Imap, AConnectionThatEndsIsToldEverywhere) {
  const std::string fetched = "* 1 FETCH (UID 2 BODY[] {5}\r\nhello)\r\nTAG OK\r\n";
  for (std::size_t size = 0; size + 1 < fetched.size(); ++size) {
    Session s = session({fetched.substr(0, size)});
    const std::vector<std::uint32_t> uids = {2};
    const auto done = s.mailbox->fetch(uids, {[](std::uint32_t, std::string&&) { return Result<void>(); }, {}});
    ASSERT_FALSE(done) << size;
    ASSERT_EQ(done.error().code, ErrorCode::kIo);
  }
}

TEST(Imap, WrongPasswordsAndStrangersAreTold) {
  auto refused = ImapMailbox::open(
      std::make_unique<Server>(std::vector<std::string>{kGreeting, "TAG NO [AUTHENTICATIONFAILED] no\r\n"}),
      {"me", "x"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("refused user and password"), std::string::npos);
  auto stranger = ImapMailbox::open(std::make_unique<Server>(std::vector<std::string>{"SSH-2.0-x\r\n"}), {"me", "x"});
  EXPECT_FALSE(stranger);
  auto endless = ImapMailbox::open(std::make_unique<Server>(std::vector<std::string>{std::string(1 << 20, 'a')}, 4096),
                                   {"me", "x"});
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, ErrorCode::kCorrupt);
}

TEST(Imap, MovesAndMakesTheFolderWhereItIsMissing) {
  const std::vector<std::uint32_t> uids = {2, 3, 7};
  Session s = session({"TAG NO [TRYCREATE] no such folder\r\n", "TAG OK\r\n", "TAG OK\r\n"}, true);
  ASSERT_TRUE(s.mailbox->move_to(uids, "Done"));
  EXPECT_EQ(s.server->sent[2], "rw3 UID MOVE 2:3,7 \"Done\"\r\n");
  EXPECT_EQ(s.server->sent[3], "rw4 CREATE \"Done\"\r\n");
  EXPECT_EQ(s.server->sent[4], "rw5 UID MOVE 2:3,7 \"Done\"\r\n");
  // Without MOVE: copied, marked, and expunged only where that touches nothing else.
  Session old =
      session({"TAG OK\r\n", "TAG OK\r\n", "TAG OK\r\n"}, true, "TAG OK [CAPABILITY IMAP4rev1 UIDPLUS] in\r\n");
  ASSERT_TRUE(old.mailbox->move_to(uids, "Berichte \xC3\xBC"));
  EXPECT_EQ(old.server->sent[2], "rw3 UID COPY 2:3,7 \"Berichte &APw-\"\r\n");
  EXPECT_EQ(old.server->sent[3], "rw4 UID STORE 2:3,7 +FLAGS.SILENT (\\Deleted)\r\n");
  EXPECT_EQ(old.server->sent[4], "rw5 UID EXPUNGE 2:3,7\r\n");
}

TEST(Imap, AddressesOfMailboxes) {
  const auto url = parse_imap_url("imaps://reports%40example.org@mail.example.org:1993/Reports/DMARC");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "reports@example.org");
  EXPECT_EQ(url->host, "mail.example.org");
  EXPECT_EQ(url->port, 1993);
  EXPECT_EQ(url->mailbox, "Reports/DMARC");
  EXPECT_EQ(parse_imap_url("imaps://me@[::1]/")->mailbox, "INBOX");
  for (const char* bad : {"imap://me@host/", "imaps://host/", "imaps://me:secret@host/", "imaps://me@ho st/",
                          "http://x", "imaps://me@host:0/", "imaps://me@host/%0d%0a", "imaps://me%00@host/"})
    EXPECT_FALSE(parse_imap_url(bad)) << bad;
}

}  // namespace
}  // namespace rw
