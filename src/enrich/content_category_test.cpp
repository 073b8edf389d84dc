// Categories of sites by name.
#include "enrich/content_category.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(ContentCategory, KnowsSitesAndWhatLiesBelowThem) {
  EXPECT_EQ(content_category("facebook.com"), "social");
  EXPECT_EQ(content_category("www.facebook.com"), "social");
  EXPECT_EQ(content_category("notfacebook.com"), "");
  EXPECT_EQ(content_category("upwork.com"), "freelance");
  EXPECT_EQ(content_category("api.binance.com"), "exchange");
  EXPECT_EQ(content_category("scholar.google.com"), "education");
  EXPECT_EQ(content_category("google.com"), "");
}

TEST(ContentCategory, PublicBodiesSayItThemselves) {
  EXPECT_EQ(content_category("www.example.gov"), "government");
  EXPECT_EQ(content_category("www.example.gov.uk"), "government");
  EXPECT_EQ(content_category("www.example.go.kr"), "government");
  EXPECT_EQ(content_category("lib.example.edu"), "education");
  EXPECT_EQ(content_category("lib.example.ac.jp"), "education");
  for (const char* none : {"", "gov", "gov.uk", "go.com", "example.ac", "com"})
    EXPECT_EQ(content_category(none), "") << none;
}

}  // namespace
}  // namespace rw
