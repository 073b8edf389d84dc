// Look-alikes: what deceives is named with how, and what merely resembles is left alone.
#include "mail/lookalike.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

Lookalikes institute() {
  KnownNames names;
  names.own = {"example.org", "north-watch.org", "bookings.example", "stimwell.org", "mail.agency.go.jp"};
  names.partners = {"brookfield.edu", "policyforum.net"};
  names.allowed = {"example.jp", "north-watch.eu"};
  names.free_mail = {"gmail.com", "naver.com"};
  names.people = {{"Jane Roe", {"jane.roe@gmail.com"}}, {"Kim Cheol-su", {}}, {"Peter Mustermann", {}}};
  return Lookalikes(names);
}

std::string found(const Lookalikes& names, std::string_view domain) {
  const auto match = names.domain(domain);
  return match ? std::string(to_string(match->kind)) + " " + match->like : "";
}

TEST(Lookalikes, EachWayOfDeceivingIsNamed) {
  const Lookalikes names = institute();
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {"examp1e.org", "confusable example.org"},
      {"exarnple.org", "confusable example.org"},
      {"exampIe.org", "confusable example.org"},
      {"ex4mple.org", "confusable example.org"},
      {"xn--exmple-4nf.org", "confusable example.org"},  // Cyrillic а
      {"xn--xample-9ua.org", "confusable example.org"},  // é
      {"stlmwell.org", "confusable stimwell.org"},
      {"stimvvell.org", "confusable stimwell.org"},
      {"exmaple.org", "distance example.org"},
      {"exampel.org", "distance example.org"},
      {"exampple.org", "distance example.org"},
      {"brookfeild.edu", "distance brookfield.edu"},
      {"brookfieldd.edu", "distance brookfield.edu"},
      {"polcyforumm.net", "distance policyforum.net"},
      {"example-security.org", "added-words example.org"},
      {"examplesecurity.com", "added-words example.org"},
      {"my-example.org", "added-words example.org"},
      {"example-org.com", "added-words example.org"},
      {"northwatch.org", "added-words north-watch.org"},
      {"brookfieldreview.com", "added-words brookfield.edu"},
      {"example.com", "other-suffix example.org"},
      {"example.co.uk", "other-suffix example.org"},
      {"brookfield.org", "other-suffix brookfield.edu"},
      {"example.org.evil.net", "subdomain example.org"},
      {"mail.example.org.login.evil.net", "subdomain example.org"},
      {"north-watch-org.evil.net", "subdomain north-watch.org"},
      {"examp1e-security.com", "combined example.org"},
      {"examp1e.com", "combined example.org"},
      {"brookfeild.com", "combined brookfield.edu"},
  };
  for (const auto& [domain, wanted] : kCases) {
    std::string lower(domain);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    EXPECT_EQ(found(names, lower), wanted) << domain;
  }
}

TEST(Lookalikes, HonestNamesAreLeftAlone) {
  const Lookalikes names = institute();
  for (const std::string_view domain : {"example.org",
                                        "mail.example.org",
                                        "example.jp",
                                        "lists.example.jp",
                                        "north-watch.eu",
                                        "brookfield.edu",
                                        "cs.brookfield.edu",
                                        "policyforum.net",
                                        "agency.go.jp",
                                        "go.jp",
                                        "gmail.com",
                                        "naver.com",
                                        "sample.org",
                                        "samples.com",
                                        "templates.org",
                                        "amazon.com",
                                        "microsoft.com",
                                        "booking.com",
                                        "watch.org",
                                        "north.org",
                                        "northwest.org",
                                        "policy.net",
                                        "forum.net",
                                        "brook.edu",
                                        "fields.edu",
                                        "springfield.edu",
                                        "brookside.edu",
                                        "stimulus.org",
                                        "wellness.org",
                                        "maxwell.org",
                                        "example.zendesk.com",
                                        "example.sharepoint.com",
                                        "org.example.net.invalid",
                                        "news.example-press-agency-of-the-far-north.test",
                                        "mailchimp.com",
                                        "google.com",
                                        "outlook.com",
                                        "ample.org",
                                        "exam.org",
                                        "",
                                        "[192.0.2.1]",
                                        "localhost"})
    EXPECT_EQ(found(names, domain), "") << domain;
}

// Domains of real kinds (think tanks, ministries, universities, press) that are near to each other and all honest: the
// share of pairs that would raise an alarm is what an administrator would have to allow by hand.
TEST(Lookalikes, FewHonestNeighboursAreTakenForOneAnother) {
  const std::vector<std::string> kHonest = {"csis.org",
                                            "cfr.org",
                                            "cnas.org",
                                            "rand.org",
                                            "38north.org",
                                            "stimson.org",
                                            "heritage.org",
                                            "cato.org",
                                            "aei.org",
                                            "wilsoncenter.org",
                                            "carnegieendowment.org",
                                            "brookings.edu",
                                            "hudson.org",
                                            "nti.org",
                                            "armscontrol.org",
                                            "iiss.org",
                                            "rusi.org",
                                            "chathamhouse.org",
                                            "sipri.org",
                                            "ecfr.eu",
                                            "swp-berlin.org",
                                            "dgap.org",
                                            "ifri.org",
                                            "kinu.or.kr",
                                            "kida.re.kr",
                                            "ifans.go.kr",
                                            "mofa.go.kr",
                                            "mofa.go.jp",
                                            "nids.mod.go.jp",
                                            "jiia.or.jp",
                                            "state.gov",
                                            "defense.gov",
                                            "un.org",
                                            "iaea.org",
                                            "ctbto.org",
                                            "nknews.org",
                                            "yonhapnews.co.kr",
                                            "reuters.com",
                                            "apnews.com",
                                            "bbc.co.uk",
                                            "nytimes.com",
                                            "washingtonpost.com",
                                            "ft.com",
                                            "economist.com",
                                            "harvard.edu",
                                            "stanford.edu",
                                            "columbia.edu",
                                            "georgetown.edu",
                                            "jhu.edu",
                                            "mit.edu",
                                            "ox.ac.uk",
                                            "cam.ac.uk",
                                            "kcl.ac.uk",
                                            "u-tokyo.ac.jp",
                                            "waseda.jp",
                                            "keio.ac.jp",
                                            "snu.ac.kr",
                                            "yonsei.ac.kr",
                                            "korea.ac.kr",
                                            "northwestern.edu",
                                            "northeastern.edu",
                                            "miami.edu",
                                            "miamioh.edu",
                                            "houston.edu",
                                            "bahn.de",
                                            "bund.de",
                                            "diplo.de",
                                            "post.ch",
                                            "postbank.de",
                                            "commerzbank.de",
                                            "deutsche-bank.de",
                                            "barclays.co.uk",
                                            "lloydsbank.com",
                                            "airbus.com",
                                            "airbnb.com",
                                            "adobe.com",
                                            "apple.com",
                                            "amazon.com",
                                            "amazonaws.com",
                                            "google.com",
                                            "googlegroups.com",
                                            "microsoft.com",
                                            "office.com",
                                            "salesforce.com",
                                            "slack.com",
                                            "zoom.us",
                                            "dropbox.com",
                                            "docusign.net",
                                            "paypal.com",
                                            "visa.com",
                                            "mastercard.com",
                                            "dhl.de",
                                            "ups.com",
                                            "fedex.com",
                                            "linkedin.com",
                                            "twitter.com",
                                            "facebook.com",
                                            "facebookmail.com",
                                            "instagram.com",
                                            "github.com",
                                            "gitlab.com",
                                            "atlassian.net",
                                            "substack.com",
                                            "medium.com",
                                            "eventbrite.com",
                                            "mailchimp.com",
                                            "sendgrid.net"};
  std::size_t pairs = 0, alarms = 0;
  std::string told;
  for (const std::string& own : kHonest) {
    KnownNames known;
    known.own = {own};
    const Lookalikes names(known);
    for (const std::string& other : kHonest) {
      if (own == other) continue;
      ++pairs;
      if (const auto match = names.domain(other)) {
        ++alarms;
        told += own + " ~ " + other + " (" + std::string(to_string(match->kind)) + ")\n";
      }
    }
  }
  RecordProperty("pairs", static_cast<int>(pairs));
  RecordProperty("alarms", static_cast<int>(alarms));
  EXPECT_LE(alarms, 6U) << told;
}

// Every deceiving name that a maker of such names would try for three domains: how many are seen.
TEST(Lookalikes, MostMadeUpDeceptionsAreSeen) {
  std::size_t made = 0, seen = 0;
  std::string missed;
  for (const std::string own : {"stimson.org", "brookings.edu", "wilsoncenter.org"}) {
    KnownNames known;
    known.own = {own};
    const Lookalikes names(known);
    const std::string label = own.substr(0, own.find('.'));
    const std::string suffix = own.substr(own.find('.'));
    std::vector<std::string> all;
    for (std::size_t i = 0; i < label.size(); ++i) {
      all.push_back(label.substr(0, i) + label.substr(i + 1) + suffix);         // left out
      all.push_back(label.substr(0, i) + label[i] + label.substr(i) + suffix);  // doubled
      for (const char c : {'a', 'e', 's', 'x'}) {
        if (label[i] != c) all.push_back(label.substr(0, i) + c + label.substr(i + 1) + suffix);
      }
      if (i + 1 < label.size() && label[i] != label[i + 1]) {
        std::string swapped = label;
        std::swap(swapped[i], swapped[i + 1]);
        all.push_back(swapped + suffix);
      }
      if (i > 0) all.push_back(label.substr(0, i) + "-" + label.substr(i) + suffix);
    }
    for (const std::string other : {".com", ".net", ".co", ".info", ".us"}) all.push_back(label + other);
    for (const std::string word : {"security", "mail", "login", "press", "research", "support"}) {
      all.push_back(label + "-" + word + ".com");
      all.push_back(word + "-" + label + ".org");
      all.push_back(label + word + ".net");
    }
    all.push_back(own + ".verify.test");
    all.push_back("login." + own + "-auth.test");
    for (const std::string& domain : all) {
      ++made;
      if (names.domain(domain))
        ++seen;
      else
        missed += domain + " ";
    }
  }
  RecordProperty("made", static_cast<int>(made));
  RecordProperty("seen", static_cast<int>(seen));
  EXPECT_GE(static_cast<double>(seen) / static_cast<double>(made), 0.98) << missed;
}

TEST(Lookalikes, DisplayNames) {
  const Lookalikes names = institute();
  const auto kind = [&](std::string_view name, std::string_view address) {
    const auto match = names.display_name(name, address, address.substr(address.rfind('@') + 1));
    return match ? std::string(to_string(match->kind)) + " " + match->like : "";
  };
  EXPECT_EQ(kind("ceo@example.org", "x@evil.test"), "address-in-name example.org");
  EXPECT_EQ(kind("Jane Roe (jane@mail.example.org)", "x@evil.test"), "address-in-name mail.example.org");
  EXPECT_EQ(kind("example.org helpdesk", "x@evil.test"), "display-name example.org");
  EXPECT_EQ(kind("Jane Roe", "jane.roe@outlook.com"), "display-name Jane Roe");
  EXPECT_EQ(kind("Dr. JANE ROE", "x@evil.test"), "display-name Jane Roe");
  EXPECT_EQ(kind("Roe, Jane (Example Institute)", "x@evil.test"), "display-name Jane Roe");
  EXPECT_EQ(kind("Pеter Mustermann", "x@evil.test"), "display-name Peter Mustermann");  // Cyrillic е
  EXPECT_EQ(kind("Peter Musterman", "x@evil.test"), "display-name Peter Mustermann");   // one letter less
  EXPECT_EQ(kind("Kim Cheol-Su", "x@evil.test"), "display-name Kim Cheol-su");
  EXPECT_EQ(kind("Jane Roe", "jane@example.org"), "");
  EXPECT_EQ(kind("Jane Roe", "jane@brookfield.edu"), "");
  EXPECT_EQ(kind("Jane Roe", "Jane.Roe@gmail.com"), "");  // her own
  EXPECT_EQ(kind("Jane Doe", "jane@evil.test"), "");
  EXPECT_EQ(kind("John Roe", "john@evil.test"), "");
  EXPECT_EQ(kind("Kim Min-su", "x@evil.test"), "");
  EXPECT_EQ(kind("Jane", "jane@evil.test"), "");
  EXPECT_EQ(kind("news@evil.test", "news@evil.test"), "");
  EXPECT_EQ(kind("", "x@evil.test"), "");
}

TEST(Lookalikes, SkeletonsAndDistances) {
  EXPECT_EQ(confusable_skeleton("paypal"), confusable_skeleton("раураl"));  // Cyrillic р а у р а
  EXPECT_EQ(confusable_skeleton("m"), "rn");
  EXPECT_EQ(confusable_skeleton("1"), "l");
  EXPECT_EQ(confusable_skeleton("\xFF\xFE"), "\xFF\xFE");  // no UTF-8: as it is
  EXPECT_EQ(edit_distance("example", "exmaple", 2), 1U);
  EXPECT_EQ(edit_distance("example", "sample", 3), 2U);
  EXPECT_EQ(edit_distance("example", "completely", 2), 3U);
  EXPECT_EQ(edit_distance("", "ab", 2), 2U);
  EXPECT_EQ(edit_distance("müller", "muller", 2), 1U);
}

TEST(Lookalikes, NobodyKnownFindsNothing) {
  const Lookalikes names;
  EXPECT_TRUE(names.empty());
  EXPECT_FALSE(names.domain("example.org"));
  EXPECT_FALSE(names.display_name("ceo@example.org", "x@y.test", "y.test"));
}

}  // namespace
}  // namespace rw
