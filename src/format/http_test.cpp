// Tests of HTTP heads.
#include "format/http.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(Http, ReadsARequest) {
  HttpRequest request;
  ASSERT_TRUE(
      parse_http_request(as_bytes("POST /a?b=\x1B HTTP/1.1\r\nHOST: WWW.Example.org:8080\r\nReferer: http://x/\r\n"
                                  "User-Agent:  Some Agent/1.0 \r\nContent-Length: 12\r\n\r\nbody: not a header\r\n"),
                         request));
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a?b=\\027");
  EXPECT_EQ(request.host, "www.example.org");
  EXPECT_EQ(request.referrer, "http://x/");
  EXPECT_EQ(request.user_agent, "Some Agent/1.0");
  EXPECT_EQ(request.body_bytes, 12);
}

TEST(Http, ReadsHosts) {
  HttpRequest request;
  ASSERT_TRUE(parse_http_request(as_bytes("CONNECT example.org:443 HTTP/1.1\r\n\r\n"), request));
  EXPECT_EQ(request.host, "example.org");
  ASSERT_TRUE(parse_http_request(as_bytes("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"), request));
  EXPECT_EQ(request.host, "2001:db8::1");
  ASSERT_TRUE(parse_http_request(as_bytes("GET / HTTP/1.1\r\nHost: " + std::string(300, 'a') + "\r\n\r\n"), request));
  EXPECT_EQ(request.host, "");
}

TEST(Http, ReadsAResponse) {
  HttpResponse response;
  ASSERT_TRUE(parse_http_response(
      as_bytes("HTTP/1.1 404 Not Found\r\ncontent-type: Text/HTML; charset=utf-8\r\nContent-Length: 99\r\n\r\n"),
      response));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.mime_type, "text/html");
  EXPECT_EQ(response.body_bytes, 99);
  ASSERT_TRUE(parse_http_response(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), response));
  EXPECT_FALSE(response.body_bytes);
  EXPECT_FALSE(parse_http_response(as_bytes("HTTP/1.1 XYZ\r\n"), response));
  EXPECT_FALSE(parse_http_response(as_bytes("HTTP/1.1 4x4 no\r\n"), response));
}

TEST(Http, IsRecognised) {
  EXPECT_TRUE(looks_like_http_request(as_bytes("GET / HTTP/1.1\r\n")));
  EXPECT_TRUE(looks_like_http_request(as_bytes("GET /" + std::string(2000, 'a'))));  // a line longer than its segment
  EXPECT_FALSE(looks_like_http_request(as_bytes("GET out of here\r\n")));
  EXPECT_FALSE(looks_like_http_request(as_bytes("GETHTTP/1.1\r\n")));
  EXPECT_FALSE(looks_like_http_request(as_bytes("OPTIONS rtsp://x RTSP/1.0\r\n")));
  EXPECT_TRUE(looks_like_http_response(as_bytes("HTTP/1.0 302 Found\r\n")));
  EXPECT_FALSE(looks_like_http_response(as_bytes("HTTP/1.0")));
}

TEST(Http, SurvivesTruncationAtEveryByte) {
  const std::string whole = "GET /path HTTP/1.1\r\nHost: example.org\r\nUser-Agent: x\r\n\r\n";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    HttpRequest request;
    EXPECT_EQ(parse_http_request(as_bytes(whole.substr(0, length)), request), length >= 4) << length;
    EXPECT_EQ(request.host.empty(), length < whole.find("\nUser") + 1) << length;  // only whole lines count
    EXPECT_EQ(http_head_complete(as_bytes(whole.substr(0, length))), length == whole.size());
  }
}

}  // namespace
}  // namespace rw
