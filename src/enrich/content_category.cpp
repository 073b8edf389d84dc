// The table of categories and the search for a name's parents in it.
#include "enrich/content_category.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rw {
namespace {

// Well-known sites that serve one purpose. Those that are everything at once (google.com, microsoft.com) are left out
// but for names below them that are not. Sorted by name.
using Site = std::pair<std::string_view, std::string_view>;
constexpr Site kSites[] = {
    {"aliexpress.com", "shopping"},
    {"aljazeera.com", "news"},
    {"amazon.com", "shopping"},
    {"apnews.com", "news"},
    {"arxiv.org", "education"},
    {"bbc.co.uk", "news"},
    {"bbc.com", "news"},
    {"bilibili.com", "video"},
    {"binance.com", "exchange"},
    {"bing.com", "search"},
    {"bitfinex.com", "exchange"},
    {"bithumb.com", "exchange"},
    {"bitstamp.net", "exchange"},
    {"blockchain.com", "exchange"},
    {"classroom.google.com", "education"},
    {"cnn.com", "news"},
    {"coinbase.com", "exchange"},
    {"coinone.co.kr", "exchange"},
    {"coursera.org", "education"},
    {"dailymotion.com", "video"},
    {"debian.org", "software"},
    {"discord.com", "social"},
    {"duckduckgo.com", "search"},
    {"ebay.com", "shopping"},
    {"edx.org", "education"},
    {"epicgames.com", "games"},
    {"facebook.com", "social"},
    {"fbcdn.net", "social"},
    {"fiverr.com", "freelance"},
    {"freelancer.com", "freelance"},
    {"github.com", "software"},
    {"gitlab.com", "software"},
    {"gmail.com", "mail"},
    {"googlevideo.com", "video"},
    {"guru.com", "freelance"},
    {"huobi.com", "exchange"},
    {"instagram.com", "social"},
    {"iqiyi.com", "video"},
    {"khanacademy.org", "education"},
    {"kraken.com", "exchange"},
    {"kucoin.com", "exchange"},
    {"linkedin.com", "social"},
    {"live.com", "mail"},
    {"localbitcoins.com", "exchange"},
    {"mail.google.com", "mail"},
    {"mail.ru", "mail"},
    {"mail.yahoo.com", "mail"},
    {"netflix.com", "video"},
    {"news.google.com", "news"},
    {"nytimes.com", "news"},
    {"ok.ru", "social"},
    {"okx.com", "exchange"},
    {"outlook.com", "mail"},
    {"peopleperhour.com", "freelance"},
    {"pinterest.com", "social"},
    {"playstation.com", "games"},
    {"poloniex.com", "exchange"},
    {"protonmail.com", "mail"},
    {"pypi.org", "software"},
    {"qq.com", "social"},
    {"reddit.com", "social"},
    {"researchgate.net", "education"},
    {"reuters.com", "news"},
    {"roblox.com", "games"},
    {"scholar.google.com", "education"},
    {"shapeshift.io", "exchange"},
    {"sourceforge.net", "software"},
    {"stackoverflow.com", "software"},
    {"steampowered.com", "games"},
    {"t.me", "social"},
    {"taobao.com", "shopping"},
    {"telegram.org", "social"},
    {"theguardian.com", "news"},
    {"tiktok.com", "social"},
    {"toptal.com", "freelance"},
    {"twitch.tv", "video"},
    {"twitter.com", "social"},
    {"ubuntu.com", "software"},
    {"udemy.com", "education"},
    {"upbit.com", "exchange"},
    {"upwork.com", "freelance"},
    {"vimeo.com", "video"},
    {"vk.com", "social"},
    {"washingtonpost.com", "news"},
    {"wechat.com", "social"},
    {"weibo.com", "social"},
    {"whatsapp.net", "social"},
    {"wikipedia.org", "education"},
    {"windowsupdate.com", "software"},
    {"x.com", "social"},
    {"xboxlive.com", "games"},
    {"xinhuanet.com", "news"},
    {"yandex.ru", "search"},
    {"youku.com", "video"},
    {"youtube.com", "video"},
    {"yonhapnews.co.kr", "news"},
    {"zaif.jp", "exchange"},
};

std::string_view last_label(std::string_view& name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view label = dot == std::string_view::npos ? name : name.substr(dot + 1);
  name = dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
  return label;
}

// gov, mil, edu, and gov, go, gob, ac, edu below a country.
std::string_view of_public_body(std::string_view name) {
  const std::string_view top = last_label(name);
  if (name.empty()) return {};
  if (top == "gov" || top == "mil") return "government";
  if (top == "edu") return "education";
  if (top.size() != 2) return {};
  const std::string_view second = last_label(name);
  if (name.empty()) return {};
  for (const std::string_view word : {"gov", "gob", "gouv", "go", "mil"})
    if (second == word) return "government";
  return second == "ac" || second == "edu" ? std::string_view("education") : std::string_view();
}

}  // namespace

std::string_view content_category(std::string_view name) {
  for (std::string_view rest = name; !rest.empty();) {
    for (const Site& site : kSites)
      if (site.first == rest) return site.second;
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return of_public_body(name);
}

}  // namespace rw
