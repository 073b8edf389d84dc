// Canonical forms: the same thing told in several ways is one text.
#include "model/indicator_text.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(IndicatorText, Domains) {
  EXPECT_EQ(canonical_domain(" Evil[.]Example.ORG. "), "evil.example.org");
  EXPECT_EQ(canonical_domain("*.wide.example"), "wide.example");
  EXPECT_EQ(canonical_domain("_dmarc.example.org"), "_dmarc.example.org");
  EXPECT_EQ(canonical_domain("b\xC3\xBC.example"), R"(b\195\188.example)");
  for (const char* bad : {"", "localhost", "a..b", "192.0.2.1", "1.2.3.400", "a b.example", "a/b.example", "x.1"})
    EXPECT_EQ(canonical_domain(bad), "") << bad;
  EXPECT_EQ(canonical_domain(std::string(64, 'a') + ".example"), "");
}

TEST(IndicatorText, Urls) {
  EXPECT_EQ(canonical_url("HTTP://User:pw@Evil.Example:80/A?b=C#d"), "http://evil.example/A?b=C");
  EXPECT_EQ(canonical_url("hxxps://evil[.]example"), "https://evil.example/");
  EXPECT_EQ(canonical_url("http://evil.example:8080"), "http://evil.example:8080/");
  for (const char* bad : {"", "evil.example/a", "javascript://x", "http://", "http://a:b/"})
    EXPECT_EQ(canonical_url(bad), "") << bad;
  EXPECT_EQ(requested_url("Evil.Example", "/A?b=C", 80), "http://evil.example/A?b=C");
  EXPECT_EQ(requested_url("evil.example", "/", 8080), "http://evil.example:8080/");
  EXPECT_EQ(requested_url("proxy", "http://evil.example/x", 3128), "http://evil.example/x");
}

TEST(IndicatorText, Hashes) {
  EXPECT_EQ(canonical_hash("D41D8CD98F00B204E9800998ECF8427E"), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(canonical_hash("d41d8cd98f00b204e9800998ecf8427"), "");
  EXPECT_EQ(canonical_hash("x41d8cd98f00b204e9800998ecf8427e"), "");
}

TEST(IndicatorText, AddressSpans) {
  AddressSpan span;
  ASSERT_TRUE(read_address_span("192.0.2.77/24", span));
  EXPECT_EQ(span.text, "192.0.2.0/24");
  EXPECT_FALSE(span.single);
  ASSERT_TRUE(read_address_span("192.0.2.1/32", span));
  EXPECT_EQ(span.text, "192.0.2.1");
  EXPECT_TRUE(span.single);
  ASSERT_TRUE(read_address_span("192.0.2.1 - 192.0.2.9", span));
  EXPECT_EQ(span.text, "192.0.2.1-192.0.2.9");
  for (const char* bad :
       {"", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "192.0.2.0/33", "192.0.2.0/", "a/8", "1.2.3"})
    EXPECT_FALSE(read_address_span(bad, span)) << bad;
}

}  // namespace
}  // namespace rw
