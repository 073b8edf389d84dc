// HTML and addresses of the web: bounded, UTF-8, hosts are what they are when asked again.
// seeds: tests/golden/fixtures/messages/page.html tests/golden/fixtures/messages/plain.eml
#include "message/html.h"

#include "message/utf8.h"
#include "message_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rw::fuzz::must;
  const std::string_view text = rw::fuzz::text_of(data, size);
  const rw::HtmlText seen = rw::read_html(text);
  must(rw::valid_utf8(seen.text) && rw::valid_utf8(seen.hidden), "text is UTF-8");
  must(seen.links.size() <= rw::kMaxHtmlLinks, "links are bounded");
  for (const rw::HtmlLink& link : seen.links) {
    must(rw::valid_utf8(link.href) && rw::valid_utf8(link.text) && link.offset < size,
         "a link is UTF-8 and lies inside");
    must(link.text.size() <= rw::kMaxLinkText, "a link's text is bounded");
    (void)link.misleads();
  }
  for (const rw::TextUrl& url : rw::find_urls(text))
    must(!url.url.empty() && rw::fuzz::lies_in(url.url, text) && url.url.size() <= rw::kMaxUrl + 16,
         "an address lies inside");
  const std::string host = rw::url_host(text);
  if (!host.empty()) must(rw::url_host("https://" + host) == host, "a host is a host");
  return 0;
}
