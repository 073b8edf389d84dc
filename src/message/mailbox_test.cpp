// Tests of mailboxes: every form of mbox, separators that cheat, damage at every byte, what files of mail look like.
#include "message/mailbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "message/message.h"

namespace rw {
namespace {

class SteppedStream : public ByteStream {
 public:
  SteppedStream(std::string_view text, std::size_t step) : rest_(as_bytes(text)), step_(step) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min({buffer.size(), rest_.size(), step_});
    std::copy_n(rest_.begin(), count, buffer.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  Bytes rest_;
  std::size_t step_;
};

struct Read {
  std::vector<std::string> bytes, lines;
  std::vector<std::uint64_t> offsets, sizes;
  std::uint32_t unquoted = 0;
};
Read read(std::string_view text, std::size_t step = SIZE_MAX, std::size_t window = 64) {
  SteppedStream stream(text, step);
  StreamReader input(stream, window);
  MboxReader reader(input);
  Read all;
  for (MailboxMessage mail; reader.next(mail);) {
    all.bytes.emplace_back(mail.bytes);
    all.lines.emplace_back(mail.from_line);
    all.offsets.push_back(mail.offset);
    all.sizes.push_back(mail.size);
    all.unquoted += mail.unquoted;
  }
  return all;
}
using Strings = std::vector<std::string>;

const std::string kLine = "From a@example.org Tue Apr 30 02:09:16 2019\n";

TEST(Mbox, GivesOneMessageAtATime) {
  const std::string text = kLine + "A: 1\n\none\n\n" + kLine + "B: 2\n\ntwo\nthree\n\n";
  for (std::size_t step = 1; step < 80; ++step) {
    const Read all = read(text, step);
    ASSERT_EQ(all.bytes, (Strings{"A: 1\n\none\n", "B: 2\n\ntwo\nthree\n"})) << step;
    EXPECT_EQ(all.lines[0] + "\n", kLine);
    EXPECT_EQ(all.offsets, (std::vector<std::uint64_t>{0, kLine.size() + 11}));
    EXPECT_EQ(all.sizes[0] + all.sizes[1], text.size());
  }
}

TEST(Mbox, TakesCrlf) {
  const std::string line = "From a@example.org Tue Apr 30 02:09:16 2019\r\n";
  EXPECT_EQ(read(line + "A: 1\r\n\r\none\r\n\r\n" + line + "B: 2\r\n\r\ntwo\r\n").bytes,
            (Strings{"A: 1\r\n\r\none\r\n", "B: 2\r\n\r\ntwo\r\n"}));
}

TEST(Mbox, TakesTheDatesOfAllWriters) {
  for (const std::string line :
       {"From - Tue Apr 30 02:09:16 2019", "From 1234@xxx Tue Apr 30 02:09:16 +0000 2019",
        "From mboxrd@z Thu Jan  1 00:00:00 1970", "From a Tue Apr 30 02:09 2019",
        "From a@b Tue Apr 30 02:09:16 MET DST 2019", "From a@b Tue, 30 Apr 2019 02:09:16 +0000"}) {
    EXPECT_EQ(read(line + "\nA: 1\n\none\n\n" + line + "\nB: 2\n\n").bytes.size(), 2U) << line;
    EXPECT_GE(is_mbox(as_bytes(line + "\nA: 1\n")), 90) << line;
  }
}

TEST(Mbox, UndoesQuoting) {
  const Read all = read(kLine + "A: 1\n\n>From here\n>>From there\n>from\n> From\nFrom now on\n");
  EXPECT_EQ(all.bytes, (Strings{"A: 1\n\nFrom here\n>From there\n>from\n> From\nFrom now on\n"}));
  EXPECT_EQ(all.unquoted, 2U);
}

TEST(Mbox, DropsTheTraceOfOldRelays) {
  EXPECT_EQ(read(kLine + ">From root Tue Apr 30 02:09:16 2019\nA: 1\n\nx\n").bytes, (Strings{"A: 1\n\nx\n"}));
}

TEST(Mbox, ProseIsNoSeparator) {
  EXPECT_EQ(read(kLine + "A: 1\n\none\n\nFrom my point of view\n\nFrom 2019 on: x\n").bytes.size(), 1U);
  // Not behind an empty line, and no field follows it.
  EXPECT_EQ(read(kLine + "A: 1\n\none\n" + kLine + "prose goes on\n").bytes.size(), 1U);
  EXPECT_EQ(read(kLine + "A: 1\n\none\n" + kLine + "B: 2\n\ntwo\n").bytes.size(), 2U);
}

TEST(Mbox, AConsistentContentLengthProtectsABody) {
  const std::string body = "one\n\nFrom 02:09 on in 2019\nmore\n";
  const std::string header = "A: 1\nContent-Length: " + std::to_string(body.size()) + "\n\n";
  EXPECT_EQ(read(kLine + header + body + "\n" + kLine + "B: 2\n\ntwo\n").bytes,
            (Strings{header + body, "B: 2\n\ntwo\n"}));
  EXPECT_EQ(read(kLine + "A: 1\n\n" + body).bytes.size(), 2U);
}

TEST(Mbox, AContentLengthHidesNoMessage) {
  const std::string second = kLine + "B: 2\n\ntwo\n\n";
  const std::string body = "one\n\n" + second;
  EXPECT_EQ(
      read(kLine + "Content-Length: " + std::to_string(body.size()) + "\n\n" + body + kLine + "C: 3\n\n").bytes.size(),
      3U);
  EXPECT_EQ(read(kLine + "Content-Length: 7\n\none\n\n" + second).bytes.size(), 2U);
  EXPECT_EQ(read(kLine + "Content-Length: 999999999\n\none\n\n" + second).bytes.size(), 2U);
}

TEST(Mbox, AFileThatIsOneMessage) {
  EXPECT_EQ(read("A: 1\n\none\n\n" + kLine + "B: 2\n").bytes, (Strings{"A: 1\n\none\n\n" + kLine + "B: 2\n"}));
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "A: 1\n\none")
                .bytes,
            (Strings{"A: 1\n\none"}));
  EXPECT_EQ(read("9\nA: 1\n\none<?xml version=\"1.0\"?>").bytes, (Strings{"A: 1\n\none"}));
  EXPECT_EQ(read("From nobody\nA: 1\n\none").bytes, (Strings{"A: 1\n\none"}));
  EXPECT_TRUE(read("").bytes.empty());
}

TEST(Mbox, AMessageOverTheBoundKeepsItsBeginning) {
  std::string text = kLine + "A: 1\n\n";
  const std::string line(1023, 'x');
  while (text.size() < kMaxMessageBytes + 100'000) text += line + "\n";
  text += "\n" + kLine + "B: 2\n\ntwo\n";
  MemoryStream stream(as_bytes(text));
  StreamReader input(stream);
  MboxReader reader(input);
  MailboxMessage mail;
  ASSERT_TRUE(reader.next(mail));
  EXPECT_TRUE(mail.cut);
  EXPECT_EQ(mail.bytes.size(), kMaxMessageBytes);
  EXPECT_GT(mail.size, kMaxMessageBytes + 100'000);
  ASSERT_TRUE(reader.next(mail));
  EXPECT_FALSE(mail.cut);
  EXPECT_EQ(mail.bytes, "B: 2\n\ntwo\n");
  EXPECT_FALSE(reader.next(mail));
}

TEST(Mbox, EveryTruncationGivesWhatIsThere) {
  const std::string whole =
      kLine + "A: 1\nContent-Length: 4\n\none\n\n" + kLine + ">From x\nB: 2\n\n>From two\n\nFrom z 10:00 2019\n\n";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    const std::string text = whole.substr(0, n);
    const Read at_once = read(text), in_pieces = read(text, 3);
    EXPECT_EQ(at_once.bytes, in_pieces.bytes);
    std::uint64_t sum = 0;
    for (const std::uint64_t size : at_once.sizes) sum += size;
    EXPECT_LE(sum, n);
  }
}

TEST(Mbox, ManyFalseMeasuresTakeNoTime) {
  std::string text;
  while (text.size() < 8'000'000) text += kLine + "Content-Length: 1000000\n\nx\n\n";
  EXPECT_GT(read(text, SIZE_MAX, 1 << 20).bytes.size(), 100'000U);
}

TEST(MailFiles, AreToldByContent) {
  EXPECT_GE(is_mail_message(as_bytes("Received: x\nFrom: a@b\nSubject: s\n\nbody")), 90);
  EXPECT_GE(is_mail_message(as_bytes("From: a@b\nSubject: s\n\nbody")), 70);
  EXPECT_LE(is_mail_message(as_bytes("name: x\nversion: 1\n\n")), 0);
  EXPECT_EQ(is_mail_message(as_bytes("HTTP/1.1 200 OK\nDate: x\n\n")), 0);
  EXPECT_EQ(is_mail_message(as_bytes("<?xml version=\"1.0\"?>\n<feedback>")), 0);
  EXPECT_EQ(is_mail_message(as_bytes("")), 0);
  EXPECT_GE(is_mail_message(as_bytes("From: a@b\nSubject: s\nDate: d\nX-Long: cut of")), 90);
  EXPECT_EQ(is_mbox(as_bytes(kLine + "A: 1\n")), 99);
  EXPECT_EQ(is_mbox(as_bytes("From: a@b\n")), 0);
  EXPECT_EQ(is_mbox(as_bytes("From here to there\n")), 0);
}

TEST(MailFiles, MaildirNames) {
  const MaildirName seen = parse_maildir_path("/m/.Sent/cur/1234.M1P2.host:2,RS");
  EXPECT_TRUE(seen.in_maildir);
  EXPECT_EQ(seen.unique, "1234.M1P2.host");
  EXPECT_EQ(seen.flags, "RS");
  EXPECT_TRUE(parse_maildir_path("m/new/1234.host").in_maildir);
  EXPECT_TRUE(parse_maildir_path("m/tmp/1234.host").temporary);
  EXPECT_FALSE(parse_maildir_path("m/a.eml").in_maildir);
  EXPECT_TRUE(parse_maildir_path("cur/x").in_maildir);
}

}  // namespace
}  // namespace rw
