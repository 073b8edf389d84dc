// Tests of the DNS message decoder: names under attack, sections, damage at every byte.
#include "format/dns.h"

#include <gtest/gtest.h>

#include <random>

#include "format/capture_builder.h"

namespace rw {
namespace {

using testing::address;
using testing::be;
using testing::dns_header;
using testing::dns_name;
using testing::dns_question;
using testing::dns_record;

struct Decode {
  std::string bytes;
  DnsMessage message;
  bool valid;
  explicit Decode(std::string text, std::size_t wire = 0) : bytes(std::move(text)) {
    valid = message.decode(as_bytes(bytes), std::max(wire, bytes.size()));
  }
  std::string problem() const { return message.problem() == nullptr ? "" : message.problem(); }
};

const std::string kOwner = "\xC0\x0C";  // the question's name

TEST(Dns, ReadsAQuery) {
  const Decode d(dns_header(0x1234, 0x0100, 1) + dns_question("WwW.Example.ORG", 28));
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.message.id, 0x1234);
  EXPECT_FALSE(d.message.is_response());
  EXPECT_EQ(d.message.name, "www.example.org");
  EXPECT_EQ(d.message.name_bytes, 17);
  EXPECT_EQ(d.message.type, 28);
  EXPECT_EQ(d.problem(), "");
}

TEST(Dns, ReadsTheRoot) {
  const Decode d(dns_header(1, 0x0100, 1) + dns_question("", 2));
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.message.name, "");
  EXPECT_EQ(d.message.name_bytes, 1);
}

TEST(Dns, ReadsAnswersOfEveryKind) {
  const std::string target = std::string("\3ns1") + kOwner;
  const Decode d(dns_header(1, 0x8180, 1, 9) + dns_question("example.org") +
                 dns_record(kOwner, 1, 60, address("192.0.2.1")) + dns_record(kOwner, 28, 61, address("2001:db8::1")) +
                 dns_record(kOwner, 2, 62, target) + dns_record(kOwner, 5, 63, target) +
                 dns_record(kOwner, 12, 64, target) + dns_record(kOwner, 15, 65, be(10, 2) + target) +
                 dns_record(kOwner, 33, 66, be(1, 2) + be(2, 2) + be(443, 2) + target) +
                 dns_record(kOwner, 16, 67, "\5hello\6 w\xC3\xB6rl") + dns_record(kOwner, 10, 68, "tunnel"));
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.problem(), "");
  const auto answers = d.message.answers();
  ASSERT_EQ(answers.size(), 9U);
  EXPECT_EQ(answers[0].address->to_string(), "192.0.2.1");
  EXPECT_EQ(answers[0].ttl, 60U);
  EXPECT_EQ(answers[0].name, "example.org");
  EXPECT_EQ(answers[1].address->to_string(), "2001:db8::1");
  for (std::size_t i = 2; i <= 6; ++i) {
    EXPECT_TRUE(answers[i].has_target);
    EXPECT_EQ(answers[i].target, "ns1.example.org") << i;
  }
  EXPECT_EQ(answers[7].target, "hello w\\195\\182rl");
  EXPECT_FALSE(answers[8].has_target);
  EXPECT_FALSE(answers[8].address);
}

TEST(Dns, AddsTheUpperBitsOfTheResponseCode) {
  const Decode d(dns_header(1, 0x8180, 1, 0, 0, 1) + dns_question("example.org") + std::string(1, '\0') + be(41, 2) +
                 be(1232, 2) + be(0x01000000, 4) + be(0, 2));  // BADVERS is 16
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.message.rcode, 16);
}

TEST(Dns, EscapesNamesOfEightBits) {
  const std::string label = std::string("\0\xFF.\\ A", 6);
  const Decode d(dns_header(1, 0x0100, 1) + be(label.size(), 1) + label + std::string(1, '\0') + be(10, 2) + be(1, 2));
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.message.name, "\\000\\255\\.\\\\\\032a");
  EXPECT_EQ(d.message.name_bytes, 8);
}

TEST(Dns, BoundsNames) {
  const std::string longest =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd');
  const Decode fits(dns_header(1, 0x0100, 1) + dns_question(longest));
  ASSERT_TRUE(fits.valid);
  EXPECT_EQ(fits.message.name_bytes, 255);
  EXPECT_EQ(fits.message.name, longest);
  const Decode over(dns_header(1, 0x0100, 1) + dns_question(longest + "d"));
  EXPECT_FALSE(over.valid);
  EXPECT_EQ(over.problem(), "dns-name-length");
  EXPECT_EQ(Decode(dns_header(1, 0x0100, 1) + "\x40" + std::string(80, 'x')).problem(), "dns-label-type");
  EXPECT_EQ(Decode(dns_header(1, 0x0100, 1) + "\x80" + std::string(80, 'x')).problem(), "dns-label-type");
}

TEST(Dns, FollowsPointersOnlyBackwards) {
  const auto problem = [](const std::string& name) {
    return Decode(dns_header(1, 0x0100, 1) + name + be(1, 2) + be(1, 2)).problem();
  };
  EXPECT_EQ(problem("\xC0\x0C"), "dns-name-pointer");     // to itself
  EXPECT_EQ(problem("\xC0\x0E"), "dns-name-pointer");     // forwards
  EXPECT_EQ(problem("\1a\xC0\x0C"), "dns-name-pointer");  // a loop through a label
  EXPECT_EQ(problem("\xFF\xFF"), "dns-name-pointer");     // out of the message
  // Two names that point at each other.
  const Decode ring(dns_header(1, 0x8180, 1, 1) + dns_question("a") + dns_record("\xC0\x13", 1, 1, "abcd"));
  EXPECT_EQ(ring.problem(), "dns-name-pointer");
  // A chain of pointers, each to the one before, is legal and ends.
  std::string chain = dns_name("x");
  std::string records;
  std::size_t at = kDnsHeaderBytes + chain.size() + 4, previous = kDnsHeaderBytes;
  for (int i = 0; i < 128; ++i) {
    records += dns_record(be(0xC000 | previous, 2), 1, 1, "abcd");
    previous = at;
    at = kDnsHeaderBytes + chain.size() + 4 + records.size();
  }
  const Decode d(dns_header(1, 0x8180, 1, 128) + dns_question("x") + records);
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.problem(), "");
  EXPECT_EQ(d.message.answers().back().name, "x");
  records += dns_record(be(0xC000 | previous, 2), 1, 1, "abcd");  // but not for ever
  EXPECT_EQ(Decode(dns_header(1, 0x8180, 1, 129) + dns_question("x") + records).problem(), "dns-name-pointer");
}

TEST(Dns, DoesNotBelieveCounts) {
  const Decode d(dns_header(1, 0x8180, 1, 0xFFFF, 0xFFFF, 0xFFFF) + dns_question("example.org") +
                 dns_record(kOwner, 1, 60, address("192.0.2.1")));
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.problem(), "dns-truncated");
  EXPECT_EQ(d.message.answers().size(), 1U);
  EXPECT_EQ(d.message.answer_count, 0xFFFF);
}

TEST(Dns, RefusesWhatIsNone) {
  EXPECT_EQ(Decode("12345678901").problem(), "dns-short-header");
  EXPECT_EQ(Decode(dns_header(1, 0x7800, 0)).problem(), "dns-opcode");
  EXPECT_FALSE(Decode(dns_header(1, 0x0100, 1)).valid);
  EXPECT_TRUE(Decode(dns_header(1, 0x8185, 0)).valid);  // a bare refusal
  EXPECT_EQ(Decode(dns_header(1, 0x0100, 0)).problem(), "dns-no-question");
  EXPECT_EQ(Decode(dns_header(1, 0x8180, 0) + "and more").problem(), "dns-no-question");
  EXPECT_FALSE(Decode(dns_header(1, 0x8180, 0, 1) + "no record").valid);
  EXPECT_EQ(Decode(dns_header(1, 0x0100, 1) + dns_name("a.example") + be(1, 2) + be(77, 2)).problem(), "dns-class");
  EXPECT_TRUE(
      Decode(dns_header(1, 0x8180, 2) + dns_question("fine.example") + "\x7F").valid);  // the first question stands
  // Random bytes hardly ever are one.
  std::mt19937 random(5);
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string noise(200, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    taken += Decode(noise).valid ? 1 : 0;
  }
  EXPECT_LE(taken, 2);
}

TEST(Dns, ChecksLengthsOfAddresses) {
  const Decode d(dns_header(1, 0x8180, 1, 1) + dns_question("a") + dns_record(kOwner, 1, 60, "12345"));
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.problem(), "dns-address-length");
  EXPECT_FALSE(d.message.answers()[0].address);
  const Decode chaos(dns_header(1, 0x8180, 1, 1) + dns_question("a") + kOwner + be(1, 2) + be(3, 2) + be(0, 4) +
                     be(4, 2) + "abcd");
  EXPECT_FALSE(chaos.message.answers()[0].address);  // another class's A record
}

TEST(Dns, ANameMayNotRunOutOfItsRecord) {
  const Decode d(dns_header(1, 0x8180, 1, 2) + dns_question("a") + kOwner + be(5, 2) + be(1, 2) + be(0, 4) + be(2, 2) +
                 "\3ns1" + std::string(1, '\0') + dns_record(kOwner, 1, 60, "abcd"));
  EXPECT_EQ(d.problem().empty(), false);
}

// What the capture cut off is no fault of the message.
TEST(Dns, ForgivesTheSnapLength) {
  const std::string whole = testing::dns_response(7, "www.example.org");
  const Decode d(whole.substr(0, whole.size() - 6), whole.size());
  ASSERT_TRUE(d.valid);
  EXPECT_EQ(d.problem(), "");
  EXPECT_EQ(d.message.name, "www.example.org");
  EXPECT_EQ(d.message.wire_length, whole.size());
  EXPECT_TRUE(d.message.answers().empty());
}

TEST(Dns, SurvivesTruncationAtEveryByte) {
  const std::string whole = dns_header(1, 0x8180, 2, 3, 1, 1) + dns_question("example.org") + kOwner + be(1, 2) +
                            be(1, 2) + dns_record(kOwner, 15, 65, be(10, 2) + std::string("\2mx") + kOwner) +
                            dns_record(kOwner, 16, 67, "\5hello") + dns_record(kOwner, 1, 60, "abcd") +
                            dns_record(kOwner, 2, 60, "\1a" + kOwner) + dns_record(std::string(1, '\0'), 41, 0, "");
  std::size_t most = 0;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const Decode d(whole.substr(0, length));
    EXPECT_EQ(d.problem().empty(), length == whole.size()) << length;
    EXPECT_GE(d.message.answers().size(), most);  // never fewer than from a shorter part
    most = d.message.answers().size();
  }
  EXPECT_EQ(most, 3U);
}

TEST(Dns, AQueryIsRecognisedOnAnyPort) {
  const std::string query = testing::dns_query(1, "example.org");
  EXPECT_TRUE(looks_like_dns_query(as_bytes(query)));
  EXPECT_TRUE(looks_like_dns_query(as_bytes(dns_header(1, 0x0120, 1, 0, 0, 1) + dns_question("example.org") +
                                            dns_record(std::string(1, '\0'), 41, 0, ""))));
  EXPECT_FALSE(looks_like_dns_query(as_bytes(query + "more")));
  EXPECT_FALSE(looks_like_dns_query(as_bytes(query.substr(0, query.size() - 1))));
  EXPECT_FALSE(looks_like_dns_query(as_bytes(testing::dns_response(1, "example.org"))));
  EXPECT_FALSE(looks_like_dns_query(as_bytes("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")));
  EXPECT_FALSE(looks_like_dns_query(as_bytes(std::string(64, '\0'))));
  EXPECT_FALSE(looks_like_dns_query(as_bytes(std::string(64, '\xFF'))));
}

}  // namespace
}  // namespace rw
