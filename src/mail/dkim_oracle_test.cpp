// DKIM held against OpenDKIM's library, where it is installed: the same generated messages must give the same answer.
#include <gtest/gtest.h>

#if __has_include(<opendkim/dkim.h>)
// The header is C and takes its boolean type for granted.
#define _Bool bool
#include <opendkim/dkim.h>
#undef _Bool
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <random>

#include "mail/dkim.h"
#include "mail/dkim_testing.h"

namespace rw {
namespace {

using testing::sign_message;
using testing::SigningKey;
using testing::SignSpec;

// OpenDKIM with keys from a file.
class Oracle {
 public:
  explicit Oracle(const std::vector<std::pair<std::string, std::string>>& keys)
      : path_("/tmp/rw-dkim-oracle-" + std::to_string(getpid())), library_(dkim_init(nullptr, nullptr)) {
    std::ofstream file(path_);
    for (const auto& [name, text] : keys) file << name << " " << text << "\n";
    file.close();
    dkim_query_t method = DKIM_QUERY_FILE;
    dkim_options(library_, DKIM_OP_SETOPT, DKIM_OPTS_QUERYMETHOD, &method, sizeof method);
    dkim_options(library_, DKIM_OP_SETOPT, DKIM_OPTS_QUERYINFO, path_.data(), path_.size());
  }
  ~Oracle() {
    dkim_close(library_);
    std::remove(path_.c_str());
  }
  bool passes(const Message& message) const {
    DKIM_STAT status = DKIM_STAT_OK;
    DKIM* dkim = dkim_verify(library_, reinterpret_cast<const unsigned char*>("t"), nullptr, &status);
    for (const HeaderField& field : message.fields) {
      std::string raw(field.raw);
      while (raw.ends_with('\n') || raw.ends_with('\r')) raw.pop_back();
      (void)dkim_header(dkim, reinterpret_cast<unsigned char*>(raw.data()), raw.size());
    }
    status = dkim_eoh(dkim);
    std::string body(message.body);
    if (status == DKIM_STAT_OK && !body.empty())
      status = dkim_body(dkim, reinterpret_cast<unsigned char*>(body.data()), body.size());
    if (status == DKIM_STAT_OK) status = dkim_eom(dkim, nullptr);
    dkim_free(dkim);
    return status == DKIM_STAT_OK;
  }

 private:
  std::string path_;
  DKIM_LIB* library_;
};

class OracleTest : public ::testing::Test {
 protected:
  OracleTest() : oracle_({{"s1._domainkey.example.org", key_.record()}}) {
    DnsRecord record;
    record.text = key_.record();
    resolver_.add("s1._domainkey.example.org", DnsType::kTxt, record);
    resolver_.answer_for_everything(true);
  }
  bool ours(const Message& message) {
    const auto verdicts = verify_dkim(resolver_, message, Timestamp::now());
    return verdicts.size() == 1 && verdicts[0].result == DkimResult::kPass;
  }
  SigningKey key_ = SigningKey::rsa(1024);
  ZoneResolver resolver_;
  Oracle oracle_;
};

// What has one answer: a header that all readers split alike, and a body as SMTP brings it. OpenDKIM 2.11.0~beta2 adds
// no line end in relaxed form to a body without one, which RFC 6376 3.4.4 asks for.
bool comparable(const Message& message) {
  return message.defects.empty() && (message.body.empty() || message.body.ends_with("\r\n"));
}

std::string random_text(std::mt19937& random, std::size_t most, bool lines) {
  static constexpr std::string_view kLetters = "ab  \t.=;:";
  std::string out;
  for (std::size_t n = random() % most; n > 0; --n) {
    if (lines && random() % 6 == 0)
      out += "\r\n";
    else
      out += kLetters[random() % kLetters.size()];
  }
  return out;
}

// A change such as relays make, or an attacker.
std::string changed(std::mt19937& random, std::string text) {
  const std::size_t at = random() % text.size();
  switch (random() % 6) {
    case 0: return text;
    case 1: return text.insert(at, " ");
    case 2: return text.insert(at, "x");
    case 3: return text.erase(at, 1);
    case 4: return text + "\r\n";
    default: return text + "more\r\n";
  }
}

TEST_F(OracleTest, GeneratedMessages) {
  std::mt19937 random(1);
  int passing = 0, compared = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string message = "From: a@example.org\r\nTo: " + random_text(random, 30, false) +
                                "b\r\nSubject:" + random_text(random, 20, false) + "x\r\n\t" +
                                "y\r\nDate: today\r\n\r\n" + random_text(random, 120, true);
    SignSpec spec;
    spec.header = random() % 2 != 0 ? "simple" : "relaxed";
    spec.body = random() % 2 != 0 ? "simple" : "relaxed";
    if (random() % 4 == 0) spec.length = std::to_string(random() % 40);
    const std::string bytes = changed(random, sign_message(message, key_, spec));
    const Message parsed = parse_message(bytes);
    if (!comparable(parsed)) continue;
    const bool pass = ours(parsed);
    EXPECT_EQ(pass, oracle_.passes(parsed)) << bytes;
    passing += pass ? 1 : 0;
    ++compared;
  }
  EXPECT_GT(passing, 80);
  EXPECT_GT(compared - passing, 80);
}

TEST_F(OracleTest, TruncatedAtEveryByte) {
  const std::string message =
      "From: a@example.org\r\nTo: b@example.net\r\nSubject: x\r\n\ty\r\n\r\nline one\r\n\r\nline  two \r\n\r\n";
  for (const char* form : {"simple", "relaxed"}) {
    const std::string bytes = sign_message(message, key_, {.header = form, .body = form});
    for (std::size_t n = 20; n <= bytes.size(); ++n) {
      const std::string cut = bytes.substr(0, n);
      const Message parsed = parse_message(cut);
      if (!comparable(parsed)) continue;
      EXPECT_EQ(ours(parsed), oracle_.passes(parsed)) << form << " " << n;
    }
  }
}

}  // namespace
}  // namespace rw
#else
TEST(OracleTest, GeneratedMessages) { GTEST_SKIP() << "no libopendkim-dev (scripts/bootstrap test)"; }
#endif
