// Names drawn by lot against names that people write.
#include "detect/tor_names.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(TorNames, HaveAForm) {
  EXPECT_EQ(tor_form("www.ct7ctrgb6cr7.com"), "ct7ctrgb6cr7");
  EXPECT_EQ(tor_form("www.facebook.com"), "facebook");  // the form alone proves nothing
  EXPECT_EQ(tor_form("www.abc.com"), "");
  EXPECT_EQ(tor_form("www.a8b9c1d0.com"), "");  // no base32
  EXPECT_EQ(tor_form("www.img.example.com"), "");
  EXPECT_EQ(tor_form("mail.ct7ctrgb6cr7.com"), "");
  EXPECT_EQ(tor_form("www.ct7ctrgb6cr7.net"), "");
  EXPECT_EQ(tor_form("www.ct7ctrgb6cr7.net", ".net"), "ct7ctrgb6cr7");
  EXPECT_EQ(tor_form("www..com"), "");
  EXPECT_EQ(tor_form(""), "");
}

TEST(TorNames, DrawnByLotScoreHigherThanWritten) {
  for (const char* lot : {"ct7ctrgb6cr7", "e6r5p57kbafwrxj3plz", "q4cyamnc6mtokjurvdclt", "gfu7hbxpfp"})
    EXPECT_GT(lot_score(lot), 4) << lot;
  for (const char* written : {"facebook", "google", "wikipedia", "stackoverflow", "dota2", "37signals", "w3schools"})
    EXPECT_LT(lot_score(written), 2) << written;
  EXPECT_EQ(lot_score(""), 0);
}

TEST(TorNames, CertificatesHaveTwoOfThemAndNothingElse) {
  EXPECT_TRUE(tor_certificate("CN=www.shnlpgrwmd.net", "CN=www.6plrz7gk4jqdh.com"));
  EXPECT_FALSE(tor_certificate("CN=www.shnlpgrwmd.com", "CN=www.6plrz7gk4jqdh.com"));
  EXPECT_FALSE(tor_certificate("CN=www.example.net,O=Example", "CN=www.sixty.com"));
  EXPECT_FALSE(tor_certificate("CN=www.shnlpgrwmd.net", "CN=www.shnlpgrwmd.com"));
  EXPECT_FALSE(tor_certificate("", ""));
}

}  // namespace
}  // namespace rw
