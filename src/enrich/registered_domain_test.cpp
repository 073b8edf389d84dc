// Registered domains of names as the records hold them.
#include "enrich/registered_domain.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace rw {
namespace {

TEST(RegisteredDomainTest, SuffixPlusOneLabel) {
  EXPECT_EQ(registered_domain("www.example.com"), "example.com");
  EXPECT_EQ(registered_domain("example.com"), "example.com");
  EXPECT_EQ(registered_domain("a.b.example.co.uk"), "example.co.uk");
  EXPECT_EQ(registered_domain("x.city.kawasaki.jp"), "city.kawasaki.jp") << "an exception rule";
  EXPECT_EQ(registered_domain("a.b.c.kawasaki.jp"), "b.c.kawasaki.jp") << "a wildcard rule";
  EXPECT_EQ(registered_domain("a.b.github.io"), "b.github.io") << "the private part of the list";
  EXPECT_EQ(registered_domain("www.rodong.rep.kp"), "rodong.rep.kp");
}

TEST(RegisteredDomainTest, UnknownTopLevelDomain) {
  EXPECT_EQ(registered_domain("x.y.lan"), "y.lan");
  EXPECT_EQ(registered_domain("printer.local"), "printer.local");
}

TEST(RegisteredDomainTest, NoneForSuffixesSingleLabelsAndReverseNames) {
  for (const char* name :
       {"", "com", "co.uk", "localhost", "arpa", "1.2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "."})
    EXPECT_EQ(registered_domain(name).data(), nullptr) << name;
  EXPECT_EQ(registered_domain("notarpa.com"), "notarpa.com");
  EXPECT_EQ(registered_domain("x.y.karpa"), "y.karpa");
}

TEST(RegisteredDomainTest, EscapedDotsSeparateNothing) {
  EXPECT_EQ(registered_domain("foo\\.com").data(), nullptr) << "one label";
  EXPECT_EQ(registered_domain("a\\.b.example.com"), "example.com");
  EXPECT_EQ(registered_domain("www.exa\\.mple.com"), "exa\\.mple.com");
  EXPECT_EQ(registered_domain("www.\\195\\164.com"), "\\195\\164.com");
  EXPECT_EQ(registered_domain("a.b\\\\.com"), "b\\\\.com") << "an escaped backslash before a separating dot";
}

TEST(RegisteredDomainTest, CutEscapesAndOddDotsAreBounded) {
  for (const char* name : {"\\", "a.\\", "a.\\1", "a.\\19", "..", "a..b", ".com", "a.com."}) {
    const std::string text(name);
    const std::string_view domain = registered_domain(text);
    EXPECT_LE(domain.size(), text.size()) << name;
  }
  EXPECT_EQ(registered_domain(std::string(5000, 'a') + ".example.com").data(), nullptr)
      << "longer than any name can be";
}

TEST(RegisteredDomainTest, LongEscapedLabels) {
  std::string label;
  for (int i = 0; i < 63; ++i) label += "\\255";
  for (int round = 0; round < 2; ++round) EXPECT_EQ(registered_domain("www." + label + ".com"), label + ".com");
}

TEST(RegisteredDomainTest, ManyLabelsUseTheLastOnes) {
  std::string name = "example.co.uk";
  for (int i = 0; i < 60; ++i) name = "l" + std::to_string(i) + "." + name;
  EXPECT_EQ(registered_domain(name), "example.co.uk");
  EXPECT_EQ(registered_domain("other." + name), "example.co.uk");
}

TEST(RegisteredDomainTest, ThreadsDoNotDisturbEachOther) {
  const auto work = [] {
    for (int i = 0; i < 20'000; ++i) {
      const std::string name = "h" + std::to_string(i % 5'000) + ".d" + std::to_string(i % 700) + ".co.uk";
      ASSERT_EQ(registered_domain(name), name.substr(name.find('.') + 1));
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
}

}  // namespace
}  // namespace rw
