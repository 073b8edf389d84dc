// Tests of what is seen of HTML, what is hidden, where links lead, and of addresses in text.
#include "message/html.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "message/utf8.h"

namespace rw {
namespace {

struct Case {
  std::string html, text, hidden;
};
class Html : public ::testing::TestWithParam<Case> {};
TEST_P(Html, IsSeenAsExpected) {
  const HtmlText seen = read_html(GetParam().html);
  EXPECT_EQ(seen.text, GetParam().text) << GetParam().html;
  EXPECT_EQ(seen.hidden, GetParam().hidden) << GetParam().html;
}
INSTANTIATE_TEST_SUITE_P(
    Text, Html,
    ::testing::Values(Case{"a  b\n c", "a b c", ""}, Case{"<p>one</p><p>two</p>", "one\ntwo", ""},
                      Case{"a<br>b<BR/>c", "a\nb\nc", ""},
                      Case{"x&amp;y &lt;b&gt; &#65;&#x42; &euro;&nbsp;1 &copy 2 &unknown; &",
                           "x&y <b> AB \xE2\x82\xAC\xC2\xA0"
                           "1 \xC2\xA9 2 &unknown; &",
                           ""},
                      Case{"&#128;&#0;&#xD800;&#99999999999;", "\xE2\x82\xAC\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", ""},
                      Case{"<script>var a = '<p>x</p>';</script>y", "y", ""}, Case{"<style>p { }</style>y", "y", ""},
                      Case{"<SCRIPT>x</scriptx></Script >y", "y", ""}, Case{"<script>never closed", "", ""},
                      Case{"a<!-- <p>b --> c", "a c", ""}, Case{"a<!-->b-->", "ab-->", ""},
                      Case{"a<!never>b<?php ?>c</ x>d", "abcd", ""}, Case{"1 < 2 <3", "1 < 2 <3", ""},
                      Case{"a<b", "a", ""}, Case{"<a title=\"x > y\">z</a>", "z", ""}, Case{"<td>a<td>b", "a\nb", ""},
                      Case{"\xFF<p>\xC3\xA9", "\xEF\xBF\xBD\n\xC3\xA9", ""},
                      Case{"<img alt=\"a &amp; b\"> c", "a & b c", ""}, Case{"", "", ""}));
INSTANTIATE_TEST_SUITE_P(
    Hidden, Html,
    ::testing::Values(Case{"<div style=\"display:none\">a<b>b</b></div>c", "c", "ab"},
                      Case{"<span style='DISPLAY : NONE !important;'>a</span>c", "c", "a"},
                      Case{"<span hidden>a</span>c", "c", "a"},
                      Case{"<span style=\"font-size:0\">a<i style=\"font-size:12px\">b</i></span>c", "bc", "a"},
                      Case{"<span style=\"font-size:1px\">a</span>c", "c", "a"},
                      Case{"<span style=\"visibility:hidden\">a</span>c", "c", "a"},
                      Case{"<span style=\"opacity:0\">a</span>c", "c", "a"},
                      Case{"<span style=\"color:#fff\">a</span>c", "c", "a"},
                      Case{"<td bgcolor=#333 style=\"color:#FFFFFF\">a</td>", "a", ""},
                      Case{"<div style=\"background:#eee;color:#EEEEEE\">a</div>c", "c", "a"},
                      Case{"<style></style><span style=\"color:#fff\">a</span>", "a", ""},
                      Case{"<font color=white>a</font>c", "c", "a"},
                      Case{"<div style=\"max-height:0;overflow:hidden\">a</div>c", "c", "a"},
                      Case{"<div style=\"height:0\">a</div>", "a", ""},
                      Case{"<div style=\"position:absolute;left:-9999px\">a</div>c", "c", "a"},
                      Case{"<p style=\"display:none\">a<p>b", "b", "a"},
                      Case{"<table><tr><td style=\"display:none\">a<td>b</table>", "b", "a"},
                      Case{"<!--[if mso]>a<p>b</p><![endif]-->c", "c", "a\nb"},
                      Case{"<!--[if !mso]><!-->a<!--<![endif]-->b", "ab", ""},
                      Case{"<span style=\"display:none\">a</div>b</span>c", "c", "ab"},
                      Case{"<head><title>t</title>x</head><body>y", "y", "x"},
                      Case{"<span style=\"color:transparent\">a</span>c", "c", "a"}));

struct LinkCase {
  std::string html, href, text, shown, target;
  bool misleads;
};
class Links : public ::testing::TestWithParam<LinkCase> {};
TEST_P(Links, AreReadAsExpected) {
  const LinkCase& c = GetParam();
  const HtmlText seen = read_html(c.html);
  ASSERT_EQ(seen.links.size(), 1U) << c.html;
  EXPECT_EQ(seen.links[0].href, c.href);
  EXPECT_EQ(seen.links[0].text, c.text);
  EXPECT_EQ(seen.links[0].shown_host(), c.shown);
  EXPECT_EQ(seen.links[0].target_host(), c.target);
  EXPECT_EQ(seen.links[0].misleads(), c.misleads) << c.html;
}
INSTANTIATE_TEST_SUITE_P(
    All, Links,
    ::testing::Values(
        LinkCase{"<a href=\"https://evil.example/x\">https://bank.example/</a>", "https://evil.example/x",
                 "https://bank.example/", "bank.example", "evil.example", true},
        LinkCase{"<a href='https://evil.example'><b>bank</b>.example</a>", "https://evil.example", "bank.example",
                 "bank.example", "evil.example", true},
        LinkCase{"<a href=https://www.bank.example/a>bank.example</a>", "https://www.bank.example/a", "bank.example",
                 "bank.example", "www.bank.example", false},
        LinkCase{"<a href=https://bank.example>www.bank.example</a>", "https://bank.example", "www.bank.example",
                 "www.bank.example", "bank.example", false},
        LinkCase{"<a href=https://evil.example>Click here</a>", "https://evil.example", "Click here", "",
                 "evil.example", false},
        LinkCase{"<a href=https://evil.example>Invoice.pdf</a>", "https://evil.example", "Invoice.pdf", "",
                 "evil.example", false},
        LinkCase{"<a href=https://bank.example@evil.example/>bank.example</a>", "https://bank.example@evil.example/",
                 "bank.example", "bank.example", "evil.example", true},
        LinkCase{"<a href=\"https:\\\\evil.example\\@bank.example\">bank.example</a>",
                 "https:\\\\evil.example\\@bank.example", "bank.example", "bank.example", "evil.example", true},
        LinkCase{"<a href=\" \nhtt&#9;ps&colon;&sol;/evil&period;example\">bank&#8203;.example</a>",
                 "https://evil.example", "bank\xE2\x80\x8B.example", "bank.example", "evil.example", true},
        LinkCase{"<base href=https://evil.example/a/b><a href=c>bank.example</a>", "https://evil.example/a/c",
                 "bank.example", "bank.example", "evil.example", true},
        LinkCase{"<base href=https://evil.example/a><a href=//x.example/c>d</a>", "https://x.example/c", "d", "",
                 "x.example", false},
        LinkCase{"<a href=https://evil.example>see <span style=display:none>x</span>www.bank.example now</a>",
                 "https://evil.example", "see www.bank.example now", "www.bank.example", "evil.example", true},
        LinkCase{"<a href=mailto:x@evil.example?subject=s>ceo@bank.example</a>", "mailto:x@evil.example?subject=s",
                 "ceo@bank.example", "bank.example", "evil.example", true},
        LinkCase{"<a href=\"?a=1&copy=2&amp;b\">x</a>", "?a=1&copy=2&b", "x", "", "", false},
        LinkCase{"<a href=https://evil.example>b\xC3\xBC"
                 "cher.example</a>",
                 "https://evil.example",
                 "b\xC3\xBC"
                 "cher.example",
                 "xn--bcher-kva.example", "evil.example", true},
        LinkCase{"<form action=https://evil.example>bank.example</form>", "https://evil.example", "", "",
                 "evil.example", false},
        LinkCase{"<meta http-equiv=Refresh content=\"0; URL='https://evil.example'\">", "https://evil.example", "", "",
                 "evil.example", false}));

TEST(Html, TellsScriptsAndForms) {
  EXPECT_TRUE(read_html("<a href=\"java\nscript:x\">y</a>").script);
  EXPECT_TRUE(read_html("<body onload=x>").script);
  EXPECT_TRUE(read_html("<svg/onload=x>").script);
  EXPECT_FALSE(read_html("<p>script</p>").script);
  EXPECT_TRUE(read_html("<input TYPE=Password>").form);
  EXPECT_FALSE(read_html("<input>").form);
  const HtmlText seen = read_html("<img src=cid:x><iframe src=https://x.example></iframe>");
  ASSERT_EQ(seen.links.size(), 2U);
  EXPECT_EQ(seen.links[1].kind, LinkKind::kResource);
  EXPECT_EQ(seen.links[1].offset, 15U);
  EXPECT_TRUE(read_html("<p style=display:none><a href=https://x.example>y</a>").links[0].hidden);
}

TEST(Html, IsBounded) {
  EXPECT_TRUE(read_html(std::string(kMaxHtmlText + 10, 'x') + " y").cut);
  std::string links;
  for (std::size_t i = 0; i < kMaxHtmlLinks + 1; ++i) links += "<a href=x>y</a>";
  EXPECT_TRUE(read_html(links).cut);
  EXPECT_EQ(read_html(links).links.size(), kMaxHtmlLinks);
  EXPECT_FALSE(read_html("<a href=x>" + std::string(1000, 'y') + "</a>").cut);
}

TEST(Html, HostileMarkupTakesNoTime) {
  for (const std::string& piece : std::vector<std::string>{
           "<", "<!--", "<!--[if x]>", "&", "&#", "<a href=\"", "<div>", "</div>", "<p>", "<td>", "<li></b>",
           "<script>", "</", "<a b='", "<b style='a:b;'>", "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", " <x/"}) {
    std::string html;
    while (html.size() < 2'000'000) html += piece;
    const HtmlText seen = read_html(html);
    EXPECT_TRUE(valid_utf8(seen.text));
    find_urls(html);
  }
}

TEST(Html, EveryTruncationIsRead) {
  const std::string whole =
      "<!--[if mso]>x<![endif]--><base href='https://b.example/'><p "
      "style=\"color:#fff;font-size:0\">&amp;&#x41;&eacute<a href=\"x&amp;y\">"
      "<img alt=a src=b></a><script>z</script><meta http-equiv=refresh content='1;url=\"c\"'>\xE2\x82\xAC";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    const HtmlText seen = read_html(std::string(whole.substr(0, n)));
    EXPECT_TRUE(valid_utf8(seen.text) && valid_utf8(seen.hidden));
    for (const HtmlLink& link : seen.links) {
      EXPECT_TRUE(valid_utf8(link.href) && valid_utf8(link.text));
      (void)link.misleads();
    }
  }
}

struct UrlCase {
  std::string url, host;
};
class UrlHosts : public ::testing::TestWithParam<UrlCase> {};
TEST_P(UrlHosts, AreWhereABrowserGoes) { EXPECT_EQ(url_host(GetParam().url), GetParam().host) << GetParam().url; }
INSTANTIATE_TEST_SUITE_P(
    All, UrlHosts,
    ::testing::Values(
        UrlCase{"https://Example.ORG/x", "example.org"}, UrlCase{"https://example.org.:8443", "example.org"},
        UrlCase{"https:example.org", "example.org"}, UrlCase{"https:////example.org", "example.org"},
        UrlCase{"https://a:b@c@example.org?d@e", "example.org"}, UrlCase{"https://ex%61mple.org", "example.org"},
        UrlCase{"https://example\xE3\x80\x82org", "example.org"}, UrlCase{"https://3221225985/", "192.0.2.1"},
        UrlCase{"https://0xC0.0.0x201", "192.0.2.1"}, UrlCase{"https://0300.0.2.1", "192.0.2.1"},
        UrlCase{"https://[2001:DB8::1]:80/", "[2001:db8::1]"}, UrlCase{"//example.org/x", "example.org"},
        UrlCase{"/x", ""}, UrlCase{"x", ""}, UrlCase{"javascript://example.org/", ""}, UrlCase{"data:text/html,x", ""},
        UrlCase{"https://", ""}, UrlCase{"mailto:a%40example.org", "example.org"}, UrlCase{"https://256.1.1.1.1/", ""},
        UrlCase{"https://a b/", ""}, UrlCase{"", ""}));

std::string urls(std::string_view text) {
  std::string out;
  for (const TextUrl& url : find_urls(text)) {
    EXPECT_EQ(text.substr(url.offset, url.url.size()), url.url);
    out += (out.empty() ? "" : " ") + std::string(url.url);
  }
  return out;
}
TEST(TextUrls, AreFound) {
  EXPECT_EQ(urls("see https://x.example/a?b=c#d, or HTTP://Y.example."), "https://x.example/a?b=c#d HTTP://Y.example");
  EXPECT_EQ(urls("<https://x.example/> (www.y.example) \"ftp://z.example\""),
            "https://x.example/ www.y.example ftp://z.example");
  EXPECT_EQ(urls("(https://x.example/a_(b))"), "https://x.example/a_(b)");
  EXPECT_EQ(urls("https://b\xC3\xBC"
                 "cher.example/\xC3\xA9!"),
            "https://b\xC3\xBC"
            "cher.example/\xC3\xA9");
  EXPECT_EQ(urls("\xE3\x80\x8Chttps://x.example/a\xE3\x80\x8D\xE3\x80\x82"), "https://x.example/a");
  EXPECT_EQ(urls("hxxp://x.example hxxps://y.example https://z[.]example/ www.x[.]example"), "");
  EXPECT_EQ(urls("awww.x.example ://x.example https:// http:///x www. swww.y"), "");
  EXPECT_EQ(urls(""), "");
}

}  // namespace
}  // namespace rw
